// The catalog: how large it is, what makes its vectors, which fields its products have, and its imports.

import * as api from "../api.js";
import { define, fill, h } from "../dom.js";
import { labelOf } from "../fields.js";
import { formatBytes, formatNumber, t } from "../language.js";
import { Problem } from "../problem.js";
import { now, know, subscribe } from "../store.js";
import { LkImports } from "./lk-imports.js";
import { loadFields } from "./lk-filters.js";
import { askForKey } from "./lk-key.js";
import { LkNotice } from "./lk-notice.js";

/** @typedef {import("../api.js").CatalogAnswer} CatalogAnswer */
/** @typedef {import("../api.js").FieldAnswer} FieldAnswer */

const SAMPLES = 24;
const MOST_FIELDS = 60;

export class LkCatalog extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};
  #size = h("section.numbers", { "aria-label": t("catalog.size") });
  #encoders = h("section.panel");
  #fields = h("section.panel");

  connectedCallback() {
    fill(this,
      h("h1", null, t("catalog.title")),
      this.#size,
      h("div.columns", null, h("div", null, new LkImports(), this.#encoders), this.#fields));
    this.#stop = subscribe((state, before) => {
      if (state.catalog !== before.catalog || state.fields !== before.fields) this.#draw();
    });
    this.#draw();
    void loadCatalog().then((problem) => {
      if (problem) fill(this.#size, new LkNotice().tell(problem, { again: () => void loadCatalog(), others: problem.status === 401 ? [{ label: t("key.enter"), act: () => askForKey() }] : [] }));
    });
    void loadFields();
  }

  disconnectedCallback() {
    this.#stop();
  }

  #draw() {
    const { catalog, fields } = now();
    if (catalog) {
      fill(this.#size, [
        [catalog.products, t("catalog.products", { n: catalog.products })],
        [catalog.images, t("catalog.photos", { n: catalog.images })],
        ...(typeof catalog.bytes === "number" ? [[formatBytes(catalog.bytes), t("catalog.bytes")]] : []),
      ].map(([value, label]) => h("div.number", null, h("b", null, typeof value === "number" ? formatNumber(value) : String(value)), h("span", null, String(label)))));
      fill(this.#encoders, h("h2", null, t("catalog.encoders")), h("ul.encoders", null, catalog.encoders.map((encoder) => h("li", null,
        h("strong", null, encoder.name), encoder.default && catalog.encoders.length > 1 && h("span.pill", null, t("catalog.default")),
        h("span.hint", null, t("catalog.encoder", { n: encoder.dimensions, reads: t(encoder.text ? "catalog.reads_words" : "catalog.reads_photos") }))))));
    }
    if (fields) this.#drawFields(fields, catalog?.products ?? 0);
  }

  /** @param {FieldAnswer[]} fields @param {number} products */
  #drawFields(fields, products) {
    fill(this.#fields, h("h2", null, t("catalog.fields")),
      fields.length === 0 && h("p.hint", null, t("catalog.no_fields")),
      h("ul.field-list", null, fields.slice(0, MOST_FIELDS).map((field) => {
        const share = products > 0 ? field.products / products : 0;
        return h("li", null,
          h("div.field-head", null, h("strong", { title: field.name }, labelOf(field.name)), h("span.hint", null, formatNumber(share, { style: "percent", maximumFractionDigits: 0 }))),
          h("meter", { min: 0, max: 1, value: share, "aria-label": t("catalog.coverage", { field: labelOf(field.name) }) }),
          h("p.hint", { dir: "auto" }, sayValues(field)));
      })));
  }
}

/** What a field holds, in a line. @param {FieldAnswer} field */
function sayValues({ min, max, values, distinct, examples, types }) {
  const numeric = types.some((type) => type.endsWith("number") || type.endsWith("numeric text"));
  if (numeric && typeof min === "number" && typeof max === "number") return t("catalog.range", { min, max });
  const some = (values.length > 0 ? values.map(({ value }) => value) : examples ?? []).slice(0, 4).map(String).join("\u00a0· ");
  const count = typeof distinct === "number" ? distinct : null;
  return count !== null && count > 4 ? t("catalog.values_of", { n: count, values: some }) : some;
}

/** Learns what the catalog holds. @returns {Promise<Problem | null>} why not */
export async function loadCatalog() {
  try {
    know({ catalog: await api.catalog(SAMPLES) });
    return null;
  } catch (error) {
    return error instanceof Problem ? error : new Problem("server", { detail: String(error) });
  }
}

define("lk-catalog", LkCatalog);
