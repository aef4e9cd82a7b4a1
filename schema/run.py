"""Holds the API's description against the running server: `schema/run.sh [--cases N] [--binary FILE]`.

Draws a small shop, serves it twice (to anybody on this machine, and to whoever has a key), and lets schemathesis make
requests from /openapi.json, right ones and wrong ones, with all of its checks: no 5xx, no status, header or body that is
not described, wrong requests refused, methods that are not described refused, no answer without the key. Leaves nothing
behind. Exit code 0 when nothing was found and as many requests were made as `--cases` says.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Requests per operation and server that are made beside those which the schema's own borders give.
FEWEST_EXAMPLES = 20


@contextmanager
def served(binary, catalog, *options):
    """Serves the catalog for as long as this lasts; gives its address."""
    command = [binary, "serve", catalog, *options]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    drain = None
    try:
        for line in server.stderr:
            found = re.search(r"on http://[^/]*:(\d+)/", line)
            if found:
                break
        else:
            sys.exit(f"{binary} did not start: exit code {server.wait()}")
        # It must not wait for somebody to read what it logs.
        log = open(os.devnull, "w")
        drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=log)
        yield f"http://127.0.0.1:{found.group(1)}"
        if server.poll() is not None:
            sys.exit(f"the server ended by itself: exit code {server.returncode}")
    finally:
        server.terminate()
        server.wait()
        if drain is not None:
            drain.wait()


def known(address, catalog):
    """What the catalog has, for requests to name."""
    with urllib.request.urlopen(f"{address}/v1/catalog?samples=24") as answer:
        samples = json.load(answer)["samples"]
    photo = next((catalog.parent / "pictures").rglob("*.jpg")).read_bytes()
    return {
        "images": [sample["image_id"] for sample in samples],
        "products": [sample["product_id"] for sample in samples],
        "photo": base64.b64encode(photo).decode(),
    }


def tested(address, examples, seed, environment, folder, *options):
    """Runs schemathesis; gives its exit code and how many requests it made."""
    command = [
        Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml",
        "run", f"{address}/openapi.json", "--max-examples", str(examples), "--seed", str(seed),
        "--request-timeout", "60", "--suppress-health-check", "all", "--no-color", *options,
    ]
    run = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    cases = 0
    for line in run.stdout:
        found = re.match(r"\s*(\d+) generated", line)
        cases = int(found.group(1)) if found else cases
        # A request that is too long to print says nothing more.
        print(line.rstrip()[:400], flush=True)
    return run.wait(), cases


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000, help="fewest requests in all (2000)")
    parser.add_argument("--binary", type=Path, default=HERE.parent / "target" / "release" / "lookalike")
    asked = parser.parse_args()
    binary = asked.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        subprocess.run([binary, "demo", shop, "--products", "12", "--no-serve"], check=True, capture_output=True)
        catalog = shop / "shop.lookalike"
        add = [binary, "keys", "add", catalog, "--role", "admin", "--json"]
        key = json.loads(subprocess.run(add, check=True, capture_output=True).stdout)["key"]
        failed, cases, examples, seed = False, 0, FEWEST_EXAMPLES, 11
        # Of the tests alone: the server takes a variable of its own that it does not know for a slip.
        environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        while not failed and cases < asked.cases:
            for options, headers in (
                (("--listen", "127.0.0.1:0"), ()),
                (("--listen", "0.0.0.0:0"), ("--header", f"Authorization: Bearer {key}")),
            ):
                with served(binary, catalog, *options) as address:
                    if "LOOKALIKE_SCHEMA_KNOWN" not in environment:
                        environment["LOOKALIKE_SCHEMA_KNOWN"] = json.dumps(known(address, catalog))
                    code, made = tested(address, examples, seed, environment, folder, *headers)
                failed |= code != 0
                cases += made
            # What the borders give stays the same; the rest grows until there are enough.
            examples *= max(2, asked.cases // max(cases, 1))
            seed += 1
    print(f"schema: {cases} requests, {'failures above' if failed else 'nothing found'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
