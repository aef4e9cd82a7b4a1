// From what a person ticks to the filter that the server reads (docs/filters.md), and which fields are worth a filter.

/** @typedef {import("./route.js").Route} Route */
/** @typedef {import("./api.js").FieldAnswer} FieldAnswer */

const MOST_VALUES = 80;
const MOST_FILTERS = 8;
/** Names whose values are of no use to whoever looks for a product. */
const BORING = /(^|[._])(id|sku|gtin|ean|mpn|url|link|image|currency)([._]|$)/i;

/** Quotes as the grammar wants it. @param {string} text */
const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t")}"`;

/** @param {string} name */
const field = (name) => name.split(".").map((part) => (/^[A-Za-z_]\w*$/.test(part) && !/^(and|or|not|in|has)$/i.test(part) ? part : quoted(part))).join(".");

/** @param {string} value */
const literal = (value) => (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(value) || value === "true" || value === "false" ? value : quoted(value));

/**
 * The filter, or nothing where everything is let through.
 * @param {Pick<Route, "values" | "ranges">} chosen
 * @param {string} [without] a field that is left out, to count its other values
 * @returns {string | undefined}
 */
export function filterOf({ values, ranges }, without) {
  const parts = [];
  for (const [name, allowed] of Object.entries(values)) {
    if (name === without || allowed.length === 0) continue;
    parts.push(allowed.length === 1 ? `${field(name)} = ${literal(allowed[0] ?? "")}` : `${field(name)} in (${allowed.map(literal).join(", ")})`);
  }
  for (const [name, { min, max }] of Object.entries(ranges)) {
    if (name === without) continue;
    if (min !== null) parts.push(`${field(name)} >= ${min}`);
    if (max !== null) parts.push(`${field(name)} <= ${max}`);
  }
  return parts.length > 0 ? parts.join(" and ") : undefined;
}

/** How many fields are filtered by. @param {Pick<Route, "values" | "ranges">} chosen */
export const filterCount = ({ values, ranges }) =>
  Object.values(values).filter((allowed) => allowed.length > 0).length + Object.keys(ranges).length;

/**
 * Which fields to offer, and as what: choices where there are few values, a range where there are numbers. Fields that few
 * products have, that are all alike or all different, are of no help.
 * @param {FieldAnswer[]} fields
 * @param {number} products
 * @returns {{name: string, kind: "choice" | "range"}[]}
 */
export function worthFiltering(fields, products) {
  /** @type {{name: string, kind: "choice" | "range"}[]} */
  const offered = [];
  for (const { name, types, products: having, distinct, min, max } of fields) {
    if (having < products * 0.3 || BORING.test(name)) continue;
    const numeric = types.every((type) => type.endsWith("number") || type.endsWith("numeric text"));
    const few = typeof distinct === "number" && distinct > 1 && distinct <= Math.min(MOST_VALUES, Math.max(12, having / 4));
    if (numeric && typeof min === "number" && typeof max === "number" && min < max) offered.push({ name, kind: "range" });
    else if (few) offered.push({ name, kind: "choice" });
  }
  return offered.slice(0, MOST_FILTERS);
}

/** Ticks or unticks a value. @param {Route["values"]} values @param {string} name @param {string} value @param {boolean} on @returns {Route["values"]} */
export function toggled(values, name, value, on) {
  const others = (values[name] ?? []).filter((one) => one !== value);
  const chosen = on ? [...others, value] : others;
  const { [name]: _gone, ...rest } = values;
  return chosen.length > 0 ? { ...rest, [name]: chosen } : rest;
}
