// What the page says in place of an answer: empty, waiting, gone wrong. A notice names what is so and offers a way on;
// those that pass by themselves count down and go on without being asked.

import * as api from "../api.js";
import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { lasts, passes } from "../problem.js";

/** @typedef {import("../problem.js").Problem} Problem */
/** @typedef {import("../problem.js").ProblemKind} ProblemKind */
/** @typedef {import("../language.js").Key} Key */
/** @typedef {{label: string, act: () => void}} Way */

/** @type {Partial<Record<ProblemKind, import("../icons.js").IconName>>} */
const ICONS = {
  offline: "offline", unreachable: "offline", slow: "clock", rate_limited: "clock", busy: "clock", key_needed: "key",
  key_refused: "key", forbidden: "key", too_large: "photo", heic: "photo", not_a_picture: "file", empty_file: "file",
  unreadable_file: "file", photo_gone: "photo", url_refused: "link", gone: "search", filter: "filter",
};
const PING_MS = 2000;
const FIRST_WAIT_S = 2;

export class LkNotice extends HTMLElement {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /**
   * @param {import("../icons.js").IconName} picture @param {string} title @param {string} text @param {Way[]} [ways]
   */
  say(picture, title, text, ways = []) {
    clearInterval(this.#timer);
    fill(
      this,
      h("span.notice-icon", null, icon(picture)),
      h("h2", null, title),
      text && h("p", { dir: "auto" }, text),
      ways.length > 0 && h("p.ways", null, ways.map(({ label, act }, index) =>
        h(index === 0 ? "button.button" : "button.button.quiet", { type: "button", on: { click: act } }, label))),
    );
    return this;
  }

  /**
   * Tells of a problem. `again` asks again; `others` are ways that fit only here.
   * @param {Problem} problem @param {{again?: (() => void) | undefined, others?: Way[]}} ways
   */
  tell(problem, { again, others = [] }) {
    const { kind, detail } = problem;
    const title = t(/** @type {Key} */ (`problem.${kind}.title`));
    const said = t(/** @type {Key} */ (`problem.${kind}.text`), { detail });
    const retry = again && { label: t("act.again"), act: again };
    const offersAgain = retry && !lasts(kind);
    this.say(ICONS[kind] ?? "alert", title, said.trim(), [...others, ...(offersAgain ? [retry] : [])]);
    this.setAttribute("role", "alert");
    if (again && passes(kind)) this.#comeBack(problem, again);
    return this;
  }

  /** @param {Problem} problem @param {() => void} again */
  #comeBack({ kind, wait_s }, again) {
    const line = h("p.soon", { "aria-hidden": "true" });
    this.append(line);
    if (kind === "offline" || kind === "unreachable") {
      line.textContent = t("notice.watching");
      this.#timer = setInterval(async () => {
        if (navigator.onLine && (await api.isAlive()) && this.isConnected) {
          clearInterval(this.#timer);
          again();
        }
      }, PING_MS);
      return;
    }
    let left_s = Math.max(FIRST_WAIT_S, wait_s);
    const count = () => {
      line.textContent = t("notice.countdown", { n: left_s });
      if (left_s <= 0) {
        clearInterval(this.#timer);
        again();
      }
      left_s -= 1;
    };
    count();
    this.#timer = setInterval(count, 1000);
  }
}

define("lk-notice", LkNotice);
