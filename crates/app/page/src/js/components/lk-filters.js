// Filters made from the catalog's own fields: values with how many products have them, ranges where there are numbers.
// Every tick is applied at once. Where the server counts no facets, the catalog's own counts stand in.

import * as api from "../api.js";
import { define, fill, freshId, h, settled } from "../dom.js";
import { labelOf } from "../fields.js";
import { filterCount, filterOf, toggled, worthFiltering } from "../filters.js";
import { formatNumber, t } from "../language.js";
import { Problem } from "../problem.js";
import { go, know, now, subscribe } from "../store.js";

/** @typedef {{value: string, count: number}} Count */
/** @typedef {import("../route.js").Range} Range */

const VALUES = 40;
const SHOWN = 6;
const SETTLE_MS = 350;

/** Whether the server counts facets; found out by asking once. */
let counts = true;

export class LkFilters extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};
  #asking = new AbortController();
  /** @type {Map<string, Count[]>} */
  #values = new Map();
  /** Fields of which all values are shown. @type {Set<string>} */
  #opened = new Set();
  #chosen = "";

  connectedCallback() {
    this.#stop = subscribe((state, before) => {
      if (state.fields !== before.fields || state.route !== before.route) this.#follow();
    });
    if (!now().fields) void loadFields();
    this.#follow();
  }

  disconnectedCallback() {
    this.#stop();
    this.#asking.abort();
  }

  #follow() {
    const { fields, route } = now();
    if (!fields) return;
    const chosen = JSON.stringify([route.values, route.ranges]);
    if (chosen === this.#chosen && this.firstChild) return;
    this.#chosen = chosen;
    this.#draw();
    void this.#count();
  }

  #offered() {
    const { fields, catalog } = now();
    return worthFiltering(fields ?? [], catalog?.products ?? 0);
  }

  #draw() {
    const { route } = now();
    const focused = document.activeElement instanceof HTMLElement && this.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const offered = this.#offered();
    this.hidden = offered.length === 0;
    fill(this,
      h("div.filters-head", null, h("h2", null, t("filters.title")),
        filterCount(route) > 0 && h("button.button.quiet.small", { type: "button", on: { click: () => go({ values: {}, ranges: {} }) } }, t("filters.clear"))),
      offered.map(({ name, kind }) => (kind === "range" ? this.#range(name) : this.#choice(name))));
    if (focused) for (const one of this.querySelectorAll("[data-key]")) if (one instanceof HTMLElement && one.dataset.key === focused) one.focus({ preventScroll: true });
  }

  /** @param {string} name */
  #choice(name) {
    const { route } = now();
    const chosen = route.values[name] ?? [];
    const known = this.#values.get(name) ?? this.#ofCatalog(name);
    const missing = chosen.filter((value) => !known.some((one) => same(one.value, value))).map((value) => ({ value, count: 0 }));
    const all = [...known, ...missing];
    const open = this.#opened.has(name);
    const shown = open ? all : all.filter(({ value }, index) => index < SHOWN || chosen.some((one) => same(one, value)));
    return h("fieldset.filter", null, h("legend", null, labelOf(name)),
      shown.map(({ value, count }) => {
        const on = chosen.some((one) => same(one, value));
        return h("label.choice", { data: { none: count === 0 && !on ? "" : undefined } },
          h("input", { type: "checkbox", checked: on, data: { key: `${name}=${value}` }, on: { change: () => go({ values: toggled(now().route.values, name, value, !on), open: "" }) } }),
          h("span.value", { dir: "auto" }, value), h("span.count", null, formatNumber(count)));
      }),
      all.length > SHOWN && h("button.link", { type: "button", data: { key: `${name}:all` }, "aria-expanded": String(open), on: { click: () => {
        if (open) this.#opened.delete(name);
        else this.#opened.add(name);
        this.#draw();
      } } }, open ? t("filters.fewer") : t("filters.all", { n: all.length })));
  }

  /** @param {string} name */
  #range(name) {
    const { fields, route } = now();
    const facts = fields?.find((field) => field.name === name);
    const [least, most] = [facts?.min ?? 0, facts?.max ?? 0];
    const chosen = route.ranges[name] ?? { min: null, max: null };
    const change = settled((/** @type {Range} */ range) => {
      const { [name]: _before, ...others } = now().route.ranges;
      go({ ranges: range.min === null && range.max === null ? others : { ...others, [name]: range }, open: "" });
    }, SETTLE_MS);
    const step = most - least > 20 ? 1 : 0.01;
    const [floor, ceiling] = step === 1 ? [Math.floor(least), Math.ceil(most)] : [least, most];
    const ends = /** @type {const} */ (["min", "max"]);
    const inputs = { min: numberField(name, "min", chosen.min, floor, ceiling), max: numberField(name, "max", chosen.max, floor, ceiling) };
    const sliders = { min: slider(name, "min", chosen.min ?? floor, floor, ceiling, step), max: slider(name, "max", chosen.max ?? ceiling, floor, ceiling, step) };
    const track = h("div.range-track", null, sliders.min, sliders.max);
    const mark = () => {
      const part = (/** @type {HTMLInputElement} */ one) => `${((Number(one.value) - floor) / (ceiling - floor)) * 100}%`;
      track.style.setProperty("--from", part(sliders.min));
      track.style.setProperty("--to", part(sliders.max));
    };
    const read = () => {
      const [min, max] = ends.map((end) => (inputs[end].value === "" || !Number.isFinite(inputs[end].valueAsNumber) ? null : inputs[end].valueAsNumber));
      change({ min: min ?? null, max: max ?? null });
    };
    for (const end of ends) {
      inputs[end].addEventListener("input", () => {
        sliders[end].value = inputs[end].value || String(end === "min" ? floor : ceiling);
        mark();
        read();
      });
      sliders[end].addEventListener("input", () => {
        const [low, high] = [Number(sliders.min.value), Number(sliders.max.value)];
        if (low > high) sliders[end].value = end === "min" ? sliders.max.value : sliders.min.value;
        const value = Number(sliders[end].value);
        inputs[end].value = value === (end === "min" ? floor : ceiling) ? "" : sliders[end].value;
        mark();
        read();
      });
    }
    mark();
    return h("fieldset.filter", null, h("legend", null, labelOf(name)), track, h("div.range-ends", null, inputs.min, h("span", { "aria-hidden": "true" }, "–"), inputs.max));
  }

  /** @param {string} name @returns {Count[]} */
  #ofCatalog(name) {
    const facts = now().fields?.find((field) => field.name === name);
    return (facts?.values ?? []).map(({ value, products }) => ({ value: String(value), count: products }));
  }

  /** Counts each field's values among the products that the other filters keep. */
  async #count() {
    if (!counts) return;
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const { route } = now();
    const names = this.#offered().filter(({ kind }) => kind === "choice").map(({ name }) => name);
    const filtered = names.filter((name) => route.values[name]);
    const rest = names.filter((name) => !route.values[name]);
    const asks = [...filtered.map((name) => ({ names: [name], filter: filterOf(route, name) })), ...(rest.length > 0 ? [{ names: rest, filter: filterOf(route) }] : [])];
    try {
      const answers = await Promise.all(asks.map(({ names: some, filter }) => api.facets({ fields: some, filter, values: VALUES }, signal)));
      for (const { facets } of answers) {
        for (const { field, values } of facets) this.#values.set(field, this.#inOrder(field, (values ?? []).map(({ value, count }) => ({ value: String(value), count }))));
      }
      this.#draw();
    } catch (error) {
      // Counts are a courtesy: without them the filters work all the same.
      if (error instanceof Problem && error.kind === "no_such_route") counts = false;
    }
  }

  /** Values stay where they are as counts change: what jumps away under the pointer is no help. @param {string} name @param {Count[]} fresh @returns {Count[]} */
  #inOrder(name, fresh) {
    const before = this.#values.get(name) ?? this.#ofCatalog(name);
    const counted = new Map(fresh.map((one) => [one.value.toLowerCase(), one]));
    const stay = before.map(({ value }) => counted.get(value.toLowerCase()) ?? { value, count: 0 });
    return [...stay, ...fresh.filter(({ value }) => !before.some((one) => same(one.value, value)))];
  }
}

/** @param {string} a @param {string} b */
const same = (a, b) => a.toLowerCase() === b.toLowerCase();

/** @param {string} name @param {"min" | "max"} end @param {number | null} value @param {number} least @param {number} most */
const numberField = (name, end, value, least, most) =>
  h("input", { id: freshId("range"), type: "number", step: "any", inputMode: "decimal", value: value === null ? "" : String(value), placeholder: formatNumber(end === "min" ? least : most), data: { key: `${name}.${end}` }, "aria-label": t(end === "min" ? "filters.from" : "filters.to", { field: labelOf(name) }) });

/** @param {string} name @param {"min" | "max"} end @param {number} value @param {number} least @param {number} most @param {number} step */
const slider = (name, end, value, least, most, step) =>
  h("input", { type: "range", min: String(least), max: String(most), step: String(step), value: String(value), data: { key: `${name}~${end}` }, "aria-label": t(end === "min" ? "filters.from" : "filters.to", { field: labelOf(name) }) });

/** Learns which fields the products have. */
export async function loadFields() {
  try {
    know({ fields: (await api.fields()).fields });
  } catch {
    // Without fields there are no filters; the answer says what is wrong.
  }
}

define("lk-filters", LkFilters);
