#!/usr/bin/env python3
"""Load on a server of a drawn shop: searches, checks, changes and hostile bodies; then a kill, and a look at what is left.

    python3 benches/load.py                      32 and 256 connections, three minutes each
    python3 benches/load.py --seconds 10         a short form
    python3 benches/load.py --read-only          searches and checks alone

For each number of connections: draws a shop (once), copies its catalog, serves the copy, lets
`crates/app/examples/load` ask as fast as it is answered, reads the server's memory after a minute and at the end, kills the
server with SIGKILL, starts it again and asks for every product whose writing was acknowledged. Exits with 1 when an answer of
500 or above was no deliberate 503, a connection broke, an acknowledged write is lost, memory grew by more than a tenth after
its first minute, or, at 32 connections, the 99th percentile is four times the median of searches by a stored image.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "target/release/lookalike"
LOAD = ROOT / "target/release/examples/load"


class Server:
    def __init__(self, binary, catalog):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
        command = [str(binary), "serve", str(catalog), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            found = re.search(r"on http://(\S+?)/?$", line.strip())
            if found:
                self.address = found[1]
                break
        else:
            raise SystemExit("the server does not start: " + "".join(self.said))
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def resident_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=120)


def run(options, shop, connections, folder):
    catalog = folder / f"{connections}.lookalike"
    shutil.copytree(shop / "shop.lookalike", catalog)
    server = Server(options.binary, catalog)
    acknowledged = folder / f"{connections}.json"
    command = [LOAD, "run", server.address, "--connections", connections, "--seconds", options.seconds]
    command += ["--photos", shop / "queries", "--acknowledged", acknowledged]
    command += ["--read-only"] if options.read_only else []
    at_start = server.resident_mb()
    load = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    early = min(60, options.seconds / 3)
    time.sleep(early)
    after_a_minute = server.resident_mb()
    # The last look is while it still works.
    time.sleep(max(options.seconds - early - 1, 0))
    at_end = server.resident_mb()
    out, _ = load.communicate()
    if load.returncode != 0:
        raise SystemExit("the load could not be run")
    result = json.loads(out)
    result["memory_mb"] = [round(one) for one in (at_start, after_a_minute, at_end)]
    result["connections"], result["early_s"] = connections, round(early)
    if not options.read_only:
        server.kill()
        server = Server(options.binary, catalog)
        verified = subprocess.run(
            [str(LOAD), "verify", server.address, str(acknowledged)], stdout=subprocess.PIPE, text=True
        )
        result["verified"] = json.loads(verified.stdout or "null")
    result["exit_code"] = server.stop()
    return result


def faults(result):
    statuses = result["statuses"]
    # A deliberate 503 says when to come back; the server has no others that a caller could bring about.
    wrong = {f"{kind} {status}": count for kind, counts in statuses.items() for status, count in counts.items()
             if int(status) >= 500 and status != "503"}
    found = [f"{count} answers: {what}" for what, count in wrong.items()]
    found += [f"{count} broken: {what}" for what, count in result["broken"].items()]
    _, early, end = result["memory_mb"]
    if end > 1.1 * early:
        found.append(f"memory grew from {early} to {end} MB")
    stored = result["kinds"].get("search, stored image")
    if result["connections"] == 32 and stored and stored["p99"] >= 4 * stored["p50"]:
        found.append(f"p99 of searches by a stored image is {stored['p99'] / stored['p50']:.1f} times their p50")
    if (result.get("verified") or {}).get("lost"):
        found.append(f"lost: {result['verified']['lost'][:5]}")
    if "verified" in result and result["verified"] is None:
        found.append("what was acknowledged could not be asked for")
    return found


def table(result):
    yield f"### {result['connections']} connections, {result['seconds']} s"
    yield ""
    yield "| request | answered | p50, ms | p90, ms | p99, ms | p99 / p50 | statuses |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for kind, times in [*result["kinds"].items(), ("all", result["all"])]:
        statuses = " ".join(f"{status}: {count}" for status, count in result["statuses"].get(kind, {}).items())
        ratio = times["p99"] / times["p50"] if times["p50"] else float("nan")
        yield f"| {kind} | {times['count']} | {times['p50']} | {times['p90']} | {times['p99']} | {ratio:.1f} | {statuses} |"
    yield ""
    start, early, end = result["memory_mb"]
    yield f"- Resident memory: {start} MB at the start, {early} MB after {result['early_s']} s, {end} MB at the end."
    if result.get("verified"):
        one = result["verified"]
        yield f"- After SIGKILL and a restart: {one['there']} products there and {one['gone']} deleted, as acknowledged; {len(one['lost'])} lost."
    for fault in faults(result):
        yield f"- **{fault}**"
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", nargs="+", type=int, default=[32, 256])
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--products", type=int, default=200, help="products of the drawn shop")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--binary", type=Path, default=BINARY)
    options = parser.parse_args()
    if options.binary == BINARY:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--package", "lookalike"], check=True, cwd=ROOT)
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--package", "lookalike", "--example", "load"], check=True, cwd=ROOT
    )
    wrong = False
    with tempfile.TemporaryDirectory(prefix="lookalike-load-") as folder:
        folder = Path(folder)
        shop = folder / "shop"
        command = [str(options.binary), "demo", str(shop), "--products", str(options.products), "--no-serve"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for connections in options.connections:
            result = run(options, shop, connections, folder)
            print("\n".join(table(result)), flush=True)
            wrong |= bool(faults(result))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
