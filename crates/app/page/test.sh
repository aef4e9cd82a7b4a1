#!/usr/bin/env bash
# Checks the page's types and style, runs its unit tests, and drives it in Debian's Chromium against the program that was
# built. Brings what is missing: the packages of package-lock.json and, on Debian, Chromium. Takes Node 20 or newer.
#   UPDATE_SCREENS=1 crates/app/page/test.sh     writes the screenshots and the README's picture anew
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v node >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "page: Node 20 or newer is needed to test it (https://nodejs.org); the program itself does without" >&2
  exit 1
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
