// Is it listed? Many photos at once, a verdict each, and the table as a file. The queue itself is in `verdicts.js`.

import { csv, saveAs } from "../csv.js";
import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { formatNumber, formatPercent, t } from "../language.js";
import { keep } from "../photos.js";
import { withSubject } from "../route.js";
import { go } from "../store.js";
import { clear, mayRetry, onVerdicts, retryFailed, verdictRows, verdicts } from "../verdicts.js";
import { nameOf } from "../fields.js";
import { LkNotice } from "./lk-notice.js";
import { photo } from "./lk-photo.js";
import { chooseFile } from "./lk-query.js";

/** @typedef {import("../verdicts.js").Item} Item */
/** @typedef {import("../language.js").Key} Key */

const VERDICTS = ["identical", "edited_copy", "similar", "none"];

export class LkMany extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};
  /** Rows by item, so that a verdict that comes in redraws one row. @type {Map<number, {item: Item, row: HTMLElement}>} */
  #rows = new Map();
  #head = h("div.many-head");
  #list = h("ul.verdicts", { "aria-label": t("many.list") });
  #pause = h("div", { role: "status" });
  /** The verdict that is shown alone; empty for all. */
  #only = "";
  #due = 0;

  connectedCallback() {
    this.#stop = onVerdicts(() => {
      // Hundreds of verdicts may come in a second; one drawing a frame is enough.
      cancelAnimationFrame(this.#due);
      this.#due = requestAnimationFrame(() => this.#draw());
    });
    this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    cancelAnimationFrame(this.#due);
  }

  #draw() {
    const { items, pause } = verdicts();
    if (items.length === 0) {
      this.#rows.clear();
      return fill(this, this.#start());
    }
    if (!this.contains(this.#list)) fill(this, this.#head, this.#pause, this.#list);
    this.#drawHead(items);
    if (!pause) fill(this.#pause);
    else if (!this.#pause.firstChild) fill(this.#pause, new LkNotice().tell(pause, {}));
    this.#drawRows(items);
    return undefined;
  }

  #start() {
    return h("section.hero", null,
      h("h1", null, t("many.title")),
      h("p.lead", null, t("many.lead")),
      h("button.drop-area", { type: "button", on: { click: chooseFile } },
        h("span.drop-icon", null, icon("upload")),
        h("strong", null, t("many.choose")),
        !matchMedia("(pointer: coarse)").matches && h("span.hint", null, t("many.drop"))));
  }

  /** @param {Item[]} items */
  #drawHead(items) {
    const done = items.filter(({ state }) => state === "done" || state === "failed").length;
    const again = items.filter(mayRetry).length;
    const tally = (/** @type {string} */ verdict) => items.filter((item) => item.state === "done" && item.verdict === verdict).length;
    const finished = done === items.length;
    const pressed = this.querySelector(".tally:focus")?.getAttribute("data-verdict");
    fill(this.#head,
      h("div.many-title", null,
        h("h1", null, t("many.title")),
        h("p", { role: "status" }, finished ? t("many.done", { n: items.length }) : t("many.progress", { done, all: items.length })),
        h("progress.progress", { max: items.length, value: done, hidden: finished, "aria-label": t("many.title") })),
      h("div.tallies", { role: "group", "aria-label": t("many.only") }, VERDICTS.map((verdict) =>
        h("button.tally", { type: "button", data: { verdict }, "aria-pressed": String(this.#only === verdict), on: { click: () => {
          this.#only = this.#only === verdict ? "" : verdict;
          this.#draw();
        } } }, h("b", null, formatNumber(tally(verdict))), h("span", null, t(/** @type {Key} */ (`tally.${verdict}`), { n: tally(verdict) }))))),
      h("p.ways", null,
        h("button.button", { type: "button", on: { click: chooseFile } }, icon("upload"), t("many.add")),
        h("button.button.quiet", { type: "button", disabled: !finished, on: { click: () => saveAs("lookalike-verdicts.csv", csv(verdictRows(sayVerdict)), "text/csv") } }, icon("download"), t("many.export")),
        again > 0 && h("button.button.quiet", { type: "button", on: { click: retryFailed } }, t("many.retry", { n: again })),
        h("button.button.quiet", { type: "button", on: { click: clear } }, t("many.clear"))));
    if (pressed) /** @type {HTMLElement | null} */ (this.querySelector(`.tally[data-verdict=${pressed}]`))?.focus();
  }

  /** @param {Item[]} items */
  #drawRows(items) {
    for (const item of items) {
      const known = this.#rows.get(item.id);
      if (!known) {
        const row = h("li.verdict-row");
        fillRow(row, item);
        this.#rows.set(item.id, { item, row });
        this.#list.append(row);
      } else if (known.item !== item) {
        fillRow(known.row, item);
        known.item = item;
      }
      const row = this.#rows.get(item.id)?.row;
      if (row) row.hidden = this.#only !== "" && item.verdict !== this.#only;
    }
    for (const [id, { row }] of this.#rows) {
      if (!items.some((item) => item.id === id)) {
        row.remove();
        this.#rows.delete(id);
      }
    }
  }
}

/** What became of a photo, in words. @param {Item} item */
function sayVerdict(item) {
  if (item.state === "failed" && item.problem) return t(/** @type {Key} */ (`problem.${item.problem.kind}.title`));
  return t(/** @type {Key} */ (item.state === "done" ? `many.${item.verdict}` : `many.${item.state}`));
}

/** @param {HTMLElement} row @param {Item} item */
function fillRow(row, item) {
  row.dataset.state = item.state;
  row.dataset.verdict = item.verdict;
  const [best] = item.matches;
  const copy = item.verdict === "identical" || item.verdict === "edited_copy";
  fill(row,
    thumbnail(item),
    h("div.row-text", null, h("strong", { dir: "auto" }, item.file.name),
      h("span.pill", { data: { verdict: item.state === "done" ? item.verdict : item.state } }, copy && icon("check"), sayVerdict(item)),
      item.problem?.detail && h("span.hint", null, item.problem.detail)),
    best ? h("a.row-match", { href: `?open=${encodeURIComponent(best.product_id)}`, on: { click: (/** @type {MouseEvent} */ event) => {
      event.preventDefault();
      void look(item);
    } } },
      photo(best.image_url, { sizes: "5rem" }),
      h("span", null, h("strong", { dir: "auto" }, nameOf(best)), h("span.hint", null, formatPercent(best.match_percent)))) : h("span.row-match"));
}

/** @param {Item} item */
function thumbnail({ thumbnail: src }) {
  const image = h("img.row-photo", { src, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(h("span.row-photo.missing", null, icon("file"))));
  return image;
}

/** Shows what was found for one photo in full. @param {Item} item */
async function look({ file }) {
  const name = await keep({ name: file.name, blob: file });
  go(withSubject({ photo: name, ask: "check" }));
  scrollTo(0, 0);
}

define("lk-many", LkMany);

