// Many photos, a verdict each: the queue behind the view. It lives as long as the page, whatever view is shown, asks about
// two photos at a time, and waits where the server says it is asked too often or is away.

import * as api from "./api.js";
import { nameOf } from "./fields.js";
import { photoOf } from "./photos.js";
import { Problem, lasts, passes } from "./problem.js";

/** @typedef {import("./api.js").Match} Match */
/**
 * @typedef {object} Item
 * @property {number} id
 * @property {File} file
 * @property {string} thumbnail an object URL; the browser's own work
 * @property {"waiting" | "asking" | "done" | "failed"} state
 * @property {string} verdict
 * @property {Match[]} matches
 * @property {Problem | null} problem
 */

const AT_ONCE = 2;
const WAIT_S = 2;

/** @type {Item[]} */
let items = [];
let asking = 0;
let nextId = 1;
/** Until when nothing is asked, and why. @type {Problem | null} */
let pause = null;
/** @type {Set<() => void>} */
const listeners = new Set();

export const verdicts = () => ({ items, pause });

/** @param {() => void} listener @returns {() => void} */
export function onVerdicts(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const tell = () => listeners.forEach((listener) => listener());

/** @param {File[]} files */
export function enqueue(files) {
  const fresh = files.map((file) => /** @type {Item} */ ({
    id: nextId++, file, thumbnail: URL.createObjectURL(file), state: "waiting", verdict: "", matches: [], problem: null,
  }));
  items = [...items, ...fresh];
  tell();
  work();
}

/** Forgets everything. */
export function clear() {
  for (const { thumbnail } of items) URL.revokeObjectURL(thumbnail);
  items = [];
  tell();
}

/** Whether asking again about a photo that failed may help. @param {Item} item */
export const mayRetry = ({ state, problem }) => state === "failed" && problem !== null && !lasts(problem.kind);

/** Asks again about those that failed, where that may help. */
export function retryFailed() {
  items = items.map((item) => (mayRetry(item) ? { ...item, state: "waiting", problem: null } : item));
  tell();
  work();
}

/** @param {number} id @param {Partial<Item>} change */
function change(id, change) {
  items = items.map((item) => (item.id === id ? { ...item, ...change } : item));
  tell();
}

function work() {
  while (asking < AT_ONCE && !pause) {
    const item = items.find(({ state }) => state === "waiting");
    if (!item) return;
    asking += 1;
    change(item.id, { state: "asking" });
    void decide(item).finally(() => {
      asking -= 1;
      work();
    });
  }
}

/** @param {Item} item */
async function decide(item) {
  try {
    const { blob } = await photoOf(item.file);
    const { verdict, matches } = await api.check({ top: 3 }, blob);
    change(item.id, { state: "done", verdict, matches });
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem("server", { detail: String(error) });
    if (passes(problem.kind)) rest(item, problem);
    else change(item.id, { state: "failed", problem });
  }
}

/** Puts `item` back and asks nothing until its problem may have passed. @param {Item} item @param {Problem} problem */
function rest(item, problem) {
  pause = problem;
  change(item.id, { state: "waiting" });
  setTimeout(() => {
    pause = null;
    tell();
    work();
  }, Math.max(WAIT_S, problem.wait_s) * 1000);
}

/** The table for a spreadsheet: a row per photo with its best match. @param {(item: Item) => string} say what a verdict is called */
export function verdictRows(/** @type {(item: Item) => string} */ say) {
  const head = ["photo", "verdict", "match_percent", "product_id", "product_name", "image_id", "explanation"];
  const rows = items.map((item) => {
    const [best] = item.matches;
    const found = best ? [best.match_percent, best.product_id, nameOf(best), best.image_id ?? ""] : ["", "", "", ""];
    return [item.file.name, item.state === "done" ? item.verdict : item.state, ...found, say(item)];
  });
  return [head, ...rows];
}
