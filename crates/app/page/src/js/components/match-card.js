// A product that was found, as a card: photo first, then name, price and how well it fits.

import { nameOf, priceOf } from "../fields.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { formatPercent, t } from "../language.js";
import { withSubject } from "../route.js";
import { go } from "../store.js";
import { photo } from "./lk-photo.js";

/** @typedef {import("../api.js").Match} Match */
/** @typedef {import("../language.js").Key} Key */

/** @param {Match} match */
export const isCopy = (match) => match.class === "identical" || match.class === "edited_copy";

/** What a class is called. @param {string} name */
export const className = (name) => t(/** @type {Key} */ (`class.${name}`));

/** The percentage with its class, as a pill. @param {Match} match */
export const badge = (match) =>
  h("span.badge", { data: { class: match.class } }, isCopy(match) && icon("check"), h("b", null, formatPercent(match.match_percent)), h("span", null, className(match.class)));

/** @param {Match} match @param {boolean} eager whether it is on the first screen */
export function matchCard(match, eager) {
  const name = nameOf(match);
  const price = priceOf(match.fields);
  return h("li.card", { data: { class: match.class } },
    h("a.card-main", { href: `?open=${encodeURIComponent(match.product_id)}`, on: { click: openProduct(match.product_id) } },
      photo(match.image_url, { eager, sizes: "(max-width: 40rem) 50vw, 16rem" }),
      badge(match),
      h("span.card-text", null, h("strong", { dir: "auto" }, name), price && h("span.price", null, price))),
    match.image_id && h("button.icon-button.card-more", { type: "button", title: t("product.similar"), "aria-label": t("product.similar_to", { name }), on: { click: () => {
      go(withSubject({ image: match.image_id ?? "", ask: "similar" }));
      scrollTo(0, 0);
    } } }, icon("similar")));
}

/** Opens a product above what is shown; a new tab is left to the browser. @param {string} id */
export const openProduct = (id) => (/** @type {MouseEvent} */ event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ open: id });
};
