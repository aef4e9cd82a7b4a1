#!/usr/bin/env bash
# Runs hashes.py in a virtual environment of its own, which it makes the first time. Arguments go to hashes.py.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=parity/.venv
python=${PYTHON:-python3}

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
    else
        echo "parity: needs python3 with venv: apt-get install python3-venv" >&2
        exit 1
    fi
fi
if ! cmp -s parity/requirements.txt "$venv/requirements.txt"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement parity/requirements.txt
    cp parity/requirements.txt "$venv/requirements.txt"
fi
exec "$venv/bin/python" parity/hashes.py "$@"
