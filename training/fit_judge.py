"""Fits the weights by which `check` tells edited copies, and writes them into the engine's source.

    python3 training/fit_judge.py                     index dev, edit its photos of the fold `train`, fit, write
    python3 training/fit_judge.py --evidence FILE     the same with evidence that `lookalike evaluate --evidence` wrote

Logistic regression of "this candidate is the photo that was edited" on the features of each row, once for queries in
colour and once for grey ones; and for questions about hashes alone on their own features, of the rows that such a question
has for candidates, once by the hashes and once, of pairs near by hashes and queries in colour, with colours. No weight may
be below 0, so that more agreement never lowers the probability: Newton's steps on the weights above 0, projected (numpy
alone; no chance in it, so the same evidence gives the same weights).
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
COLUMNS = 8  # before the features: query, edit, right, unrelated, unlike, background, grey, near
ALONE = "alone_"  # begins the names of features for questions about hashes alone
TRIALS = "240"  # of each edit
NEAREST = 16  # rows of a query, those of the nearest pHash, that are candidates of such a question


def evidence(program: Path, encoder: str, folder: Path) -> Path:
    """Indexes dev and compares the candidates of its edited photos of the fold `train`."""
    catalog, table = folder / "dev", folder / "evidence.csv"
    subprocess.run([program, "index", catalog, SHARED / "dev", "--encoder", encoder], check=True, stdout=sys.stderr)
    asked = ("--labels", SHARED / "labels.csv", "--fold", "train", "--trials", TRIALS, "--tiles", SHARED / "train.tar")
    subprocess.run([program, "evaluate", catalog, *asked, "--evidence", table], check=True)
    return table


def read(table: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    with table.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    numbers = np.array([row[:1] + row[2:] for row in rows], dtype=np.float64)
    names = head[COLUMNS:]
    columns = dict(zip(("query", "right", "unrelated", "unlike", "background", "grey", "near"), numbers[:, : COLUMNS - 1].T))
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


def of_nearest(queries: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Which rows are among the nearest of their query, with all that are as near as the last."""
    order = np.lexsort((distances, queries))
    begins = np.r_[0, np.flatnonzero(np.diff(queries[order])) + 1, len(order)]
    chosen = np.zeros(len(order), dtype=bool)
    for begin, end in zip(begins, begins[1:]):
        of_query = order[begin:end]
        last = distances[of_query[min(NEAREST, len(of_query)) - 1]]
        chosen[of_query[distances[of_query] <= last]] = True
    return chosen


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


def source(names: dict, fitted: dict, table: dict[str, np.ndarray], reached: dict) -> str:
    def logistic(kind: str, indent: str) -> str:
        bias, weights = fitted[kind]
        of = "".join(f"{indent}        {weight:.3f}, // {name}\n" for name, weight in zip(names[kind], weights))
        return f"Logistic {{\n{indent}    bias: {bias:.3f},\n{indent}    of: [\n{of}{indent}    ],\n{indent}}}"

    queries = len(np.unique(table["query"]))
    return f"""//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on {queries} edited photos of dev's fold `train` and {len(table["right"])} candidates, among all of dev. On these: R@1
//! {reached["check"][0]:.3f}, recall at 99 % precision {reached["check"][1]:.3f}. Those for pairs without vectors: on the {NEAREST} candidates nearest by pHash of each of
//! the same; .{1000 * reached["alone"][0]:03.0f} and .{1000 * reached["alone"][1]:03.0f} among those near, with colours. What they do on photos they were not fitted on is in
//! docs/judging.md.

use super::fitted::Weights;
use super::logistic::Logistic;
use super::unaided::{{OF_ALL, OF_HASHES}};

/// The weights for the encoder of that name, where some were fitted.
pub(super) fn of_encoder(name: &str) -> Option<&'static Weights> {{
    (name == "look-1").then_some(&LOOK_1)
}}

#[rustfmt::skip]
const LOOK_1: Weights = Weights {{
    in_colour: {logistic("in_colour", "    ")},
    in_grey: {logistic("in_grey", "    ")},
    usual_background: {table["background"].mean():.3f},
    unrelated: {table["unrelated"].mean():.3f},
    unlike: {table["unlike"].mean():.3f},
}};

/// For pairs without vectors, by hashes alone.
#[rustfmt::skip]
pub(super) const HASHES: Logistic<OF_HASHES> = {logistic("hashes", "")};

/// For pairs without vectors, by hashes and colours.
#[rustfmt::skip]
pub(super) const HASHES_AND_COLOURS: Logistic<OF_ALL> = {logistic("hashes_and_colours", "")};
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
    alone = np.array([name.startswith(ALONE) for name in names])
    by_hashes = alone & ~np.array(["colours" in name for name in names])
    nearest = of_nearest(table["query"], -table["features"][:, names.index(f"{ALONE}phash")])
    coloured = nearest & ~grey & (table["near"] == 1)
    kinds = {
        "in_colour": (~alone, ~grey),
        "in_grey": (~alone, grey),
        "hashes": (by_hashes, nearest),
        "hashes_and_colours": (alone, coloured),
    }
    fitted, named, log_odds = {}, {}, {}
    for kind, (features, rows) in kinds.items():
        named[kind] = [name.removeprefix(ALONE) for name, of in zip(names, features) if of]
        inputs = table["features"][np.ix_(rows, features)]
        bias, weights = fitted[kind] = fit(inputs, table["right"][rows])
        log_odds[kind] = bias + inputs @ weights
    check = np.zeros(len(grey))
    check[~grey], check[grey] = log_odds["in_colour"], log_odds["in_grey"]
    of_rows = lambda rows: {key: table[key][rows] for key in ("query", "right")}
    reached = {
        "check": figures(table, check),
        "alone": figures(of_rows(coloured), log_odds["hashes_and_colours"]),
    }
    given.out.write_text(source(named, fitted, table, reached), encoding="utf-8")
    for kind, (first, recall) in reached.items():
        print(f"{kind}: R@1 {first:.4f}, recall at 99 % precision {recall:.4f} on what was fitted")
    print(f"{given.out} written")


if __name__ == "__main__":
    main()
