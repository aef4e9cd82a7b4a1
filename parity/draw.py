"""Pictures to compare hashes on: photos where there are some, drawn ones otherwise, and the files they are saved as."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

LONGEST_SIDE = 3000


def size(random: np.random.Generator) -> tuple[int, int]:
    """Mostly everyday proportions over all magnitudes; some thin, some tiny."""
    long = int(np.exp(random.uniform(np.log(8), np.log(LONGEST_SIDE))))
    kind = random.random()
    if kind < 0.06:
        short = int(random.integers(1, 12))
    elif kind < 0.12:
        long = short = int(random.integers(1, 40))
    else:
        short = max(1, int(long * random.uniform(0.4, 1.0)))
    return (long, short) if random.random() < 0.5 else (short, long)


def shapes(random: np.random.Generator, width: int, height: int) -> Image.Image:
    """Something product-like: shapes on a plain, often white, ground."""
    ground = (255,) * 3 if random.random() < 0.5 else tuple(int(v) for v in random.integers(0, 256, 3))
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(random.integers(1, 14))):
        xs, ys = sorted(random.uniform(0, width, 2)), sorted(random.uniform(0, height, 2))
        box = [xs[0], ys[0], xs[1], ys[1]]
        colour = tuple(int(v) for v in random.integers(0, 256, 3))
        draw_one = [draw.ellipse, draw.rectangle, draw.line][int(random.integers(0, 3))]
        draw_one(box, fill=colour)
    return picture


def gradient(random: np.random.Generator, width: int, height: int) -> Image.Image:
    """Smooth waves; now and then flat or along one axis only, where frequencies vanish."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = x / max(width - 1, 1), y / max(height - 1, 1)
    kind = random.random()
    if kind < 0.1:
        fx = fy = 0.0
    elif kind < 0.2:
        fx, fy = (0.0, random.uniform(0.5, 4)) if random.random() < 0.5 else (random.uniform(0.5, 4), 0.0)
    else:
        fx, fy = random.uniform(0.2, 6, 2)
    wave = [128 + 120 * np.sin(fx * x * 6 + fy * y * 6 + p) for p in random.uniform(0, 6, 3)]
    return Image.fromarray(np.stack(wave, axis=-1).astype(np.uint8))


def noise(random: np.random.Generator, width: int, height: int) -> Image.Image:
    cell = int(random.choice([1, 1, 3, 10]))
    small = random.integers(0, 256, (-(-height // cell), -(-width // cell), 3), dtype=np.uint8)
    return Image.fromarray(small.repeat(cell, 0).repeat(cell, 1)[:height, :width])


class Maker:
    """Makes pictures one after the other, the same for the same seed and photos."""

    def __init__(self, seed: int, photos: Path):
        self.random = np.random.default_rng(seed)
        self.photos = sorted(photos.glob("*.jpg")) if photos.is_dir() else []

    def photo(self, width: int, height: int) -> Image.Image:
        random = self.random
        picture = Image.open(self.photos[int(random.integers(0, len(self.photos)))]).convert("RGB")
        if random.random() < 0.5:
            left, top = random.uniform(0, 0.3, 2)
            right, bottom = random.uniform(0.7, 1, 2)
            w, h = picture.size
            picture = picture.crop((int(left * w), int(top * h), int(right * w), int(bottom * h)))
        if random.random() < 0.3:
            picture = picture.rotate(float(random.uniform(-25, 25)), Image.Resampling.BICUBIC, True, None, None, (255,) * 3)
        if random.random() < 0.3:
            picture = ImageEnhance.Brightness(picture).enhance(float(random.uniform(0.6, 1.5)))
        if random.random() < 0.15:
            picture = ImageOps.mirror(picture)
        if random.random() < 0.7:
            # Keeps the photo's proportions.
            ratio = max(width, height) / max(picture.size)
            width, height = (max(1, round(side * ratio)) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.BICUBIC)

    def picture(self) -> Image.Image:
        width, height = size(self.random)
        kind = self.random.random()
        if kind < 0.6 and self.photos:
            return self.photo(width, height)
        if kind < 0.8:
            return shapes(self.random, width, height)
        if kind < 0.93:
            return gradient(self.random, width, height)
        return noise(self.random, width, height)

    def alpha(self, picture: Image.Image) -> Image.Image:
        """A smooth or hard-edged alpha channel for `picture`."""
        alpha = gradient(self.random, *picture.size).convert("L")
        return alpha if self.random.random() < 0.5 else alpha.point(lambda value: 255 * (value > 128))

    def save(self, picture: Image.Image, kind: str, path: Path) -> None:
        """Saves an RGB picture as `kind`, one of LOSSLESS or JPEG."""
        random = self.random
        if kind.startswith("jpeg"):
            mode = {"jpeg-grey": "L", "jpeg-cmyk": "CMYK"}.get(kind, "RGB")
            options = {"subsampling": int(random.integers(0, 3))} if mode == "RGB" else {}
            quality = int(random.choice([30, 50, 70, 75, 80, 85, 90, 95, 98]))
            progressive = kind == "jpeg-progressive"
            picture.convert(mode).save(path, "JPEG", quality=quality, progressive=progressive, **options)
            return
        form, _, mode = kind.partition("-")
        if mode == "RGB16":
            path.write_bytes(png_16_bit(picture, random))
            return
        if mode in ("LA", "RGBA"):
            alpha = self.alpha(picture)
            picture = picture.convert(mode)
            picture.putalpha(alpha)
        elif mode == "P":
            picture = picture.quantize(int(random.choice([2, 16, 64, 256])))
        else:
            picture = picture.convert(mode)
        options = {"webp": {"lossless": True, "exact": True}, "tiff": {"compression": "tiff_lzw"}}.get(form, {})
        picture.save(path, form.upper(), **options)


def png_16_bit(picture: Image.Image, random: np.random.Generator) -> bytes:
    """A 16-bit RGB PNG, which Pillow reads (by its high bytes) but does not write."""
    high = np.asarray(picture).astype(np.uint16)
    rows = (high << 8 | random.integers(0, 256, high.shape, dtype=np.uint16)).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    header = struct.pack(">IIBBBBB", *picture.size, 16, 2, 0, 0, 0)
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 3)), (b"IEND", b"")):
        out.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
    return out.getvalue()


LOSSLESS = [
    "png-RGB", "png-RGB", "png-RGB", "png-RGBA", "png-L", "png-LA", "png-P", "png-1", "png-RGB16",
    "bmp-RGB", "bmp-L", "bmp-P", "gif-P", "webp-RGB", "webp-RGBA", "tiff-RGB", "tiff-L",
]  # fmt: skip
JPEG = ["jpeg", "jpeg", "jpeg", "jpeg-progressive", "jpeg-grey", "jpeg-cmyk"]
LEFT_OUT = {
    "png-I;16 and tiff-I;16": "Pillow's conversion to RGB cuts 16-bit grey off at 255 instead of scaling it, so "
    "nearly every picture hashes as white; there is nothing to be equal to",
}
