// The grid of what was found. Cards off the screen cost no layout (`content-visibility`) and their photos are loaded when
// they come near; the next results are asked for before the end is reached.

import { define, fill, h } from "../dom.js";
import { t } from "../language.js";
import { Problem } from "../problem.js";
import { LkNotice } from "./lk-notice.js";
import { isCopy, matchCard } from "./match-card.js";

/** @typedef {import("../asking.js").Answer} Answer */
/** @typedef {import("../api.js").Match} Match */
/** @typedef {import("../language.js").Key} Key */

const FIRST_SCREEN = 8;

export class LkResults extends HTMLElement {
  /** Asks for what comes after so many results. @type {(offset: number) => Promise<Answer>} */
  more = () => Promise.reject(new Error("nobody asks"));
  #count = 0;
  #check = false;
  /** The heading that the last card stands under. */
  #group = "";
  /** @type {HTMLElement | null} */
  #list = null;
  #end = h("div.end");
  #watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) void this.#next();
  }, { rootMargin: "900px" });
  #asking = false;

  disconnectedCallback() {
    this.#watcher.disconnect();
  }

  /** Shows that an answer is on its way: the last one fades, or blanks where there was none. */
  wait() {
    this.#watcher.disconnect();
    this.setAttribute("aria-busy", "true");
    if (!this.querySelector(".card")) fill(this, h("ul.grid", { "aria-hidden": "true" }, Array.from({ length: 12 }, () => h("li.card.blank-card", null, h("span.blank")))));
  }

  /** @param {LkNotice} notice in place of results */
  say(notice) {
    this.#watcher.disconnect();
    this.removeAttribute("aria-busy");
    fill(this, notice);
  }

  /** @param {Answer} answer @param {boolean} check whether copies are asked for */
  show(answer, check) {
    this.removeAttribute("aria-busy");
    fill(this, this.#end);
    this.#check = check;
    this.#count = 0;
    this.#group = "";
    this.#list = null;
    this.#add(answer.matches);
    this.#expect(answer.more);
  }

  /** @param {Match[]} matches */
  #add(matches) {
    for (const match of matches) {
      // Groups follow one another: what comes after a lesser one belongs to it.
      const group = this.#group === "far" || this.#group === "near" ? this.#group : groupOf(match, this.#check);
      if (group !== this.#group || !this.#list) {
        this.#group = group;
        this.#list = h("ul.grid", { data: { group } });
        const first = this.#count === 0 && !this.#check;
        if (!first && group) this.#end.before(h("h2.group-title", null, t(/** @type {Key} */ (`group.${group}`))));
        this.#end.before(this.#list);
      }
      this.#list.append(matchCard(match, this.#count < FIRST_SCREEN));
      this.#count += 1;
    }
  }

  /** @param {boolean} more whether there are further results */
  #expect(more) {
    this.#watcher.disconnect();
    fill(this.#end, more
      ? h("button.button.quiet", { type: "button", on: { click: () => void this.#next() } }, t("results.more"))
      : this.#count > FIRST_SCREEN && h("p.hint", null, t("results.end", { n: this.#count })));
    if (more) this.#watcher.observe(this.#end);
  }

  async #next() {
    if (this.#asking) return;
    this.#asking = true;
    this.#watcher.disconnect();
    const group = this.#list;
    try {
      const answer = await this.more(this.#count);
      // Another question may have been asked meanwhile.
      if (group === this.#list) {
        this.#add(answer.matches);
        this.#expect(answer.more && answer.matches.length > 0);
      }
    } catch (error) {
      if (error instanceof Problem && group === this.#list) fill(this.#end, new LkNotice().tell(error, { again: () => void this.#next() }));
    } finally {
      this.#asking = false;
    }
  }
}

/** @param {Match} match @param {boolean} check */
function groupOf(match, check) {
  if (match.class === "described") return "";
  if (check) return isCopy(match) ? "copies" : "near";
  return match.class === "none" ? "far" : "alike";
}

define("lk-results", LkResults);
