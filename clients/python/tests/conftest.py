"""A real server over a catalog that it draws itself."""

import os
import pathlib
import re
import subprocess
import threading

import httpx
import pytest

from lookalike_client import Lookalike

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("LOOKALIKE_BINARY", str(ROOT / "target/release/lookalike"))


class Server:
    def __init__(self, folder, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
        command = [BINARY, "serve", str(folder / "shop.lookalike"), "--listen", "127.0.0.1:0", *arguments]
        self.folder = folder
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            found = re.search(r"on (http://\S+?)/?$", line.strip())
            if found:
                self.url = found[1]
                break
        else:
            raise AssertionError("the server does not start: " + "".join(self.said))
        # Whatever it says later must not fill the pipe.
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0, "".join(self.said)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [BINARY, "demo", str(folder), "--products", "12", "--no-serve"], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return folder


@pytest.fixture(scope="session")
def server(drawn):
    server = Server(drawn)
    yield server
    server.stop()


@pytest.fixture
def shop(server):
    with Lookalike(server.url) as shop:
        yield shop


@pytest.fixture(scope="session")
def document(server):
    return httpx.get(f"{server.url}/openapi.json").raise_for_status().json()


@pytest.fixture(scope="session")
def copy_of(drawn):
    """An edited copy of a photo that is in the catalog."""
    return sorted((drawn / "queries").glob("*copy-of*"))[0]
