"""The hashes as the reference implementations make them: Pillow, ImageHash and pdqhash.

Every script in this folder takes the expected values from here. Nothing of lookalike is used.
"""

import imagehash
import numpy as np
import pdqhash
import scipy.fftpack
from PIL import Image

SQUARE = 512


def letterbox(picture: Image.Image) -> Image.Image:
    """An RGB picture, longer side 512 by Lanczos with sides truncated (but at least 1), centred on white."""
    width, height = picture.size
    ratio = SQUARE / max(width, height)
    inner = (max(1, int(width * ratio)), max(1, int(height * ratio)))
    canvas = Image.new("RGB", (SQUARE, SQUARE), (255, 255, 255))
    resized = picture.resize(inner, Image.Resampling.LANCZOS)
    canvas.paste(resized, ((SQUARE - inner[0]) // 2, (SQUARE - inner[1]) // 2))
    return canvas


def bits_to_hex(bits) -> str:
    """A 0/1 vector, most significant bit first, as hex digits."""
    return "".join(f"{int(''.join(map(str, four)), 2):x}" for four in np.asarray(bits).reshape(-1, 4))


def pdq_image(picture: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(picture))


def pdq_of(picture: Image.Image) -> tuple[str, int]:
    """PDQ of an RGB picture. Under 5 pixels a side pdqhash gives an empty hash and quality 0."""
    bits, quality = pdqhash.compute(pdq_image(picture))
    return bits_to_hex(bits), int(quality)


def pdq_orientations_of(picture: Image.Image) -> list[str]:
    hashes, _ = pdqhash.compute_dihedral(pdq_image(picture))
    return [bits_to_hex(bits) for bits in hashes]


def hashes(picture: Image.Image) -> dict:
    """All hashes of a picture of any mode, by way of `convert("RGB")`."""
    rgb = picture.convert("RGB")
    pdq, quality = pdq_of(rgb)
    return {
        "phash": str(imagehash.phash(letterbox(rgb))),
        "phash_plain": str(imagehash.phash(rgb)),
        "dhash": str(imagehash.dhash(rgb)),
        "pdq": pdq,
        "pdq_quality": quality,
    }


def phash_margins(picture: Image.Image) -> np.ndarray:
    """How far each of the 64 frequencies of an RGB picture's pHash is from their median, relative to the largest
    frequency but the constant one."""
    grey = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS))
    low = scipy.fftpack.dct(scipy.fftpack.dct(grey, axis=0), axis=1)[:8, :8].flatten()
    return np.abs(low - np.median(low)) / max(np.abs(low[1:]).max(), 1e-300)


def pdq_margins(picture: Image.Image) -> np.ndarray:
    """The same for the 256 frequencies of PDQ, in the order of the hash's bits (most significant first).

    Frequencies of a featureless picture are rounding of the reference's running sums; the largest counts as at
    least 10, which is a few hundredths of a grey level."""
    if min(picture.size) < 5:
        return np.ones(256)
    values, _ = pdqhash.compute_float(pdq_image(picture))
    values = np.asarray(values, dtype=np.float64)
    return np.abs(values - np.sort(values)[127]) / max(np.abs(values).max(), 10.0)
