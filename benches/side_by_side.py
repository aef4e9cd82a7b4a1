#!/usr/bin/env python3
"""The two oldest calls beside services in Python that answer them too, in one run, taking turns; writes the table.

    python3 benches/side_by_side.py                  makes benches/services/.venv from PyPI first
    python3 benches/side_by_side.py --rounds 1 --seconds 2   to see that it works

One process each, on the same machine, with the same photos: `GET /find_similar/` beside benches/services/hash_service.py,
`POST /similarity-search` beside benches/services/resnet_service.py with the same ResNet-50 file in the same ONNX Runtime, and
once more with the 8-bit copy that `lookalike models quantize` makes of that file on these photos; the peer's stays float. One
is asked for some seconds, then the next, round after round. Requests a second are medians of the rounds, ratios medians of the
rounds' ratios. What a request costs the server's processors is what a busy machine disturbs least. Needs
../shared/images/dev and ../shared/models.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SHARED = ROOT / "../shared"
BINARY = ROOT / "target/release/lookalike"
LOAD = ROOT / "target/release/examples/load"
MODEL = SHARED / "models/resnet50_int8w.onnx"


def python_of_services():
    folder, wanted = HERE / "services/.venv", HERE / "services/requirements.txt"
    kept = folder / "requirements.txt"
    if not (kept.exists() and kept.read_text() == wanted.read_text()):
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", wanted]
        subprocess.run([str(part) for part in pip], check=True)
        shutil.copy(wanted, kept)
    return folder / "bin/python"


class Service:
    """A process that listens; `address` is read from what it says."""

    def __init__(self, command, environment, pattern):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
        self.process = subprocess.Popen(
            [str(part) for part in command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env=clean | environment,
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(pattern, line)
            if found:
                self.address = found[1]
                break
        else:
            raise SystemExit(f"{command} does not start: {''.join(said)}")
        threading.Thread(target=lambda: list(self.process.stderr), daemon=True).start()

    def cpu_ms(self):
        """What its threads were given of the processors so far; nothing where the system does not say."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def ours(catalog, environment):
    command = [BINARY, "serve", catalog, "--listen", "127.0.0.1:0", "--allow-private-urls"]
    return Service(command, environment, r"on http://(\S+?)/?$")


def theirs(python, app, environment):
    command = [python, "-m", "uvicorn", "--app-dir", HERE / "services", "--port", "0", "--no-access-log", f"{app}:app"]
    return Service(command, environment, r"running on http://(\S+)")


def asked(service, route, photos, options):
    command = [LOAD, "ask", service.address, "--route", route, "--photos", photos]
    command += ["--connections", options.connections, "--seconds", options.seconds]
    before = service.cpu_ms()
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout)
    spent = 0.0 if before is None else service.cpu_ms() - before
    return result | {"cpu": spent / result["count"]}


def ids(answer):
    """What was found, best first."""
    if answer is None:
        return []
    if "ids" in answer:
        return [str(one) for one in answer["ids"]]
    return [str(one["entity_id"]).removesuffix(".jpg") for one in answer["matches"]]


def network_alone(python, options):
    """Photos a second of the network alone, in the peer's ONNX Runtime."""
    command = [python, HERE / "services/network_alone.py", MODEL, options.seconds]
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def measure(pair, route, photos, options, bound=None):
    """`bound` measures what nobody could be faster than; of that the median of the rounds' ratios is given too."""
    rounds, bounds = {name: [] for name in pair}, []
    for number in range(options.rounds + 1):
        for name, service in pair.items():
            result = asked(service, route, photos, options)
            if number > 0:  # The first warms caches.
                rounds[name].append(result)
        if bound and number > 0:
            bounds.append(bound() / rounds["theirs"][-1]["per_second"])
    middle = lambda name, key: statistics.median(result[key] for result in rounds[name])
    faster = statistics.median(a["per_second"] / b["per_second"] for a, b in zip(rounds["ours"], rounds["theirs"]))
    compared = [
        (ids(a), ids(b)) for a, b in zip(rounds["ours"][0]["answers"], rounds["theirs"][0]["answers"]) if a and b
    ]
    first = sum(a[:1] == b[:1] for a, b in compared)
    shared = statistics.mean(len(set(a) & set(b)) / len(b) for a, b in compared)
    figures = {key: (middle("ours", key), middle("theirs", key)) for key in ("per_second", "p50", "p99", "cpu")}
    agreement = f"the first product is the same for {first} of {len(compared)} photos, {shared:.1%} of the first ten"
    return figures, faster, agreement, statistics.median(bounds) if bounds else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="for each turn")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--sample", type=int, help="about so many photos, and not all")
    options = parser.parse_args()
    if not (MODEL.exists() and (SHARED / "images/dev").exists()):
        raise SystemExit(f"needs {SHARED}/images/dev and {MODEL}")
    build = ["cargo", "build", "--release", "--quiet", "--package", "lookalike"]
    subprocess.run(build, check=True, cwd=ROOT)
    subprocess.run([*build, "--example", "load"], check=True, cwd=ROOT)
    python = python_of_services()
    capi = f"import onnxruntime, pathlib; print(next((pathlib.Path(onnxruntime.__file__).parent / 'capi').glob('libonnxruntime.*[0-9]*')))"
    library = subprocess.run([str(python), "-c", capi], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    all_photos = sorted((SHARED / "images/dev").resolve().glob("*.jpg"))
    lines, notes = [], []
    with tempfile.TemporaryDirectory(prefix="lookalike-side-") as folder:
        folder = Path(folder)
        photos = folder / "photos"
        photos.mkdir()
        step = -(-len(all_photos) // options.sample) if options.sample else 1
        for photo in all_photos[::step]:
            (photos / photo.name).symlink_to(photo)
        count = len(list(photos.iterdir()))
        environment = {"LOOKALIKE_MODELS": str(folder / "models"), "ORT_DYLIB_PATH": library}
        lookalike = lambda *arguments: subprocess.run(
            [str(part) for part in (BINARY, *arguments)], check=True, stdout=subprocess.DEVNULL, env=os.environ | environment
        )
        lookalike("models", "add", "resnet50", "--image", MODEL, "--describe", HERE / "resnet50.toml")
        lookalike("index", folder / "hashes.lookalike", photos)
        lookalike("index", folder / "resnet.lookalike", photos, "--encoder", "resnet50")
        lookalike("models", "quantize", "resnet50", "--pictures", photos)
        lookalike("index", folder / "eighth.lookalike", photos, "--encoder", "resnet50-int8")
        services = {"PHOTOS": str(photos), "MODEL": str(MODEL)}
        alone = lambda: network_alone(python, options)
        search = "`POST /similarity-search`"
        for call, route, catalog, app, target, bound in [
            ("`GET /find_similar/`", "find-similar", "hashes.lookalike", "hash_service", 5.0, None),
            (search, "similarity-search", "resnet.lookalike", "resnet_service", 1.5, alone),
            (f"{search}, ours in 8 bits", "similarity-search", "eighth.lookalike", "resnet_service", 1.5, None),
        ]:
            pair = {"ours": ours(folder / catalog, environment), "theirs": theirs(python, app, services)}
            try:
                figures, faster, agreement, most = measure(pair, route, photos, options, bound)
            finally:
                for service in pair.values():
                    service.stop()
            (rate, their_rate), (p50, their_p50), (p99, their_p99), (cpu, their_cpu) = figures.values()
            # No service could answer as many as that where the network alone cannot.
            is_out_of_reach = most is not None and most < target
            missed = "out of reach: see below" if is_out_of_reach and p50 < their_p50 else "**missed**"
            met = "met" if faster >= target and p50 < their_p50 else missed
            lines.append(
                f"| {call} | {rate:.0f} | {their_rate:.0f} | {faster:.1f} | {target} | {p50:.1f} | {their_p50:.1f} | "
                f"{p99:.1f} | {their_p99:.1f} | {cpu:.1f} | {their_cpu:.1f} | {met} |"
            )
            notes.append(f"- {call}: {agreement}.")
            if most:
                notes.append(
                    f"- {call}: the network alone, with nothing to decode and nobody to answer, takes {most:.2f} times as many "
                    "photos a second as the peer answers, so nobody who runs it in ONNX Runtime in single precision could "
                    "answer more."
                )
    versions = subprocess.run(
        [str(python), "-c", "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in "
         "('fastapi', 'uvicorn', 'Pillow', 'ImageHash', 'numpy', 'onnxruntime')))"],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.strip()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    text = "\n".join([
        "# The earlier systems' calls, beside the same in Python",
        "",
        f"One process each, {options.connections} connections, the same {count} photos; "
        f"each pair taking turns, {options.rounds} rounds of {options.seconds} s.",
        "",
        "| call | a second | Python's | times as many | target | p50, ms | Python's | p99, ms | Python's | CPU, ms a request | Python's | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|",
        *lines,
        "",
        *notes,
        "- Command: `python3 benches/side_by_side.py`.",
        f"- Machine: {platform.machine()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end; {platform.system()}.",
        f"- Versions: Python {platform.python_version()}, {versions}; commit {commit.stdout.strip()}.",
        "",
    ])
    print(text)
    if not options.sample and (options.rounds, options.seconds) == (parser.get_default("rounds"), parser.get_default("seconds")):
        (HERE / "SERVICES.md").write_text(text)
    return 0 if "missed" not in text else 1


if __name__ == "__main__":
    sys.exit(main())
