"""What an encoder reaches on dev: the edit suite, and the same product in another photo.

    python evaluate.py stage-two.pt                      our checkpoint, averaged weights
    python evaluate.py out/look-1.onnx                   our export, in ONNX Runtime
    python evaluate.py mobilenetv2_1.0_224.onnx --side 224 --scale pm1 --output embedding

Queries are photos of the fold `measure`; all of dev is the index. R@1: the first answer is the right one. Recall at
99 % precision: with the best threshold on the first answer's score, the share of queries that are answered rightly
while at most 1 % of the answers given are wrong.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

import data
import suite
from edits import squash
from model import SIDE

Encoder = Callable[[np.ndarray], np.ndarray]  # uint8 (n, side, side, 3) to float32 (n, d), norm 1


def checkpoint_encoder(path: Path) -> Encoder:
    import torch

    from model import Look

    model = Look().eval()
    model.load_state_dict(torch.load(path, map_location="cpu")["average"])

    def encode(views: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255).numpy()

    return encode


def onnx_encoder(path: Path, scale: str, output: str, threads: int) -> Encoder:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    mean = np.array((0.485, 0.456, 0.406), np.float32)
    deviation = np.array((0.229, 0.224, 0.225), np.float32)

    def encode(views: np.ndarray) -> np.ndarray:
        x = views.astype(np.float32) / 255
        x = {"01": x, "pm1": x * 2 - 1, "imagenet": (x - mean) / deviation}[scale]
        vectors = session.run([output], {name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0]
        vectors = vectors.reshape(len(vectors), -1)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return encode


def in_parts(encode: Encoder, pictures, side: int, part: int = 32) -> np.ndarray:
    """Encodes an iterable of pictures, few at a time."""
    vectors, views = [], []
    for picture in pictures:
        views.append(squash(picture, side))
        if len(views) == part:
            vectors.append(encode(np.stack(views)))
            views = []
    if views:
        vectors.append(encode(np.stack(views)))
    return np.concatenate(vectors)


def recall_at_precision(scores: np.ndarray, right: np.ndarray, precision: float = 0.99) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    kept = hits / np.arange(1, len(hits) + 1) >= precision
    return float(hits[kept][-1] / len(hits)) if kept.any() else 0.0


def edit_figures(encode: Encoder, side: int, rows: list[dict], photos: list[np.ndarray], index: np.ndarray) -> dict:
    measured = [at for at, row in enumerate(rows) if row["fold"] == "measure"]
    names, targets, pictures = [], [], []

    def remember():
        for name, at, picture in suite.queries([photos[at] for at in measured], data.load("train")):
            names.append(name)
            targets.append(measured[at])
            yield picture

    found = in_parts(encode, remember(), side) @ index.T
    best, scores = found.argmax(1), found.max(1)
    # A picture listed twice is found by either of its entries.
    twin = np.array([index[target] @ index[answer] > 0.9995 for target, answer in zip(targets, best)])
    right = (best == np.array(targets)) | twin
    names = np.array(names)
    figures = {"all": (float(right.mean()), recall_at_precision(scores, right))}
    for name in dict.fromkeys(names):
        of = names == name
        figures[str(name)] = (float(right[of].mean()), recall_at_precision(scores[of], right[of]))
    return figures


def product_figures(rows: list[dict], index: np.ndarray) -> dict:
    """R@1 among all other photos of dev; right is the same product in the same colour."""
    label = np.array([row["product_id"] + "|" + row["color"] for row in rows])
    source = np.array([row["source"] for row in rows])
    view = np.array([row["view"] for row in rows])
    measured = np.array([row["fold"] == "measure" for row in rows])
    found = index @ index.T
    np.fill_diagonal(found, -2)
    mains = view == "main"
    figures = {}
    for name, asked, answers in (
        ("back to any, luma", measured & (source == "magento-luma") & (view == "back"), np.ones(len(rows), bool)),
        ("back to main, luma", measured & (source == "magento-luma") & (view == "back"), mains),
        ("cartons", measured & (source == "grocery-store"), np.ones(len(rows), bool)),
    ):
        asked &= np.array([(label[answers] == label[at]).sum() > int(answers[at]) for at in range(len(rows))])
        best = np.where(answers, found, -3)[asked].argmax(1)
        figures[name] = (float((label[best] == label[asked]).mean()), int(asked.sum()))
    return figures


def evaluate(encode: Encoder, side: int, edits: bool = True) -> dict:
    rows = sorted(data.dev_rows("measure") + data.dev_rows("train"), key=lambda row: row["file"])
    photos = [data.decode(data.SHARED / row["file"], 512) for row in rows]
    index = in_parts(encode, photos, side)
    figures = {"products": product_figures(rows, index)}
    if edits:
        figures["edits"] = edit_figures(encode, side, rows, photos, index)
    return figures


def table(figures: dict) -> str:
    lines = []
    if "edits" in figures:
        lines += ["| edit | R@1 | recall at 99 % precision |", "|---|---|---|"]
        lines += [f"| {name} | {hit:.3f} | {recall:.3f} |" for name, (hit, recall) in figures["edits"].items()]
        lines.append("")
    lines += ["| same product, other photo | R@1 | queries |", "|---|---|---|"]
    lines += [f"| {name} | {hit:.3f} | {count} |" for name, (hit, count) in figures["products"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="measures an encoder on dev")
    parser.add_argument("weights", type=Path, help="a checkpoint (.pt) or an ONNX file")
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--scale", choices=("01", "pm1", "imagenet"), default="01")
    parser.add_argument("--output", default="embedding")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--products-only", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    if given.weights.suffix == ".pt":
        encode = checkpoint_encoder(given.weights)
    else:
        encode = onnx_encoder(given.weights, given.scale, given.output, given.threads)
    figures = evaluate(encode, given.side, not given.products_only)
    print(table(figures))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
