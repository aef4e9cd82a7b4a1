import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../src/js/csv.js";
import { eventCutter } from "../src/js/event-stream.js";
import { isHeic } from "../src/js/photos.js";
import { lasts, passes, problemOf } from "../src/js/problem.js";

/** @param {number} status @param {any} body */
const problem = (status, body = null, { retryAfter = /** @type {string | null} */ (null), hasKey = false } = {}) => problemOf({ status, body, retryAfter, hasKey });

test("every way to fail has a kind of its own that the page has words for", () => {
  assert.equal(problem(401).kind, "key_needed");
  assert.equal(problem(401, null, { hasKey: true }).kind, "key_refused");
  assert.equal(problem(403).kind, "forbidden");
  assert.equal(problem(404, { code: "no_such_route" }).kind, "no_such_route");
  assert.equal(problem(404, { code: "image_not_found" }).kind, "gone");
  assert.equal(problem(413).kind, "too_large");
  assert.equal(problem(421).kind, "misdirected");
  assert.equal(problem(422, { code: "not_a_picture" }).kind, "not_a_picture");
  assert.equal(problem(422, { code: "url_refused" }).kind, "url_refused");
  assert.equal(problem(422, { code: "invalid_parameter" }).kind, "request");
  assert.equal(problem(400, { code: "malformed_filter" }).kind, "filter");
  assert.equal(problem(500).kind, "server");
  assert.equal(problem(502).kind, "server");
});

test("what is no picture stays none however often it is asked about", () => {
  assert.equal(lasts(problem(422, { code: "not_a_picture" }).kind), true);
  assert.equal(lasts(problem(413).kind), true);
  assert.equal(lasts(problem(500).kind), false);
  assert.equal(lasts(problem(429).kind), false);
});

test("too fast and too busy pass by themselves, after as long as the server says", () => {
  const fast = problem(429, null, { retryAfter: "3" });
  assert.deepEqual([fast.kind, fast.wait_s, passes(fast.kind)], ["rate_limited", 3, true]);
  assert.equal(problem(503, null, { retryAfter: "soon" }).wait_s, 0);
  assert.ok(!passes(problem(413).kind));
});

test("what the server says is written as a sentence", () => {
  assert.equal(problem(422, { code: "not_a_picture", detail: "image is empty (0 bytes)" }).detail, "This file is empty (0 bytes).");
});

test("a table is read back as it was written, and its cells do nothing in a spreadsheet", () => {
  assert.equal(csv([["a", 1], ['say "hi", twice', "x\ny"]]), 'a,1\r\n"say ""hi"", twice","x\ny"\r\n');
  assert.equal(csv([["=HYPERLINK(1)", "-1", -1, "@x"]]), "'=HYPERLINK(1),'-1,-1,'@x\r\n");
});

test("events are whole however they are cut", () => {
  const text = 'event: progress\ndata: {"a":1}\n\n: still here\n\ndata: x\r\ndata: y\r\n\r\ndata: cut off';
  const whole = eventCutter()(text);
  assert.deepEqual(whole, [{ event: "progress", data: '{"a":1}' }, { event: "message", data: "x\ny" }]);
  for (const size of [1, 3, 7]) {
    const cut = eventCutter();
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    assert.deepEqual(pieces.flatMap(cut), whole, `pieces of ${size}`);
  }
});

test("HEIC is told by its bytes, whatever its name", () => {
  const head = (/** @type {string} */ brand) => new Uint8Array([0, 0, 0, 24, ...Buffer.from(`ftyp${brand}`), ...new Array(16).fill(0)]);
  assert.ok(isHeic(head("heic")) && isHeic(head("mif1")));
  assert.ok(!isHeic(head("isom")) && !isHeic(new Uint8Array()) && !isHeic(new Uint8Array([0xff, 0xd8, 0xff])));
});
