"""What the network makes of drawn pictures, for the product's tests: written by `export.py --fixture FOLDER`.

`squashed.json` has samples of each picture as it goes in, and does not depend on the weights; `vectors.json` has the
vectors that come out of the float32 network in PyTorch, and the digest of the export that belongs to them. The pictures
are drawn ones of `fixtures/`, those that OpenCV either shrinks or grows in both directions: where a picture is
wide and low it changes to another method for both, and the product treats each side for itself.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import torch

import data
from edits import squash
from model import SIDE, Look

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
STEP = 97  # of the values of a squashed picture, every 97th is kept; no multiple of a row's length


def pictures() -> list[Path]:
    """Both sides at least as long as the network's, or neither."""
    found = sorted((FIXTURES / "hashes").glob("*.png")) + sorted((FIXTURES / "neural/pictures").glob("*.png"))
    sides = {path: [int(side) for side in path.stem.rsplit("_", 1)[1].split("x")] for path in found}
    return [path for path in found if min(sides[path]) >= SIDE or 1 < max(sides[path]) <= SIDE]


@torch.no_grad()
def write(model: Look, weights_sha256: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    squashed, vectors = {}, {}
    for path in pictures():
        name = str(path.relative_to(FIXTURES))
        view = squash(data.decode(path, 1 << 20), SIDE)
        squashed[name] = view.reshape(-1)[::STEP].tolist()
        vector = model(torch.from_numpy(view)[None].permute(0, 3, 1, 2).float() / 255)[0].numpy()
        vectors[name] = [round(float(value), 6) for value in vector]
    save(folder / "squashed.json", {"made_with": f"OpenCV {cv2.__version__}", "step": STEP}, squashed)
    save(folder / "vectors.json", {"made_with": f"PyTorch {torch.__version__}", "weights_sha256": weights_sha256}, vectors)
    print(f"{len(vectors)} pictures in {folder}")


def save(path: Path, head: dict, values: dict[str, list]) -> None:
    """One picture a line."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in values.items())
    path.write_text(json.dumps(head, indent=1)[:-2] + ',\n "pictures": {\n' + lines + "\n }\n}\n", encoding="utf-8")
