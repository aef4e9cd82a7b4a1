"""The photos the encoder is trained on, decoded once and kept in memory as small uint8 arrays.

Three collections: `train` (the photos of train.tar), `dev` (those photos of images/dev whose fold is `train`; the
fold `measure` is refused here and read by `evaluate.py` alone) and `drawn` (the shop that `lookalike demo` draws: many
views and colours of one design).

It makes no edits (`edits.py`) and no batches (`batches.py`).
"""

import csv
import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SHARED = Path(os.environ.get("LOOK_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "images"
WORK = Path(os.environ.get("LOOK_WORK", Path.home() / "lookalike-training"))
TRAIN_LONG_SIDE_PX = 160
DEV_LONG_SIDE_PX = 208


@dataclass
class Photos:
    """Pictures of one collection: one flat uint8 buffer, and where each picture lies in it."""

    pixels: np.ndarray  # all pictures, RGB, row after row
    offsets: np.ndarray  # (n,) int64
    shapes: np.ndarray  # (n, 2) int32: height, width
    names: np.ndarray  # (n,) str
    products: np.ndarray  # (n,) str: photos with the same value show the same thing; "" is unknown

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, at: int) -> np.ndarray:
        height, width = self.shapes[at]
        start = self.offsets[at]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def decode(data: bytes | Path, long_side_px: int) -> np.ndarray:
    """RGB uint8 (height, width, 3), alpha on white, shrunk so that neither side exceeds `long_side_px`."""
    image = Image.open(io.BytesIO(data) if isinstance(data, bytes) else data)
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if max(image.size) > long_side_px:
        scale = long_side_px / max(image.size)
        size = tuple(max(1, round(side * scale)) for side in image.size)
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image)


def collect(entries: list[tuple[str, str, bytes | Path]], long_side_px: int) -> Photos:
    """Decodes (name, product, bytes or path) entries into one collection."""
    pictures = [decode(data, long_side_px) for _, _, data in entries]
    sizes = np.array([picture.size for picture in pictures], np.int64)
    return Photos(
        pixels=np.concatenate([picture.reshape(-1) for picture in pictures]),
        offsets=np.concatenate(([0], np.cumsum(sizes)[:-1])),
        shapes=np.array([picture.shape[:2] for picture in pictures], np.int32),
        names=np.array([name for name, _, _ in entries]),
        products=np.array([product for _, product, _ in entries]),
    )


def dev_rows(fold: str) -> list[dict[str, str]]:
    """Rows of images/labels.csv of one fold (`train` or `measure`)."""
    with open(SHARED / "labels.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == "dev" and row["fold"] == fold]


def read_train() -> Photos:
    """train.tar: clothes have no product; fruit and vegetables of one class count as one product."""
    with tarfile.open(SHARED / "train.tar") as tar:
        table = tar.extractfile("train/labels.csv").read().decode()
        rows = sorted(csv.DictReader(io.StringIO(table)), key=lambda row: row["file"])
        entries = [
            (
                row["file"],
                "" if row["source"].startswith("clothing") else row["class"],
                tar.extractfile("train/" + row["file"]).read(),
            )
            for row in rows
        ]
    return collect(entries, TRAIN_LONG_SIDE_PX)


def read_dev() -> Photos:
    """The fold `train` of dev. A product is a product in one colour."""
    entries = [
        (row["file"], row["product_id"] + "|" + row["color"], SHARED / row["file"])
        for row in sorted(dev_rows("train"), key=lambda row: row["file"])
    ]
    return collect(entries, DEV_LONG_SIDE_PX)


def read_drawn() -> Photos:
    """The demo's shop below `$LOOK_WORK/drawn`, without its planted copies. Designs stand together, a product a colour."""
    folder = WORK / "drawn"
    with open(folder / "products.csv", newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["style"], row["id"], row["image"]))
    entries = [(row["image"], "drawn|" + row["id"], folder / row["image"]) for row in rows if not row["copy_of"]]
    return collect(entries, DEV_LONG_SIDE_PX)


READERS = {"train": read_train, "dev": read_dev, "drawn": read_drawn}


def load(name: str) -> Photos:
    """One of `READERS`, out of the cache below `$LOOK_WORK` where it is there already."""
    cache = WORK / f"photos-{name}.npz"
    if not cache.exists():
        photos = READERS[name]()
        WORK.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, **vars(photos))
        partial.rename(cache)
    with np.load(cache) as stored:
        return Photos(**{key: stored[key] for key in stored.files})


if __name__ == "__main__":
    for collection in READERS:
        print(collection, len(load(collection)), "photos")
