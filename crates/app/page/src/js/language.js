// Words, numbers and prices in the language of whoever looks. All texts are in `strings/`, one file per language, English
// the measure: a key that another language lacks does not pass the type check.

import { de } from "./strings/de.js";
import { en } from "./strings/en.js";
import { setting } from "./settings.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {string | {one: string, other: string}} Text several forms are told apart by the number `n` */

/** @type {Record<string, Record<Key, Text>>} */
const LANGUAGES = { en, de };

/** The languages there are, by their own names. */
export const LANGUAGE_NAMES = { en: "English", de: "Deutsch" };

/** The language chosen, or else the first of the browser's that there is. @returns {string} */
export function language() {
  const wanted = [setting("language"), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

/**
 * A text in the language of whoever looks; `{name}` is filled in.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const spoken = language();
  const text = LANGUAGES[spoken]?.[key] ?? en[key];
  const form = typeof text === "string" ? text : text[plural(spoken, Number(values.n))];
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? formatNumber(value) : value;
  });
}

/** @param {string} spoken @param {number} count @returns {"one" | "other"} */
const plural = (spoken, count) => (new Intl.PluralRules(spoken).select(count) === "one" ? "one" : "other");

/** @param {number} number @param {Intl.NumberFormatOptions} [options] */
export const formatNumber = (number, options) => new Intl.NumberFormat(language(), options).format(number);

/** A match percent: 100 is kept for the very same, so nothing is rounded up to it. @param {number} percent */
export function formatPercent(percent) {
  const shown = percent >= 100 ? 100 : Math.min(percent, 99.9);
  return formatNumber(shown / 100, { style: "percent", maximumFractionDigits: percent >= 99 && percent < 100 ? 1 : 0 });
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const digits = step > 1 ? 1 : 0;
  return formatNumber(bytes / 1000 ** step, { style: "unit", unit: units[step], unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: digits });
}

/** A price with its currency where that is one. @param {number} amount @param {string} currency */
export function formatPrice(amount, currency) {
  try {
    return formatNumber(amount, currency ? { style: "currency", currency } : { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  } catch {
    // Not a currency's code: shown as it is written.
    return `${formatNumber(amount, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`;
  }
}

/** @param {number} unix_ms */
export const formatTime = (unix_ms) => new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(unix_ms);
