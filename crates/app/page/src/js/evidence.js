// Why a product matches, in sentences: what the numbers of the evidence mean to a person.

import { formatNumber, t } from "./language.js";

/** @typedef {{text: string, strength: number | null}} Line `strength` is 0 to 1 */

/** Bits of pHash and PDQ; unrelated pictures differ in half of them. */
const PHASH_BITS = 64;
const PDQ_BITS = 256;
/** Below this quality PDQ says little. */
const PDQ_TELLS = 50;

/** @param {number} differing @param {number} bits 1 for equal, 0 for as different as chance */
const alike = (differing, bits) => Math.max(0, 1 - differing / (bits / 2));

/** Nothing is rounded up to the very same. @param {number} cosine */
const formatCosine = (cosine) => formatNumber(cosine < 0.9999 ? Math.min(cosine, 0.99) : 1, { maximumFractionDigits: 2 });

/** @param {{evidence: object}} match @returns {Line[]} */
export function evidenceLines({ evidence }) {
  /** @type {Line[]} */
  const lines = [];
  const told = /** @type {Record<string, unknown>} */ (evidence);
  const number = (/** @type {string} */ name) => (typeof told[name] === "number" ? Number(told[name]) : null);
  const [phash, pdq, quality] = ["phash_bits", "pdq_bits", "pdq_quality"].map(number);
  // A question of a picture and words together has a cosine of each.
  const cosine = number("cosine") ?? number("picture_cosine");
  const words = number("bm25") ?? number("text_cosine");
  if (told.same_bytes === true) lines.push({ text: t("evidence.same_bytes"), strength: 1 });
  if (typeof cosine === "number") lines.push({ text: t("evidence.cosine", { cosine: formatCosine(cosine) }), strength: Math.max(0, cosine) });
  if (typeof pdq === "number" && (quality ?? 0) >= PDQ_TELLS) lines.push({ text: t("evidence.pdq", { n: pdq }), strength: alike(pdq, PDQ_BITS) });
  if (typeof phash === "number") lines.push({ text: t("evidence.phash", { n: phash }), strength: alike(phash, PHASH_BITS) });
  if (typeof words === "number") lines.push({ text: t("evidence.words", { score: formatNumber(words, { maximumSignificantDigits: 2 }) }), strength: null });
  if (told.orientation === "turned") lines.push({ text: t("evidence.turned"), strength: null });
  if (typeof told.region === "string") lines.push({ text: t("evidence.region"), strength: null });
  return lines;
}
