// A product in full, above what is shown: its photos, its fields, why it matches, and the comparison with the photo that was
// asked with. What the answer told of it is shown at once; the rest comes when the server tells it.

import * as api from "../api.js";
import { define, fill, h } from "../dom.js";
import { evidenceLines } from "../evidence.js";
import { labelOf, nameOf, priceOf, rowsOf } from "../fields.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { kept } from "../photos.js";
import { Problem } from "../problem.js";
import { hasPicture, withSubject } from "../route.js";
import { go, now, subscribe } from "../store.js";
import { LkCompare } from "./lk-compare.js";
import { LkNotice } from "./lk-notice.js";
import { photo } from "./lk-photo.js";
import { imagePath } from "./lk-query.js";
import { rememberedMatch } from "./lk-search.js";
import { badge } from "./match-card.js";

/** @typedef {import("../api.js").Match} Match */
/** @typedef {{image_id: string, image_url: string}} Image */
/** @typedef {{product_id: string, fields: import("../fields.js").Fields, images: Image[]}} Product */

export class LkProduct extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};
  #id = "";
  #asking = new AbortController();
  #object = "";
  /** @type {LkCompare | null} */
  #compared = null;
  #dialog = h("dialog.product", { "aria-labelledby": "product-title", on: {
    close: () => { if (this.#id) go({ open: "" }); },
    click: (/** @type {MouseEvent} */ event) => { if (event.target === this.#dialog) this.#dialog.close(); },
  } });

  connectedCallback() {
    fill(this, this.#dialog);
    this.#stop = subscribe(({ route }, before) => {
      if (route.open !== before.route.open) this.#follow(route.open);
    });
    this.#follow(now().route.open);
  }

  disconnectedCallback() {
    this.#stop();
    this.#end();
  }

  /** @param {string} id */
  #follow(id) {
    this.#end();
    this.#id = id;
    if (!id) return this.#dialog.close();
    const match = rememberedMatch(id);
    const known = match && { product_id: id, fields: /** @type {Product["fields"]} */ (match.fields), images: match.image_id && match.image_url ? [{ image_id: match.image_id, image_url: match.image_url }] : [] };
    if (known) this.#draw(known, match);
    else fill(this.#dialog, this.#closer(), h("div.product-waiting", null, h("h2.unseen", { id: "product-title" }, t("search.looking")), h("span.blank"), h("span.blank")));
    if (!this.#dialog.open) this.#dialog.showModal();
    return void this.#learn(id, known, match);
  }

  #end() {
    this.#asking.abort();
    this.#asking = new AbortController();
    if (this.#object) URL.revokeObjectURL(this.#object);
    this.#object = "";
    this.#compared = null;
  }

  /** @param {string} id @param {Product | null} known @param {Match | null} match */
  async #learn(id, known, match) {
    const { signal } = this.#asking;
    try {
      const product = await api.product(id, signal);
      if (signal.aborted) return;
      // The photo that matched comes first: it is what was looked at.
      const images = [...product.images].sort((a, b) => Number(b.image_id === match?.image_id) - Number(a.image_id === match?.image_id));
      this.#draw({ product_id: id, fields: /** @type {Product["fields"]} */ (product.fields), images }, match);
    } catch (error) {
      // A server that does not tell of single products: what the answer told has to do.
      if (signal.aborted || known || !(error instanceof Problem)) return;
      fill(this.#dialog, this.#closer(), h("h2.unseen", { id: "product-title" }, id), new LkNotice().tell(error, { again: () => this.#follow(id) }));
    }
  }

  #closer() {
    return h("button.icon-button.closer", { type: "button", "aria-label": t("act.close"), on: { click: () => this.#dialog.close() } }, icon("close"));
  }

  /** @param {Product} product @param {Match | null} match */
  #draw(product, match) {
    const name = nameOf(product);
    const price = priceOf(product.fields);
    const main = product.images[0];
    const rows = rowsOf(product.fields).filter(([, text]) => text !== name);
    const compare = h("div.compare-place");
    fill(this.#dialog,
      this.#closer(),
      h("div.product-body", null,
        this.#gallery(product, name, compare),
        h("div.product-facts", null,
          match && badge(match),
          h("h2", { id: "product-title", dir: "auto" }, name),
          price && h("p.price", null, price),
          h("p.ways", null,
            main && h("button.button", { type: "button", on: { click: () => {
              go(withSubject({ image: main.image_id }));
              scrollTo(0, 0);
            } } }, icon("similar"), t("product.similar"))),
          match && evidence(match),
          h("dl.fields", null, [["id", product.product_id], ...rows].map(([field = "", text = ""]) =>
            h("div", null, h("dt", null, field === "id" ? t("product.id") : labelOf(field)), h("dd", { dir: "auto" }, text)))))));
    if (match?.image_url && hasPicture(now().route)) void this.#compare(compare, match.image_url);
  }

  /** @param {Product} product @param {string} name @param {HTMLElement} compare */
  #gallery({ images }, name, compare) {
    const stage = h("div.gallery-stage");
    const show = (/** @type {Image} */ image) => fill(stage, photo(image.image_url, { alt: name, eager: true, sizes: "(max-width: 48rem) 100vw, 36rem" }));
    const [first] = images;
    if (first) show(first);
    else fill(stage, photo(null));
    return h("div.gallery", null, stage,
      images.length > 1 && h("ul.thumbs", null, images.map((image, index) =>
        h("li", null, h("button", { type: "button", "aria-label": t("product.photo", { n: index + 1, all: images.length }), "aria-pressed": String(index === 0), on: { click: (/** @type {Event} */ event) => {
          show(image);
          for (const one of this.querySelectorAll(".thumbs button")) one.setAttribute("aria-pressed", String(one === event.currentTarget));
        } } }, photo(image.image_url, { sizes: "5rem" }))))), compare);
  }

  /** @param {HTMLElement} place @param {string} theirs */
  async #compare(place, theirs) {
    const { route } = now();
    let mine = "";
    if (this.#object) mine = this.#object;
    else if (route.photo) mine = this.#object = URL.createObjectURL((await kept(route.photo)).blob);
    else if (route.image) mine = imagePath(route.image);
    if (!mine || mine === theirs) return;
    // What a person set on it stays as it is when the rest of the product comes in.
    if (this.#compared?.theirs !== theirs) this.#compared = Object.assign(new LkCompare(), { mine, theirs });
    fill(place, h("h3", null, t("compare.title")), this.#compared);
  }
}

/** @param {Match} match */
function evidence(match) {
  const lines = evidenceLines(match);
  if (lines.length === 0) return null;
  return h("details.evidence", { open: true }, h("summary", null, t("evidence.title")),
    h("ul", null, lines.map(({ text, strength }) => h("li", null, h("span", null, text), strength !== null && h("meter", { min: 0, max: 1, value: strength, "aria-label": text })))));
}

define("lk-product", LkProduct);
