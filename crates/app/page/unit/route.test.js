import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRoute, formatRoute, parseRoute, questionOf, withSubject } from "../src/js/route.js";

test("an address says what is shown, and what is shown says its address", () => {
  const addresses = [
    "/",
    "/?view=many",
    "/?view=catalog&job=7",
    "/?q=red+mug",
    "/?image=pictures%2Fa+b.jpg&ask=check&crop=0.1%2C0.2%2C0.5%2C0.25",
    "/?url=https%3A%2F%2Fshop.example%2Fa.jpg%3Fx%3D1",
    "/?photo=0a1b2c&f.color=red&f.color=dark+blue&r.price=10..49.5&open=p%2F1",
    "/?product=p1&r.price=..20&r.size.width=5..",
  ];
  for (const address of addresses) {
    const query = address.slice(1);
    assert.equal(formatRoute(parseRoute(query)), address);
  }
});

test("what an address says that makes no sense is left out", () => {
  const route = parseRoute("?view=admin&crop=a,b,c,d&image=x&ask=perhaps&r.price=cheap&r.size=1..2..3&f.color=");
  assert.deepEqual(route, { ...emptyRoute(), image: "x" });
  for (const crop of ["0,0,2,1", "-1,0,1,1", "0,0,0,1", "0,0,1", "NaN,0,1,1", ",,,"]) {
    assert.equal(parseRoute(`?image=x&crop=${crop}`).crop, null, crop);
  }
  assert.equal(parseRoute("?q=a&crop=0,0,.5,.5").crop, null, "words have no part to cut out");
});

test("one picture is asked about, whatever an address names", () => {
  const route = parseRoute("?photo=1&image=2&url=3");
  assert.deepEqual([route.image, route.url, route.photo], ["2", "", ""]);
});

test("opening a product is not another question, filtering is", () => {
  const route = parseRoute("?image=x");
  assert.equal(questionOf({ ...route, open: "p1" }), questionOf(route));
  assert.notEqual(questionOf({ ...route, values: { color: ["red"] } }), questionOf(route));
});

test("another picture takes the place of the last one with its crop and words", () => {
  const before = parseRoute("?photo=1&crop=0,0,.5,.5&q=red&f.color=red&open=p");
  assert.equal(formatRoute({ ...before, ...withSubject({ image: "x" }) }), "/?image=x&f.color=red");
});
