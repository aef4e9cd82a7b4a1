#!/usr/bin/env bash
# Runs a Python program with the reference implementations of parity/requirements.txt, in a virtual environment that it
# makes the first time: `parity/python.sh PROGRAM [ARGUMENTS]`. With ENVIRONMENT=FOLDER the requirements.txt and the
# environment are that folder's.
set -euo pipefail
here=$(cd "${ENVIRONMENT:-$(dirname "$0")}" && pwd)
venv=$here/.venv
python=${PYTHON:-python3}

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
    else
        echo "parity: needs python3 with venv: apt-get install python3-venv" >&2
        exit 1
    fi
fi
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi
exec "$venv/bin/python" "$@"
