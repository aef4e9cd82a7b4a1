"""Compares lookalike's hashes with the real ImageHash and pdqhash on thousands of pictures.

    python -m venv venv && venv/bin/pip install -r parity/requirements.txt
    venv/bin/python parity/hashes.py [--count 2400] [--command "target/release/lookalike hash --json"]

Pictures are made from the same seed every time: photos cut, turned and scaled where --photos names a folder of them,
drawn ones otherwise, in every format and mode of `draw.py`. With --pillow-pixels the command is handed the pixels
Pillow decoded (as PPM) instead of the file, which compares the hashes alone, without the decoders; the example
`target/release/examples/hash_files` reads those.

Exits with 1 when more than 1 in 1,000 pictures saved without loss have another pHash or dHash, when more than 1 in 100
JPEGs do, when a JPEG's differs by more than 2 bits, or when a PDQ bit differs whose frequency is not at the median.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

import reference
from draw import JPEG, LEFT_OUT, LOSSLESS, Maker

ROOT = Path(__file__).resolve().parent.parent
HASHES = ["phash", "phash_plain", "dhash", "pdq"]
# A PDQ frequency this close to the median, relative to the largest, may fall on either side of it: the reference's
# running sums in single precision are off by more.
PDQ_MARGIN = 1e-3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2400, help="pictures; 3 in 4 are saved without loss")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", type=Path, default=ROOT / "../shared/images/dev")
    parser.add_argument("--command", default=str(ROOT / "target/release/lookalike") + " hash --json")
    parser.add_argument("--pillow-pixels", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder that keeps every picture that differs")
    return parser.parse_args()


def ours(command: str, files: list[Path]) -> list[dict]:
    run = subprocess.run([*shlex.split(command), *map(str, files)], stdout=subprocess.PIPE, check=False)
    # 3 means that some files failed; they are named in the answer.
    if run.returncode not in (0, 3):
        sys.exit(f"{command} ended with {run.returncode}")
    answer = json.loads(run.stdout)
    if [entry["file"] for entry in answer] != [str(file) for file in files]:
        sys.exit(f"{command} did not answer for the files in the order given")
    return answer


def differing_bits(a: str, b: str) -> list[int]:
    """Numbers of the bits that differ, most significant first."""
    difference = int(a, 16) ^ int(b, 16)
    digits = 4 * len(a)
    return [n for n in range(digits) if difference >> (digits - 1 - n) & 1]


class Tally:
    """What was found, by class of file and hash."""

    def __init__(self):
        self.bits: dict[tuple[str, str], Counter] = {}
        self.quality = Counter()
        self.failures: list[str] = []
        self.shown: list[str] = []
        self.worst_pdq_margin = 0.0

    def add(self, row: tuple[str, str], bits: int) -> None:
        self.bits.setdefault(row, Counter())[bits] += 1

    def compare(self, kind: str, name: str, picture: Image.Image, expected: dict, found: dict) -> bool:
        """Whether all hashes are equal."""
        group = "jpeg" if kind.startswith("jpeg") else "lossless"
        if "error" in found:
            self.failures.append(f"{name} ({kind}): {found['error']}")
            return False
        same = True
        for which in HASHES:
            flipped = differing_bits(expected[which], found[which])
            row = which
            if which == "pdq":
                row = "pdq, quality >= 50" if expected["pdq_quality"] >= 50 else "pdq, quality < 50"
            self.add((group, row), len(flipped))
            if not flipped:
                continue
            same &= which == "pdq"
            if which == "pdq":
                margin = float(reference.pdq_margins(picture)[flipped].max())
                if group == "lossless":
                    self.worst_pdq_margin = max(self.worst_pdq_margin, margin)
                    if margin > PDQ_MARGIN:
                        self.failures.append(f"{name} ({kind}): PDQ differs off the median, by {margin:.1e}")
            elif group == "lossless":
                looked_at = picture if which != "phash" else reference.letterbox(picture)
                margin = "" if which == "dhash" else f", margins {reference.phash_margins(looked_at)[flipped]}"
                self.shown.append(f"{name} ({kind}, {picture.size}): {which} differs in {len(flipped)} bits{margin}")
        self.quality[(group, found["pdq_quality"] - expected["pdq_quality"])] += 1
        return same

    def print(self) -> None:
        print(f"\n{'':30}{'pictures':>9}{'equal':>8}{'1 bit':>7}{'2 bits':>8}{'3-6':>6}{'more':>6}")
        for (group, row), counts in sorted(self.bits.items()):
            total, few = sum(counts.values()), sum(counts[n] for n in range(3, 7))
            more = total - counts[0] - counts[1] - counts[2] - few
            line = f"{total:9}{counts[0]:8}{counts[1]:7}{counts[2]:8}{few:6}{more:6}"
            print(f"{group + ': ' + row:30}{line}")
        for group in ("lossless", "jpeg"):
            steps = {step: n for (g, step), n in sorted(self.quality.items()) if g == group}
            print(f"{group}: PDQ quality off by (step: pictures) {steps}")
        print(f"largest margin of a flipped PDQ bit, lossless: {self.worst_pdq_margin:.1e}")
        for line in self.shown:
            print(line)

    def judge(self) -> None:
        for (group, row), counts in self.bits.items():
            if row.startswith("pdq"):
                continue
            total, differ = sum(counts.values()), sum(counts.values()) - counts[0]
            allowed = 1000 if group == "lossless" else 100
            if differ * allowed > total:
                self.failures.append(f"{group}: {row} differs in {differ} of {total}, more than 1 in {allowed}")
            if group == "jpeg" and max(counts) > 2:
                self.failures.append(f"jpeg: {row} differs by {max(counts)} bits")


def main() -> None:
    options = arguments()
    maker, tally = Maker(options.seed, options.photos), Tally()
    print(f"{len(maker.photos)} photos to work from" if maker.photos else "no photos; drawn pictures only")
    for what, why in LEFT_OUT.items():
        print(f"left out: {what}: {why}")
    kinds = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, options.count, 50):
            batch = []
            for number in range(start, min(start + 50, options.count)):
                group = JPEG if number % 4 == 3 else LOSSLESS
                kind = group[int(maker.random.integers(0, len(group)))]
                path = Path(folder) / f"{number:05}.{kind.partition('-')[0]}"
                maker.save(maker.picture(), kind, path)
                picture = Image.open(path).convert("RGB")
                given = path
                if options.pillow_pixels:
                    given = path.with_suffix(".ppm")
                    picture.save(given)
                batch.append((kind, path, given, picture, reference.hashes(picture)))
                kinds[kind] += 1
            answers = ours(options.command, [given for _, _, given, _, _ in batch])
            for (kind, path, given, picture, expected), found in zip(batch, answers, strict=True):
                if not tally.compare(kind, path.name, picture, expected, found) and options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / path.name).write_bytes(path.read_bytes())
                path.unlink()
                given.unlink(missing_ok=True)
            print(f"\r{start + len(batch)} of {options.count}", end="", flush=True, file=sys.stderr)
    np.set_printoptions(precision=2)
    tally.print()
    print("files:", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    tally.judge()
    for failure in tally.failures:
        print("FAILED", failure)
    sys.exit(1 if tally.failures else 0)


if __name__ == "__main__":
    main()
