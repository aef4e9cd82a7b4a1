#!/usr/bin/env python3
"""Measures lookalike against its Python peers, in one run, taking turns, and writes the table.

    python3 benches/run.py                   everything; makes benches/.venv from PyPI first
    python3 benches/run.py --python PYTHON   with an environment that has benches/requirements.txt
    python3 benches/run.py --only p3 p4      some of it
    python3 benches/run.py --small           a hundredth of the data, to see that it works

Each engine runs a few queries, then the next, round after round, so that whatever else the machine does falls on
all alike; figures are medians over all queries, ratios are medians of the rounds' ratios. Needs cargo, 4 GB of
memory and 2.5 GB of disk. Exits with 1 when a ratio is below its target or an answer is wrong.
"""

import argparse
import contextlib
import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODEL = ROOT / "../shared/models/resnet50_int8w.onnx"
PHOTO = ROOT / "../shared/images/dev/clothing_396cdf47-f336-491c-919c-ae80cf1d02ba.jpg"
# What P1 is measured with, a studio photo for a page with zoom, and a telephone's.
PHOTO_SIZES = [(1000, 1400), (1500, 2100), (3000, 4000)]
K, RADIUS, DIMENSIONS = 10, 6, 512
PARTS = ["p1", "p2", "p3", "p4"]


class Engine:
    """A process that answers requests, one line each."""

    def __init__(self, *command):
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=one_thread
        )
        self.ready = self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended early, with {self.process.wait()}")
        return line.strip()

    def ask(self, request, lines=1):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return [self.line() for _ in range(lines)]

    def times_ms(self, name, count):
        return [float(line) for line in self.ask(f"{name} {count}".strip(), count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def take_turns(rounds, contenders):
    """`contenders` maps a name to a function that gives times; answers name to a list of each round's median."""
    medians = {name: [] for name in contenders}
    for round_number in range(rounds + 1):
        for name, measure in contenders.items():
            times = measure()
            if round_number > 0:  # The first warms caches.
                medians[name].append(statistics.median(times))
    return medians


def compare(table, measure, medians, ours, peer, target, peer_name):
    """Adds a row; without a `target` it is there to be read only."""
    ratio = statistics.median(theirs / mine for theirs, mine in zip(medians[peer], medians[ours]))
    table.append((measure, statistics.median(medians[ours]), peer_name, statistics.median(medians[peer]), ratio, target))


def measure_p1(options, python, data, table, notes):
    pictures = [("drawn", None)] + ([("photo", PHOTO)] if PHOTO.exists() else [])
    for name, photo in pictures:
        path = data / f"{name}.jpg"
        run(python, HERE / "peers.py", "make-picture", path, *([photo] if photo else []))
        ours = ROOT / "target/release/examples/time_hashes"
        count = 3 if options.small else 15

        def time_ours(line_name):
            lines = subprocess.run([ours, path, str(count)], check=True, stdout=subprocess.PIPE, text=True).stdout
            times = {words[0]: float(words[1]) for words in map(str.split, lines.splitlines()) if len(words) > 1}
            if line_name not in times:
                raise SystemExit(f"{ours} printed no {line_name}:\n{lines}")
            return [times[line_name]]

        with Engine(python, HERE / "peers.py", "images", path) as peers:
            medians = take_turns(
                max(options.rounds // 2, 1),
                {
                    "peer phash": lambda: peers.times_ms("phash", count),
                    "phash": lambda: time_ours("file_to_phash"),
                    "peer pdq": lambda: peers.times_ms("pdq", count),
                    "pdq": lambda: time_ours("file_to_pdq"),
                },
            )
        size = f"{path.stat().st_size // 1000} KB"
        compare(table, f"P1 file to pHash, {name}, {size}", medians, "phash", "peer phash", 3.5, "Pillow + ImageHash")
        compare(table, f"P1 file to PDQ, {name}, {size}", medians, "pdq", "peer pdq", 4.5, "Pillow + pdqhash")


def measure_p2(options, python, data, table, notes):
    if not (MODEL.exists() and PHOTO.exists()):
        notes.append(f"P2 was left out: {MODEL.parent} is not there.")
        return True
    library = output_of(str(python), str(HERE / "peers_neural.py"), "library")
    cosine = lambda a, b: sum(x * y for x, y in zip(*(map(float, e.ask("vector")[0].split()) for e in (a, b))))
    count, agreements = (2 if options.small else 5), []
    os.environ["ORT_DYLIB_PATH"] = library
    for (width, height), threads in itertools.product(PHOTO_SIZES, (1, 2)):
        photo = data / f"photo-{width}.jpg"
        run(python, HERE / "peers.py", "make-picture", photo, PHOTO, width, height)
        ours = [ROOT / "target/release/examples/bench_encoder", MODEL, HERE / "resnet50.toml", photo]
        with contextlib.ExitStack() as stack:
            start = lambda *command: stack.enter_context(Engine(*command))
            peer = start(python, HERE / "peers_neural.py", MODEL, photo, threads)
            engines = {name: start(*ours, name, threads) for name in ("onnxruntime", "rten")}
            contenders = {"peer": lambda: peer.times_ms("file", count)}
            for name, engine in engines.items():
                contenders[name] = lambda engine=engine: engine.times_ms("file", count)
            fast = engines["onnxruntime"]
            bare = lambda: [d + r for d, r in zip(fast.times_ms("decode", count), fast.times_ms("run", count))]
            contenders |= {"bare": bare, "whole": lambda: fast.times_ms("file", count)}
            contenders["network"] = lambda: fast.times_ms("run", count)
            if options.int8:
                int8 = start(ours[0], options.int8, *ours[2:], "onnxruntime", threads)
                contenders["int8"] = lambda: int8.times_ms("file", count)
                if threads == 2:
                    many, many8 = start(*ours, "onnxruntime", 1), start(ours[0], options.int8, *ours[2:], "onnxruntime", 1)
                    contenders["many"] = lambda: many.times_ms("files 2", count)
                    contenders["many8"] = lambda: many8.times_ms("files 2", count)
            agreements += [cosine(peer, engine) for engine in engines.values()]
            medians = take_turns(max(options.rounds // 2, 1), contenders)
        of = f"P2 {width}x{height} JPEG to ResNet-50 vector, {threads} thread{'s' if threads > 1 else ''}"
        compare(table, of, medians, "onnxruntime", "peer", 1.15, "Pillow + onnxruntime")
        compare(table, f"{of}, rten", medians, "rten", "peer", None, "Pillow + onnxruntime")
        compare(table, f"{of}, against its parts", medians, "whole", "bare", 0.91, "decoding + bare session")
        # Of a large photo most is decoding, which no network makes faster.
        eighth = 2.5 if width < 3000 else None
        if options.int8:
            compare(table, f"{of}, int8", medians, "int8", "onnxruntime", eighth, "the same in fp32")
            if threads == 2:
                compare(table, f"{of}, int8, two files side by side", medians, "many8", "many", eighth, "the same in fp32")
        network, theirs = (statistics.median(medians[name]) for name in ("network", "peer"))
        notes.append(
            f"P2: {width}x{height}, {threads} thread{'s' if threads > 1 else ''}: the network alone takes {network:.1f} ms in "
            f"ONNX Runtime, so nobody who runs it there could be more than {theirs / network:.2f} times as fast as the peer."
        )
    notes.append(f"P2: cosine of our vectors and the peer's: at least {min(agreements):.5f}.")
    return min(agreements) > 0.999


def measure_p3(options, python, data, table, notes):
    rows, queries = (4_000 if options.small else 400_000), 200
    vectors, asked = data / "vectors.f32", data / "queries.f32"
    run(python, HERE / "peers.py", "make-vectors", vectors, asked, rows, DIMENSIONS, queries)
    with (
        Engine(ROOT / "target/release/examples/bench_vectors", vectors, asked, DIMENSIONS, K) as ours,
        Engine(python, HERE / "peers.py", "vectors", vectors, asked, DIMENSIONS, K) as peers,
    ):
        found = [line.split() for line in ours.ask("ids", queries)]
        exact = [line.split() for line in peers.ask("flat-found", queries)]
        coarse = [line.split() for line in peers.ask("sq8-found", queries)]
        equal = sum(a == b for a, b in zip(found, exact))
        wrong = 0
        for number, (mine, theirs) in enumerate(zip(found, exact)):
            # Where single-precision sums round differently, double precision says who is right.
            scores = [[float(peers.ask(f"score {number} {row}")[0]) for row in ids] for ids in (mine, theirs)]
            wrong += mine != theirs and any(a < b - 1e-7 for a, b in zip(*scores))
        recall = sum(len(set(a) & set(b)) for a, b in zip(coarse, exact)) / (K * queries)
        notes.append(
            f"P3: {ours.ready.removeprefix('ready ')}. Ids in order equal to those of IndexFlatIP on {equal} of "
            f"{queries} queries; on {wrong} queries ours are worse in double precision. "
            f"QT_8bit finds {recall:.1%} of them."
        )
        medians = take_turns(
            options.rounds,
            {
                "flat": lambda: peers.times_ms("flat", 5),
                "ours": lambda: ours.times_ms("", 5),
                "sq8": lambda: peers.times_ms("sq8", 5),
                "ours again": lambda: ours.times_ms("", 5),
            },
        )
    measure = f"P3 exact top-{K} in {rows:,} x {DIMENSIONS}"
    compare(table, measure, medians, "ours", "flat", 3.0, "faiss IndexFlatIP")
    compare(table, measure, medians, "ours again", "sq8", 1.3, "faiss QT_8bit")
    return wrong == 0


def measure_p4(options, python, data, table, notes):
    rows, queries = (100_000 if options.small else 10_000_000), 200
    hashes, asked = data / "hashes.u64", data / "queries.u64"
    run(python, HERE / "peers.py", "make-hashes", hashes, asked, rows, queries)
    with (
        Engine(ROOT / "target/release/examples/bench_hashes", hashes, asked, K, RADIUS) as ours,
        Engine(python, HERE / "peers.py", "hashes", hashes, asked, K, RADIUS) as peers,
    ):
        is_equal = ours.ask("distances", queries) == peers.ask("nearest-found", queries)
        within = ours.ask("radius-rows", queries)
        is_equal_within = within == peers.ask("radius-found", queries)
        notes.append(
            f"P4: {ours.ready.removeprefix('ready ')}. Distances of the nearest {K} equal on all {queries} queries: "
            f"{is_equal}; rows within {RADIUS} equal: {is_equal_within}, {sum(len(line.split()) for line in within)} in all."
        )
        medians = take_turns(
            options.rounds,
            {
                "nearest": lambda: peers.times_ms("nearest", 5),
                "ours nearest": lambda: ours.times_ms("scan", 5),
                "radius": lambda: peers.times_ms("radius", 5),
                "ours radius": lambda: ours.times_ms("radius", 20),
                "ours radius scan": lambda: ours.times_ms("radius-scan", 5),
            },
        )
    flat = "faiss IndexBinaryFlat"
    compare(table, f"P4 nearest {K} of {rows:,} hashes", medians, "ours nearest", "nearest", 1.0, flat)
    compare(table, f"P4 within {RADIUS} bits, tables", medians, "ours radius", "radius", 10.0, flat + " range")
    compare(table, f"P4 within {RADIUS} bits, scan", medians, "ours radius scan", "radius", None, flat + " range")
    return is_equal and is_equal_within


def run(*command):
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


def peers_python(options):
    """The interpreter of an environment that has the peers."""
    if options.python:
        return options.python
    folder = HERE / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    requirements = (HERE / "requirements.txt").read_text()
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != requirements:
        venv.create(folder, with_pip=True, clear=True)
        run(python, "-m", "pip", "install", "--quiet", "--requirement", HERE / "requirements.txt")
        stamp.write_text(requirements)
    return python


def output_of(*command):
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    return "unknown"


def machine():
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    load = f", load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores{load}; {platform.system()}"


def report(options, table, notes, versions):
    yield "# Measured against its peers"
    yield ""
    yield "One thread each where no other number stands, taking turns in one run; milliseconds are medians, ratios medians over the rounds."
    yield ""
    yield "| measure | lookalike, ms | peer | peer, ms | times faster | target | |"
    yield "|---|---:|---|---:|---:|---:|---|"
    for measure, mine, peer, theirs, ratio, target in table:
        wanted, verdict = ("", "") if target is None else (target, "met" if ratio >= target else "**missed**")
        yield f"| {measure} | {mine:.3g} | {peer} | {theirs:.3g} | {ratio:.2f} | {wanted} | {verdict} |"
    yield ""
    for note in notes:
        yield f"- {note}"
    yield f"- Command: `python3 benches/run.py{' --small' if options.small else ''}` with {options.rounds} rounds."
    yield f"- Machine: {machine()}."
    yield f"- Versions: {output_of('rustc', '--version')}; {versions}; commit {output_of('git', 'rev-parse', '--short', 'HEAD')}."


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", type=Path, help="interpreter that has benches/requirements.txt installed")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=15, help="turns each engine takes (default 15)")
    parser.add_argument("--small", action="store_true", help="a hundredth of the data; figures mean nothing")
    parser.add_argument("--int8", type=Path, help="an int8 copy of the model of P2, to measure too")
    parser.add_argument("--data", type=Path, help="folder for the data (default: a temporary one)")
    options = parser.parse_args()

    examples = {
        "p1": ("vision", "time_hashes"),
        "p2": ("engine", "bench_encoder"),
        "p3": ("engine", "bench_vectors"),
        "p4": ("engine", "bench_hashes"),
    }
    for crate, example in (examples[part] for part in options.only):
        run("cargo", "build", "--release", "--quiet", "--package", f"lookalike-{crate}", "--example", example)
    python = peers_python(options)
    table, notes, is_right = [], [], True
    with contextlib.ExitStack() as stack:
        data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lookalike-bench-")))
        data.mkdir(parents=True, exist_ok=True)
        for part in options.only:
            print(f"measuring {part} ...", file=sys.stderr)
            measure = {"p1": measure_p1, "p2": measure_p2, "p3": measure_p3, "p4": measure_p4}[part]
            is_right &= measure(options, python, data, table, notes) is not False
        run(python, HERE / "peers.py", "make-hashes", data / "few.u64", data / "fewer.u64", 10, 1)
        with Engine(python, HERE / "peers.py", "hashes", data / "few.u64", data / "fewer.u64", 1, 1) as peers:
            versions = peers.ask("versions")[0]
    text = "\n".join(report(options, table, notes, versions)) + "\n"
    print(text)
    if options.only == PARTS and not options.small:
        (HERE / "RESULTS.md").write_text(text)
    met = all(target is None or ratio >= target for *_, ratio, target in table)
    return 0 if is_right and (met or options.small) else 1


if __name__ == "__main__":
    sys.exit(main())
