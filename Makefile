# The two commands a newcomer needs are `make demo` and `make test`. Everything else is a part of them.

CARGO ?= cargo
PYTHON ?= python3
BINARY = target/release/lookalike

# Cargo features. The tests build all of them, once; a plain build has none.
FEATURES ?=
test: FEATURES = parquet,cloud

.PHONY: demo build test check runtime networks unit page parity schema client bench clean

## Build, draw a demo catalog, serve the page.
demo: build
	$(BINARY) demo

build:
	$(CARGO) build --release --locked --package lookalike --features "$(FEATURES)"

## ONNX Runtime, which runs networks faster than the engine that is built in; the program does without.
runtime: build
	$(BINARY) runtime install

## Everything: the house rules, the tests, the page in a browser, the Python client, the comparison with the reference
## implementations, and the API's description held against the running server.
test: check runtime networks unit page client parity schema

## Formatting, lints, house rules. The lints' own build shares nothing with the release one, so it comes first.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --release --locked --workspace --all-targets --features lookalike/parquet,lookalike/cloud -- -D warnings
	$(CARGO) xtask tidy

## CLIP's networks as they are, with weights out of a random generator: a gigabyte in target/, made in a minute. And the
## photo of which OpenAI publishes the tensor.
networks: target/neural/clip/reference.json target/neural/franz-kafka.jpg

target/neural/clip/reference.json: fixtures/neural/clip_towers.py fixtures/neural/onnx_graph.py fixtures/neural/clip_texts.json
	parity/python.sh fixtures/neural/clip_towers.py

target/neural/franz-kafka.jpg:
	parity/python.sh fixtures/neural/openai_photo.py $@

## Beside real servers for DynamoDB and S3, installed into target/engines the first time.
unit: FEATURES = parquet,cloud
unit: runtime
	@test -d ../shared || echo "no ../shared: the tests on real photos skip themselves, those on drawn pictures run"
	ORT_DYLIB_PATH="$$($(BINARY) runtime status --library)" engines/run.py s3 dynamodb -- \
		$(CARGO) test --release --locked --workspace --no-fail-fast --features lookalike/parquet,lookalike/cloud

## The web page: types, style, logic, and every flow in Debian's Chromium against the program. Brings Node and Chromium where they are
## missing.
page: build
	crates/app/page/test.sh

## The Python client against the program.
client: build
	clients/python/test.sh

## Hashes against the real ImageHash and pdqhash, in a virtual environment of their own.
parity: build
	parity/run.sh --count 600

## The API's description against the running server, with requests made from it (schemathesis): the short form. The long
## one, 20,000 requests and more, is `schema/run.sh --cases 20000`.
schema: build
	schema/run.sh

## DESIGN figures beside their Python peers; writes benches/RESULTS.md.
bench: build
	$(PYTHON) benches/run.py

clean:
	$(CARGO) clean
