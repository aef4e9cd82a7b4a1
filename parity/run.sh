#!/usr/bin/env bash
# Compares our hashes with the reference implementations'. Arguments go to hashes.py.
set -euo pipefail
cd "$(dirname "$0")/.."
exec parity/python.sh parity/hashes.py "$@"
