// What the fields of a product mean to a person. Catalogs name them as their owners like, so the usual names are tried, and
// what is neither text nor number is not shown as one.

import { formatPrice } from "./language.js";

/** @typedef {Record<string, unknown>} Fields */

const NAMES = ["name", "title", "item_name", "product_name", "label"];
const PRICES = ["price", "sale_price", "final_price", "special_price", "amount", "unit_price"];
const CURRENCIES = ["currency", "price_currency", "currency_code"];

/** @param {unknown} value @returns {string} */
export const plain = (value) => (["string", "number", "boolean"].includes(typeof value) ? String(value).trim() : "");

/** @param {Fields} fields @param {string[]} names */
function firstOf(fields, names) {
  const byLowerCase = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  for (const name of names) {
    const value = plain(fields[byLowerCase.get(name) ?? name]);
    if (value) return value;
  }
  return "";
}

/** @param {{fields: Fields, product_id: string}} product */
export const nameOf = ({ fields, product_id }) => firstOf(fields, NAMES) || product_id;

/** The price as a person reads it; empty when there is none. @param {Fields} fields */
export function priceOf(fields) {
  const written = firstOf(fields, PRICES);
  if (!written) return "";
  // Shop feeds write "19.99 EUR" in one.
  const [, amount = "", unit = ""] = /^(-?\d+(?:\.\d+)?)(?:\s+([A-Za-z]{3}))?$/.exec(written) ?? [];
  if (!amount) return written;
  return formatPrice(Number(amount), (unit || firstOf(fields, CURRENCIES)).toUpperCase());
}

/**
 * A product's fields as rows of text, in the catalog's order; lists are joined, objects flattened, empty ones left out.
 * @param {Fields} fields
 * @returns {[string, string][]}
 */
export function rowsOf(fields) {
  return Object.entries(fields).flatMap(([name, value]) => rowsOfValue(name, value));
}

/** @param {string} name @param {unknown} value @returns {[string, string][]} */
function rowsOfValue(name, value) {
  if (Array.isArray(value)) {
    const flat = value.map(plain).filter(Boolean);
    if (flat.length === value.length) return flat.length > 0 ? [[name, flat.join(", ")]] : [];
    return value.flatMap((one, index) => rowsOfValue(`${name}.${index + 1}`, one));
  }
  if (value && typeof value === "object") {
    return Object.entries(value).flatMap(([inner, one]) => rowsOfValue(`${name}.${inner}`, one));
  }
  const text = plain(value);
  return text ? [[name, text]] : [];
}

/** A field's name as a person reads it: `unit_price` is "Unit price". @param {string} name */
export function labelOf(name) {
  const words = name.replace(/[_.]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
