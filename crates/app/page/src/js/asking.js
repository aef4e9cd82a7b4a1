// From what a person gives (files, words, an address) to a question: the route says what is asked, this says it to the
// server.

import * as api from "./api.js";
import { filterOf } from "./filters.js";
import { keep, kept, photoOf } from "./photos.js";
import { Problem } from "./problem.js";
import { hasPicture, withSubject } from "./route.js";
import { go, know, now } from "./store.js";
import { enqueue } from "./verdicts.js";

/** @typedef {import("./route.js").Route} Route */
/** @typedef {import("./api.js").Match} Match */

/**
 * An answer to either kind of question.
 * @typedef {object} Answer
 * @property {Match[]} matches best first
 * @property {string} verdict empty where none was asked for
 * @property {"vector" | "words" | ""} matchedBy what words were compared with
 * @property {boolean} more whether there are matches beyond these
 * @property {number} took_ms
 */

/** Results asked for at a time. */
export const STEP = 48;
/** As many as the server gives in all. */
const MOST_RESULTS = 1000;

/** Takes files that were chosen, dropped or pasted: one is asked about, many get a verdict each. @param {Iterable<File>} files */
export async function takeFiles(files) {
  const all = [...files];
  const [first] = all;
  if (!first) return know({ mishap: new Problem("empty_file") });
  if (all.length > 1 || now().route.view === "many") {
    enqueue(all);
    return go({ ...withSubject({ view: "many" }) });
  }
  try {
    const photo = await keep(await photoOf(first));
    go(withSubject({ photo }));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    go(withSubject({}));
    know({ mishap: error });
  }
}

/** Takes what was typed or pasted: words, or the address of a photo. @param {string} text */
export function takeText(text) {
  const typed = text.trim();
  if (!typed) return;
  if (/^https?:\/\/\S+$/i.test(typed)) return go(withSubject({ url: typed }));
  const { route, catalog } = now();
  // Beside a picture, words mean "like this, but …": where an encoder reads words.
  const both = hasPicture(route) && (catalog?.encoders.some((encoder) => encoder.text) ?? false);
  go(both ? { text: typed, view: "search", open: "" } : withSubject({ text: typed }));
}

/** The question that a route asks. @param {Route} route @param {number} offset @returns {import("./api.js").Question} */
export function questionFor(route, offset) {
  /** @type {import("./api.js").Question} */
  const question = { top: Math.min(STEP, MOST_RESULTS - offset) };
  const filter = filterOf(route);
  if (filter) question.filter = filter;
  if (offset > 0) question.offset = offset;
  if (route.text) question.text = route.text;
  if (route.image) question.image_id = route.image;
  if (route.product) question.product_id = route.product;
  if (route.url) question.image_url = route.url;
  if (route.crop) question.crop = route.crop;
  if (hasPicture(route) && !route.text && !isCheck(route)) question.mode = "similar";
  return question;
}

/** Only photos are checked; words have no copies. @param {Route} route */
export const isCheck = (route) => route.ask === "check" && hasPicture(route) && !route.text;

/**
 * Asks what a route asks, from the `offset`-th result on.
 * @param {Route} route @param {number} offset @param {import("./api.js").How} how
 * @returns {Promise<Answer>}
 */
export async function answerTo(route, offset, how) {
  const file = route.photo ? (await kept(route.photo)).blob : null;
  const question = questionFor(route, offset);
  const asked = question.top ?? STEP;
  const more = (/** @type {{more?: boolean}} */ answer, /** @type {number} */ count) =>
    offset + count < MOST_RESULTS && (answer.more ?? count >= asked);
  if (isCheck(route)) {
    const answer = await api.check(question, file, how);
    return { matches: answer.matches, verdict: answer.verdict, matchedBy: "", more: more(answer, answer.matches.length), took_ms: answer.took_ms };
  }
  const answer = await api.search(question, file, how);
  return { matches: answer.results, verdict: "", matchedBy: answer.matched_by ?? "", more: more(answer, answer.results.length), took_ms: answer.took_ms };
}
