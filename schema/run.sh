#!/usr/bin/env bash
# Holds the API's description against the running server: `schema/run.sh [--cases N] [--binary FILE]`; see run.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ENVIRONMENT=$here exec "$here/../parity/python.sh" "$here/run.py" "$@"
