# The two commands a newcomer needs are `make demo` and `make test`. Everything else is a part of them.

CARGO ?= cargo
PYTHON ?= python3
BINARY = target/release/lookalike

.PHONY: demo build test check unit parity bench clean

## Build, draw a demo catalog, serve the page.
demo: build
	$(BINARY) demo

build:
	$(CARGO) build --release --locked --package lookalike

## Everything: the house rules, the tests, and the comparison with the reference implementations.
test: check unit parity

## Formatting, lints, house rules. The lints' own build shares nothing with the release one, so it comes first.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) xtask tidy

unit:
	@test -d ../shared || echo "no ../shared: the tests on real photos skip themselves, those on drawn pictures run"
	$(CARGO) test --release --locked --workspace

## Hashes against the real ImageHash and pdqhash, in a virtual environment of their own.
parity: build
	parity/run.sh --count 600

## DESIGN figures beside their Python peers; writes benches/RESULTS.md.
bench: build
	$(PYTHON) benches/run.py

clean:
	$(CARGO) clean
