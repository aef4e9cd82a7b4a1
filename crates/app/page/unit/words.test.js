import assert from "node:assert/strict";
import { test } from "node:test";

Object.defineProperty(globalThis, "navigator", { value: { languages: ["de-AT", "en"] }, configurable: true });
const { de } = await import("../src/js/strings/de.js");
const { en } = await import("../src/js/strings/en.js");
const { formatPercent, formatPrice, language, t } = await import("../src/js/language.js");
const { labelOf, nameOf, priceOf, rowsOf } = await import("../src/js/fields.js");
const { evidenceLines } = await import("../src/js/evidence.js");

/** @param {import("../src/js/language.js").Text} text */
const blanks = (text) => (typeof text === "string" ? [text] : [text.one, text.other]).map((form) => (form.match(/\{\w+\}/g) ?? []).sort().join());

test("both languages say the same, with the same blanks to fill in", () => {
  assert.deepEqual(Object.keys(de), Object.keys(en));
  for (const key of /** @type {(keyof typeof en)[]} */ (Object.keys(en))) assert.deepEqual(blanks(de[key]), blanks(en[key]), key);
});

test("the browser's first language that there is is spoken, with its plurals and numbers", () => {
  assert.equal(language(), "de");
  assert.equal(t("count.products", { n: 1 }), "1 Produkt");
  assert.equal(t("count.products", { n: 12345 }), "12.345 Produkte");
  assert.equal(formatPrice(1234.5, "EUR").replace(/\s/g, " "), "1.234,50 €");
  assert.equal(formatPrice(5, "credits").replace(/\s/g, " "), "5,00 credits");
});

test("nothing is rounded up to a hundred percent", () => {
  assert.equal(formatPercent(99.97).replace(/\s/g, " "), "99,9 %");
  assert.equal(formatPercent(100).replace(/\s/g, " "), "100 %");
  assert.equal(formatPercent(47.4).replace(/\s/g, " "), "47 %");
});

test("a product's name and price are found under the names that shops use", () => {
  assert.equal(nameOf({ product_id: "p1", fields: { Title: " Red mug " } }), "Red mug");
  assert.equal(nameOf({ product_id: "p1", fields: { name: { de: "Becher" } } }), "p1");
  assert.equal(priceOf({ price: "9.50", currency: "eur" }).replace(/\s/g, " "), "9,50 €");
  assert.equal(priceOf({ price: "19.99 USD" }).replace(/\s/g, " "), "19,99 $");
  assert.equal(priceOf({ price: "on request" }), "on request");
  assert.equal(priceOf({}), "");
});

test("fields are rows of text, however deep they are", () => {
  const rows = rowsOf({ a: "x", tags: ["red", "new"], size: { w: 1, h: null }, parts: [{ n: 1 }, { n: 2 }], empty: "", no: false });
  assert.deepEqual(rows, [["a", "x"], ["tags", "red, new"], ["size.w", "1"], ["parts.1.n", "1"], ["parts.2.n", "2"], ["no", "false"]]);
  assert.equal(labelOf("unit_price"), "Unit price");
  assert.equal(labelOf("itemName"), "Item Name");
});

test("evidence says what its numbers mean, and leaves out what says nothing", () => {
  const evidence = { same_bytes: false, phash_bits: 16, pdq_bits: 64, pdq_quality: 100, orientation: "turned", cosine: 0.5, region: null };
  assert.deepEqual(evidenceLines({ evidence }).map(({ strength }) => strength), [0.5, 0.5, 0.5, null]);
  assert.equal(evidenceLines({ evidence: { ...evidence, pdq_quality: 10 } }).length, 3);
  assert.equal(evidenceLines({ evidence: { bm25: 3.2 } }).length, 1);
});
