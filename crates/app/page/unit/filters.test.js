import assert from "node:assert/strict";
import { test } from "node:test";
import { filterCount, filterOf, toggled, worthFiltering } from "../src/js/filters.js";

test("what is ticked becomes a filter of the server's grammar", () => {
  assert.equal(filterOf({ values: {}, ranges: {} }), undefined);
  assert.equal(filterOf({ values: { color: ["red"] }, ranges: {} }), 'color = "red"');
  assert.equal(
    filterOf({ values: { brand: ["Acme", 'Big & "Co"'] }, ranges: { price: { min: 10, max: null }, "size.width": { min: null, max: 4.5 } } }),
    'brand in ("Acme", "Big & \\"Co\\"") and price >= 10 and size.width <= 4.5',
  );
});

test("names and values that the grammar would read otherwise are quoted", () => {
  assert.equal(filterOf({ values: { "Variant Price": ["1\n2"], in: ["007"] }, ranges: {} }), '"Variant Price" = "1\\n2" and "in" = "007"');
  assert.equal(filterOf({ values: { stock: ["7"], sale: ["true"] }, ranges: {} }), "stock = 7 and sale = true");
});

test("a field's own values are counted without its own filter", () => {
  const chosen = { values: { color: ["red"], brand: ["Acme"] }, ranges: {} };
  assert.equal(filterOf(chosen, "color"), 'brand = "Acme"');
  assert.equal(filterCount(chosen), 2);
});

test("fields that tell products apart are offered, others are not", () => {
  const field = (/** @type {object} */ facts) => ({ types: ["text"], products: 100, distinct: 5, values: [], ...facts });
  const fields = [
    field({ name: "name", distinct: 100 }),
    field({ name: "color" }),
    field({ name: "currency", distinct: 1 }),
    field({ name: "price", types: ["numeric text"], distinct: 60, min: 1, max: 9 }),
    field({ name: "rare", products: 10 }),
    field({ name: "sku", distinct: 8 }),
  ];
  // @ts-expect-error the fields that do not matter here are left out
  assert.deepEqual(worthFiltering(fields, 100), [{ name: "color", kind: "choice" }, { name: "price", kind: "range" }]);
});

test("ticking twice is as if nothing had been ticked", () => {
  const on = toggled({}, "color", "red", true);
  assert.deepEqual(toggled(on, "color", "blue", true), { color: ["red", "blue"] });
  assert.deepEqual(toggled(on, "color", "red", false), {});
});
