"""Draws the committed fixtures and writes the reference hashes beside them: `python parity/fixtures.py`.

Small pictures of every shape that has its own path through the code: odd sizes, one pixel, thin, taller than wide,
larger and smaller than 512, flat, symmetric. All are drawn by formula, so the files can be made again.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from reference import bits_to_hex, hashes, pdq_margins, pdq_orientations_of

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


def waves(width: int, height: int, seed: int) -> np.ndarray:
    """Smooth colour waves and a few hard-edged discs, in few levels so that the PNG stays small."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    x, y = x / max(width, 2), y / max(height, 2)
    channels = []
    for _ in range(3):
        fx, fy, phase = random.uniform(1, 9, 3)
        channels.append(128 + 100 * np.sin(fx * x * 6 + phase) * np.cos(fy * y * 6))
    picture = np.stack(channels, axis=-1)
    for _ in range(6):
        cx, cy, radius = *random.uniform(0, 1, 2), random.uniform(0.05, 0.2)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = random.integers(0, 256, 3)
    return np.clip(picture // 64 * 64, 0, 255).astype(np.uint8)


def pictures() -> dict[str, Image.Image]:
    made = {
        f"waves_{width}x{height}": Image.fromarray(waves(width, height, seed))
        for seed, (width, height) in enumerate(
            [(120, 160), (161, 97), (64, 64), (31, 200), (512, 40), (7, 5), (97, 600), (640, 150), (233, 512)]
        )
    }
    made["one_pixel_1x1"] = Image.new("RGB", (1, 1), (200, 30, 90))
    made["line_700x1"] = Image.fromarray(waves(700, 1, 70))
    made["flat_100x80"] = Image.new("RGB", (100, 80), (240, 240, 240))
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 120, 3))
    made["ramp_120x256"] = Image.fromarray(ramp)
    disc = np.full((180, 180, 3), 255, dtype=np.uint8)
    y, x = np.mgrid[0:180, 0:180]
    disc[(x - 89.5) ** 2 + (y - 89.5) ** 2 < 3600] = (20, 60, 160)
    made["disc_180x180"] = Image.fromarray(disc)
    made["grey_150x110"] = Image.fromarray(waves(150, 110, 80)).convert("L")
    made["palette_140x90"] = Image.fromarray(waves(140, 90, 81)).quantize(32, dither=Image.Dither.NONE)
    rgba = Image.fromarray(waves(110, 140, 82)).convert("RGBA")
    rgba.putalpha(Image.fromarray((np.mgrid[0:140, 0:110][1] * 2 % 256).astype(np.uint8)))
    made["transparent_110x140"] = rgba
    return made


def main() -> None:
    folder = FIXTURES / "hashes"
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, picture in pictures().items():
        path = folder / f"{name}.png"
        picture.save(path, optimize=True)
        opened = Image.open(path)
        entry = {"file": path.name, "mode": opened.mode, "size": opened.size} | hashes(opened)
        # Bits whose frequency lies on the median but for the reference's own rounding.
        undecided = pdq_margins(opened.convert("RGB")) < 1e-4
        # The median is one of the frequencies; alone it cannot change sides.
        undecided &= undecided.sum() > 1
        entry["pdq_undecided"] = bits_to_hex(undecided.astype(int))
        entry["pdq_orientations"] = pdq_orientations_of(opened.convert("RGB"))
        entries.append(entry)
    (FIXTURES / "hashes.json").write_text(json.dumps(entries, indent=1) + "\n")
    total = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{len(entries)} pictures, {total} bytes")


if __name__ == "__main__":
    main()
