# The two commands a newcomer needs are `make demo` and `make test`. Everything else is a part of them.

CARGO ?= cargo
PYTHON ?= python3
BINARY = target/release/lookalike

.PHONY: demo build test check runtime networks unit page parity bench clean

## Build, draw a demo catalog, serve the page.
demo: build
	$(BINARY) demo

build:
	$(CARGO) build --release --locked --package lookalike

## ONNX Runtime, which runs networks faster than the engine that is built in; the program does without.
runtime: build
	$(BINARY) runtime install

## Everything: the house rules, the tests, and the comparison with the reference implementations.
test: check runtime networks unit page parity

## Formatting, lints, house rules. The lints' own build shares nothing with the release one, so it comes first.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) xtask tidy

## CLIP's networks as they are, with weights out of a random generator: a gigabyte in target/, made in a minute. And the
## photo of which OpenAI publishes the tensor.
networks: target/neural/clip/reference.json target/neural/franz-kafka.jpg

target/neural/clip/reference.json: fixtures/neural/clip_towers.py fixtures/neural/onnx_graph.py fixtures/neural/clip_texts.json
	parity/python.sh fixtures/neural/clip_towers.py

target/neural/franz-kafka.jpg:
	parity/python.sh fixtures/neural/openai_photo.py $@

unit: runtime
	@test -d ../shared || echo "no ../shared: the tests on real photos skip themselves, those on drawn pictures run"
	ORT_DYLIB_PATH="$$($(BINARY) runtime status --library)" $(CARGO) test --release --locked --workspace

## The web page: types, style, logic, and every flow in Debian's Chromium against the program. Takes Node 20.
page: build
	crates/app/page/test.sh

## Hashes against the real ImageHash and pdqhash, in a virtual environment of their own.
parity: build
	parity/run.sh --count 600

## DESIGN figures beside their Python peers; writes benches/RESULTS.md.
bench: build
	$(PYTHON) benches/run.py

clean:
	$(CARGO) clean
