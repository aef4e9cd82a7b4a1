// The search: an inviting start while nothing is asked, and the answer with its question beside it afterwards. Asks whenever
// the route's question changes, shows the latest answer only, and remembers the last few so that back is instant.

import { answerTo, isCheck } from "../asking.js";
import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { nameOf } from "../fields.js";
import { filterCount } from "../filters.js";
import { formatNumber, t } from "../language.js";
import { Problem } from "../problem.js";
import { hasPicture, hasQuestion, questionOf, withSubject } from "../route.js";
import { go, now, subscribe } from "../store.js";
import { kept, keep, smaller } from "../photos.js";
import { LkAsk } from "./lk-ask.js";
import { LkFilters } from "./lk-filters.js";
import { askForKey } from "./lk-key.js";
import { LkNotice } from "./lk-notice.js";
import { photo } from "./lk-photo.js";
import { LkQuery, chooseFile } from "./lk-query.js";
import { LkResults } from "./lk-results.js";
import { verdictLine } from "./verdict-line.js";

/** @typedef {import("../route.js").Route} Route */
/** @typedef {import("../asking.js").Answer} Answer */

const REMEMBERED = 12;
/** Answers by question. @type {Map<string, Answer>} */
const remembered = new Map();

/** Whatever was answered may be otherwise now: the catalog, or who asks, has changed. */
export const forgetAnswers = () => remembered.clear();

export class LkSearch extends HTMLElement {
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {(() => void)} */
  #stop = () => {};
  #question = "";
  #layout = "";
  #results = new LkResults();
  #status = h("div.status", { role: "status" });
  #progress = h("progress.progress", { max: 1, hidden: true, "aria-label": t("search.sending") });
  #beside = h("div.beside");

  connectedCallback() {
    this.#results.more = (offset) => this.#more(offset);
    this.#stop = subscribe((state, before) => {
      if (state.catalog !== before.catalog || state.mishap !== before.mishap || state.route !== before.route) this.#follow();
    });
    this.#follow();
  }

  disconnectedCallback() {
    this.#stop();
    this.#asking?.abort();
  }

  #follow() {
    const { route, mishap } = now();
    if (route.view !== "search") return;
    const asked = hasQuestion(route);
    const layout = mishap ? "mishap" : asked ? (hasPicture(route) ? "picture" : "words") : "start";
    if (layout !== this.#layout || layout === "start") this.#lay(layout);
    if (layout === "start" || layout === "mishap") {
      this.#question = "";
      this.#asking?.abort();
      return;
    }
    this.#drawBeside(route);
    const question = questionOf(route);
    if (question === this.#question) return;
    this.#question = question;
    void this.#ask(route);
  }

  /** @param {string} layout */
  #lay(layout) {
    this.#layout = layout;
    this.dataset.layout = layout;
    const ask = new LkAsk();
    if (layout === "start") return fill(this, this.#hero(ask), this.#wall());
    if (layout === "mishap") {
      const notice = new LkNotice();
      fill(this, h("h1.unseen", null, t("nav.search")), h("div.top", null, ask), notice);
      const { mishap } = now();
      if (mishap) notice.tell(mishap, { others: [{ label: t("act.choose_other"), act: chooseFile }] });
      return undefined;
    }
    return fill(this, h("div.top", null, ask),
      h("div.searching", null,
        this.#beside,
        h("section.answer", { "aria-labelledby": "answer-title" }, this.#progress, this.#status, this.#results)));
  }

  /** @param {LkAsk} ask */
  #hero(ask) {
    const { catalog } = now();
    const size = catalog && catalog.images > 0
      ? t("start.size", { products: t("count.products", { n: catalog.products }), photos: t("count.photos", { n: catalog.images }) })
      : "";
    return h("section.hero", null,
      h("h1", null, t("start.title")),
      h("p.lead", null, t("start.lead")),
      h("div.drop-zone", null, ask),
      h("p.hint", null, t(matchMedia("(pointer: coarse)").matches ? "start.hint_touch" : "start.hint"), size && h("span", null, ` ${size}`)));
  }

  #wall() {
    const { catalog } = now();
    if (!catalog) return h("div.wall-waiting", { "aria-hidden": "true" }, Array.from({ length: 18 }, () => h("span.blank")));
    if (catalog.images === 0) {
      const notice = new LkNotice().say("catalog", t("start.empty.title"), t("start.empty.text"), [{ label: t("start.empty.way"), act: () => go({ view: "catalog" }) }]);
      return notice;
    }
    return h("section.wall", { "aria-labelledby": "wall-title" },
      h("h2", { id: "wall-title" }, t("start.samples")),
      h("ul", null, catalog.samples.map((sample, index) => {
        const name = nameOf(sample);
        return h("li", null, h("a", { href: `/?image=${encodeURIComponent(sample.image_id)}`, "aria-label": t("product.similar_to", { name }), title: name, on: { click: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          go(withSubject({ image: sample.image_id }));
          scrollTo(0, 0);
        } } }, photo(sample.image_url, { eager: index < 12, sizes: "(max-width: 40rem) 33vw, 12rem" })));
      })));
  }

  /** The question beside the answer. @param {Route} route */
  #drawBeside(route) {
    if (this.#beside.dataset.layout === this.#layout) return this.#mark(route);
    this.#beside.dataset.layout = this.#layout;
    const filters = new LkFilters();
    const sheet = h("dialog.sheet", { "aria-label": t("filters.title"), on: { close: () => this.#beside.append(filters) } });
    const opener = h("button.button.quiet.filter-opener", { type: "button", on: { click: () => {
      fill(sheet, h("div.sheet-head", null, h("h2", null, t("filters.title")), h("button.icon-button", { type: "button", "aria-label": t("act.close"), on: { click: () => sheet.close() } }, icon("close"))), filters,
        h("button.button", { type: "button", on: { click: () => sheet.close() } }, t("filters.show")));
      sheet.showModal();
    } } }, icon("filter"), h("span"));
    fill(this.#beside,
      this.#layout === "picture" && new LkQuery(),
      this.#layout === "picture" && h("p.web-address", { dir: "ltr" }),
      this.#layout === "picture" && this.#toggle(),
      opener, sheet, filters);
    this.#mark(route);
    return undefined;
  }

  #toggle() {
    const choice = (/** @type {Route["ask"]} */ ask, /** @type {import("../language.js").Key} */ key) =>
      h("label", null, h("input", { type: "radio", name: "ask", value: ask, on: { change: () => go({ ask, open: "" }) } }), h("span", null, t(key)));
    return h("fieldset.toggle", null, h("legend.unseen", null, t("ask.kind")), choice("similar", "ask.similar"), choice("check", "ask.check"));
  }

  /** @param {Route} route */
  #mark(route) {
    for (const radio of this.#beside.querySelectorAll("input")) if (radio.name === "ask") radio.checked = radio.value === route.ask;
    const web = this.#beside.querySelector(".web-address");
    if (web) web.textContent = route.url;
    const count = filterCount(route);
    const label = this.#beside.querySelector(".filter-opener span");
    if (label) label.textContent = count > 0 ? t("filters.opener", { n: count }) : t("filters.title");
  }

  /** @param {Route} route */
  async #ask(route) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const known = remembered.get(this.#question);
    if (known) return this.#show(route, known);
    this.#results.wait();
    const slow = setTimeout(() => fill(this.#status, h("h1.summary.quiet-status", { id: "answer-title" }, t("search.looking"))), 300);
    try {
      const answer = await answerTo(route, 0, { signal: asking.signal, onProgress: (fraction) => this.#sent(fraction) });
      if (asking !== this.#asking) return undefined;
      remember(questionOf(route), answer);
      clearTimeout(slow);
      this.#show(route, answer);
    } catch (error) {
      clearTimeout(slow);
      if (asking !== this.#asking || (error instanceof DOMException && error.name === "AbortError")) return undefined;
      this.#fail(route, error instanceof Problem ? error : new Problem("server", { detail: String(error) }));
    }
    this.#sent(1);
    return undefined;
  }

  /** @param {number} fraction of the photo that has gone out */
  #sent(fraction) {
    this.#progress.hidden = fraction >= 1;
    this.#progress.value = fraction;
  }

  /** @param {Route} route @param {Answer} answer */
  #show(route, answer) {
    this.#sent(1);
    fill(this.#status, isCheck(route) ? verdictLine(answer) : h("h1.summary", { id: "answer-title" }, this.#summary(route, answer)));
    if (answer.matches.length === 0) return this.#results.say(this.#nothing(route));
    return this.#results.show(answer, isCheck(route));
  }

  /** @param {Route} route @param {Answer} answer */
  #summary(route, answer) {
    if (answer.matches.length === 0) return t("search.none");
    const ms = formatNumber(Math.max(1, Math.round(answer.took_ms)));
    const n = answer.matches.length;
    if (answer.matchedBy) return t(answer.matchedBy === "words" ? "search.by_words" : "search.by_vector", { words: route.text });
    return t(answer.more ? "search.best" : "search.found", { n, ms });
  }

  /** @param {Route} route */
  #nothing(route) {
    const notice = new LkNotice();
    if (filterCount(route) > 0) {
      return notice.say("filter", t("search.filtered.title"), t("search.filtered.text"), [{ label: t("filters.clear"), act: () => go({ values: {}, ranges: {} }) }]);
    }
    const words = route.text !== "";
    return notice.say("search", t(words ? "search.no_words.title" : "search.nothing.title"), t(words ? "search.no_words.text" : "search.nothing.text"), [{ label: t("ask.choose"), act: chooseFile }]);
  }

  /** @param {Route} route @param {Problem} problem */
  #fail(route, problem) {
    const again = () => {
      this.#question = "";
      this.#follow();
    };
    fill(this.#status, h("h1.unseen", { id: "answer-title" }, t("search.failed")));
    this.#results.say(new LkNotice().tell(problem, { again, others: this.#ways(route, problem) }));
  }

  /** @param {Route} route @param {Problem} problem @returns {import("./lk-notice.js").Way[]} */
  #ways(route, { kind }) {
    if (kind === "key_needed" || kind === "key_refused" || kind === "forbidden") return [{ label: t("key.enter"), act: () => askForKey() }];
    if (kind === "too_large" && route.photo) return [{ label: t("act.send_smaller"), act: () => void this.#sendSmaller(route) }, { label: t("act.choose_other"), act: chooseFile }];
    if (kind === "filter") return [{ label: t("filters.clear"), act: () => go({ values: {}, ranges: {} }) }];
    if (["not_a_picture", "empty_file", "unreadable_file", "photo_gone", "url_refused", "gone", "heic"].includes(kind)) return [{ label: t("act.choose_other"), act: chooseFile }];
    return [];
  }

  /** @param {Route} route */
  async #sendSmaller(route) {
    this.#results.wait();
    try {
      go({ photo: await keep(await smaller(await kept(route.photo))) }, { replace: true });
    } catch (error) {
      this.#fail(route, error instanceof Problem ? error : new Problem("not_a_picture"));
    }
  }

  /** The next results. @param {number} offset @returns {Promise<Answer>} */
  async #more(offset) {
    const { route } = now();
    const question = this.#question;
    const next = await answerTo(route, offset, { signal: this.#asking?.signal ?? new AbortController().signal });
    const before = remembered.get(question);
    if (before) remember(question, { ...next, verdict: before.verdict, matches: [...before.matches, ...next.matches] });
    return next;
  }
}

/** @param {string} question @param {Answer} answer */
function remember(question, answer) {
  remembered.delete(question);
  remembered.set(question, answer);
  const [oldest] = remembered.keys();
  if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

/** A match of an answer that is remembered: what is known of a product without asking. @param {string} productId */
export function rememberedMatch(productId) {
  for (const answer of [...remembered.values()].reverse()) {
    const found = answer.matches.find((match) => match.product_id === productId);
    if (found) return found;
  }
  return null;
}

define("lk-search", LkSearch);
