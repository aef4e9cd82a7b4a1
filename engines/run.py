#!/usr/bin/env python3
"""Runs a command beside real engines: `engines/run.py [s3] [dynamodb] -- COMMAND [ARGUMENTS]`.

Each engine is installed into target/engines/ the first time (after that no network is needed), listens on a free port of
127.0.0.1 while the command runs, and is gone when it has ended. The command finds them by its environment:

    LOOKALIKE_TEST_S3         http://127.0.0.1:PORT   moto, of PyPI (engines/requirements.txt)
    LOOKALIKE_TEST_DYNAMODB   http://127.0.0.1:PORT   DynamoDB Local, of Maven Central (engines/pom.xml)

Both keep everything in memory and take any credentials. The exit code is the command's.
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALLED = Path(os.environ.get("LOOKALIKE_ENGINES") or HERE.parent / "target" / "engines")
START_SECONDS = 120
STOP_SECONDS = 30
COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
JAVA_CURE = "needs Java 17 or newer (a JDK) and Maven: apt-get install default-jdk-headless maven"


class Unusable(Exception):
    """An engine cannot be had here; the text says why and what to do."""


def install_once(name, stamp, install):
    """Has `install` fill a fresh folder unless the one there was filled for the same `stamp`; gives the folder."""
    folder = INSTALLED / name
    marker = folder / "installed-for"
    if marker.is_file() and marker.read_text() == stamp:
        return folder
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    print(f"engines: installing {name} into {folder}", file=sys.stderr)
    install(folder)
    marker.write_text(stamp)
    return folder


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def installed_s3():
    requirements = HERE / "requirements.txt"

    def install(folder):
        # An environment cannot be moved, so it is made where it stays.
        if subprocess.run([sys.executable, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL).returncode:
            raise Unusable("s3: needs python3 with venv: apt-get install python3-venv")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [folder / "venv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-compile", "--requirement", requirements], check=True)

    return install_once("s3", digest(requirements), install)


def has_java():
    return all(shutil.which(program) for program in ("java", "javac", "mvn"))


def installed_dynamodb():
    sums = HERE / "dynamodb.sha256"

    def install(folder):
        if not has_java() and os.geteuid() == 0 and shutil.which("apt-get"):
            packages = ["default-jdk-headless", "maven"]
            subprocess.run(["apt-get", "update", "-qq"], check=True)
            quietly = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
            subprocess.run(quietly, check=True, stdout=subprocess.DEVNULL)
        if not has_java():
            raise Unusable(f"dynamodb: {JAVA_CURE}")
        jars = folder / "lib"
        copy = [f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        subprocess.run(["mvn", "-q", "-B", "-f", HERE / "pom.xml", COPY_JARS, *copy], check=True)
        check_sums(jars, sums)
        shutil.copy(HERE / "Loopback.java", folder)

    stamp = digest(sums) + digest(HERE / "pom.xml") + digest(HERE / "Loopback.java")
    return install_once("dynamodb", stamp, install)


def check_sums(folder, sums):
    expected = dict(reversed(line.split(maxsplit=1)) for line in sums.read_text().splitlines())
    found = {path.name: digest(path) for path in folder.iterdir()}
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        raise Unusable(f"dynamodb: not what {sums.name} says: {', '.join(differing)}")


def s3(port):
    folder = installed_s3()
    return [folder / "venv" / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)], folder


def dynamodb(port):
    folder = installed_dynamodb()
    java = ["java", "-Xmx256m", "-Djava.library.path=lib", "-cp", "lib/*", "Loopback.java"]
    return [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)], folder


ENGINES = {"s3": s3, "dynamodb": dynamodb}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def start(name):
    """Starts an engine and waits until it answers; gives its process and port."""
    port = free_port()
    command, folder = ENGINES[name](port)
    environment = {**os.environ, "DDB_LOCAL_TELEMETRY": "0"}
    log = (folder / "log.txt").open("wb")
    # A group of its own, so that Ctrl-C reaches the command first and the engine is stopped after it.
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    deadline = time.monotonic() + START_SECONDS
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process)
            raise Unusable(f"{name}: did not start; its last words are in {folder / 'log.txt'}")
        time.sleep(0.1)
    return process, port


def stop(process):
    """Ends a process that was started here and waits for it: a JVM takes seconds."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(arguments):
    if "--" not in arguments or not arguments[arguments.index("--") + 1 :]:
        print(__doc__, file=sys.stderr)
        return 2
    divide = arguments.index("--")
    names, command = arguments[:divide] or list(ENGINES), arguments[divide + 1 :]
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        print(f"engines: no engine called {unknown[0]}; there are {', '.join(ENGINES)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    environment, running = dict(os.environ), []
    try:
        for name in names:
            process, port = start(name)
            running.append(process)
            environment[f"LOOKALIKE_TEST_{name.upper()}"] = f"http://127.0.0.1:{port}"
        return subprocess.run(command, env=environment).returncode
    except KeyboardInterrupt:
        return 130
    except Unusable as problem:
        print(f"engines: {problem}", file=sys.stderr)
        return 1
    finally:
        for process in running:
            stop(process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
