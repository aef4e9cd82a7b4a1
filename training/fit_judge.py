"""Fits the weights by which `check` tells edited copies, and writes them into the engine's source.

    python3 training/fit_judge.py                     index dev, edit its photos of the fold `train`, fit, write
    python3 training/fit_judge.py --evidence FILE     the same with evidence that `lookalike evaluate --evidence` wrote

Logistic regression of "this candidate is the photo that was edited" on the features of each row, once for queries in
colour and once for grey ones. No weight may be below 0, so that more agreement never lowers the probability: Newton's
steps on the weights above 0, projected (numpy alone; no chance in it, so the same evidence gives the same weights).
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "crates/engine/src/search/calibrate/weights.rs"
SHARED = ROOT.parent / "shared/images"
SHRINKAGE = 1e-4  # of weights of features in units of their deviation
COLUMNS = 7  # before the features: query, edit, right, unrelated, unlike, background, grey


def evidence(program: Path, encoder: str, folder: Path) -> Path:
    """Indexes dev and compares the candidates of its edited photos of the fold `train`."""
    catalog, table = folder / "dev", folder / "evidence.csv"
    subprocess.run([program, "index", catalog, SHARED / "dev", "--encoder", encoder], check=True, stdout=sys.stderr)
    asked = ("--labels", SHARED / "labels.csv", "--fold", "train", "--tiles", SHARED / "train.tar")
    subprocess.run([program, "evaluate", catalog, *asked, "--evidence", table], check=True)
    return table


def read(table: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    with table.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    numbers = np.array([row[:1] + row[2:] for row in rows], dtype=np.float64)
    names = head[COLUMNS:]
    columns = dict(zip(("query", "right", "unrelated", "unlike", "background", "grey"), numbers[:, : COLUMNS - 1].T))
    return names, columns | {"features": numbers[:, COLUMNS - 1 :], "edit": np.array([row[1] for row in rows])}


def fit(features: np.ndarray, right: np.ndarray) -> tuple[float, np.ndarray]:
    """The bias and the weights, none of which is below 0."""
    deviation = features.std(0) + 1e-9
    inputs = np.c_[np.ones(len(right)), features / deviation]
    shrinkage = np.r_[0.0, np.full(features.shape[1], SHRINKAGE)]

    def loss(weights: np.ndarray) -> float:
        log_odds = inputs @ weights
        return (np.logaddexp(0, log_odds) - right * log_odds).mean() + (shrinkage * weights**2).sum() / 2

    weights = np.zeros(inputs.shape[1])
    standing = loss(weights)
    for _ in range(500):
        probability = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (probability - right) / len(right) + shrinkage * weights
        curve = (inputs.T * (probability * (1 - probability))) @ inputs / len(right)
        curve += np.diag(shrinkage + 1e-9)
        free = (weights > 0) | (slope < 0)
        free[0] = True
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        length = 1.0
        while True:
            tried = weights - length * step
            tried[1:] = np.maximum(tried[1:], 0)
            if loss(tried) <= standing or length < 1e-6:
                break
            length /= 2
        gained, weights = standing - loss(tried), tried
        standing -= gained
        if gained < 1e-10:
            break
    return weights[0], weights[1:] / deviation


def recall_at_precision(scores: np.ndarray, right: np.ndarray, precision: float = 0.99) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    kept = hits / np.arange(1, len(hits) + 1) >= precision
    return hits[kept][-1] / len(hits) if kept.any() else 0.0


def figures(table: dict[str, np.ndarray], log_odds: np.ndarray) -> tuple[float, float]:
    """R@1 and recall at 99 % precision of each query's likeliest candidate."""
    order = np.lexsort((log_odds, table["query"]))
    last = np.r_[np.flatnonzero(np.diff(table["query"][order])), len(order) - 1]
    first = order[last]
    right = table["right"][first] == 1
    return right.mean(), recall_at_precision(log_odds[first], right)


def source(names: list[str], fitted: dict, table: dict[str, np.ndarray], reached: tuple[float, float]) -> str:
    def logistic(kind: str) -> str:
        bias, weights = fitted[kind]
        of = "".join(f"            {weight:.4f}, // {name}\n" for name, weight in zip(names, weights))
        return f"    {kind}: Logistic {{\n        bias: {bias:.4f},\n        of: [\n{of}        ],\n    }},\n"

    queries = len(np.unique(table["query"]))
    return f"""//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on {queries} edited photos of dev's fold `train` and {len(table["right"])} candidates, among all of dev. On these: R@1
//! {reached[0]:.3f}, recall at 99 % precision {reached[1]:.3f}. What they do on photos they were not fitted on is in docs/judging.md.

use super::fitted::{{Logistic, Weights}};

/// The weights for the encoder of that name, where some were fitted.
pub(super) fn of_encoder(name: &str) -> Option<&'static Weights> {{
    (name == "look-1").then_some(&LOOK_1)
}}

#[rustfmt::skip]
const LOOK_1: Weights = Weights {{
{logistic("in_colour")}{logistic("in_grey")}    usual_background: {table["background"].mean():.3f},
    unrelated: {table["unrelated"].mean():.3f},
    unlike: {table["unlike"].mean():.3f},
}};
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="fits the weights by which `check` tells edited copies")
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/lookalike")
    parser.add_argument("--encoder", default="look-1", help="as the program calls it")
    parser.add_argument("--evidence", type=Path, help="written before by `lookalike evaluate --evidence`")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names, table = read(given.evidence or evidence(given.program, given.encoder, Path(folder)))
    grey = table["grey"] == 1
    fitted, log_odds = {}, np.zeros(len(grey))
    for kind, of in (("in_colour", ~grey), ("in_grey", grey)):
        features = table["features"][of]
        fitted[kind] = fit(features, table["right"][of])
        log_odds[of] = fitted[kind][0] + features @ fitted[kind][1]
    reached = figures(table, log_odds)
    given.out.write_text(source(names, fitted, table, reached), encoding="utf-8")
    print(f"R@1 {reached[0]:.4f}, recall at 99 % precision {reached[1]:.4f} on what was fitted; {given.out} written")


if __name__ == "__main__":
    main()
