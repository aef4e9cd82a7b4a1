#!/usr/bin/env bash
# Tests the client against the real server, in a virtual environment that is made the first time:
# `clients/python/test.sh [ARGUMENTS OF PYTEST]`. Needs target/release/lookalike, or LOOKALIKE_BINARY.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$here/.venv
python=${PYTHON:-python3}

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
    else
        echo "clients/python: needs python3 with venv: apt-get install python3-venv" >&2
        exit 1
    fi
fi
if ! cmp -s "$here/pyproject.toml" "$venv/pyproject.toml"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # Installed as a stranger would, and not in place: what is tested is what pip brings.
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$here[test]"
    cp "$here/pyproject.toml" "$venv/pyproject.toml"
else
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall "$here"
fi
rm -rf "$here/build" "$here"/src/*.egg-info
cd "$here"
"$venv/bin/mypy"
exec "$venv/bin/python" -m pytest --quiet "$@"
