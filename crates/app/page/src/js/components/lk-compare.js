// The photo that was asked with and the photo found, compared: side by side, laid over one another, or in turns. In turns
// small edits leap to the eye; where movement is unwelcome a button turns instead of a clock.

import { define, fill, h } from "../dom.js";
import { t } from "../language.js";
import { prefersStillness } from "../settings.js";
import { photo } from "./lk-photo.js";

/** @typedef {"beside" | "over" | "blink"} Way */
/** @typedef {import("../language.js").Key} Key */

/** @type {Way[]} */
const WAYS = ["beside", "over", "blink"];
const TURN_MS = 650;

export class LkCompare extends HTMLElement {
  /** The photo asked with: an object URL or the server's. */
  mine = "";
  /** The photo found. */
  theirs = "";
  /** @type {Way} */
  #way = "beside";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #stage = h("div.compare-stage");

  connectedCallback() {
    // Moved to another place it goes on as it was.
    if (this.firstChild) return this.#turn(this.#way);
    fill(this,
      h("fieldset.toggle.small", null, h("legend.unseen", null, t("compare.title")), WAYS.map((way) =>
        h("label", null, h("input", { type: "radio", name: "compare", value: way, checked: way === this.#way, on: { change: () => this.#turn(way) } }), h("span", null, t(/** @type {Key} */ (`compare.${way}`)))))),
      this.#stage);
    return this.#turn(this.#way);
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
  }

  /** @param {Way} way */
  #turn(way) {
    clearInterval(this.#clock);
    this.#way = way;
    this.#stage.dataset.way = way;
    const figure = (/** @type {string} */ url, /** @type {Key} */ key) =>
      h("figure", null, photo(url, { alt: t(key), eager: true, sizes: "24rem" }), h("figcaption", null, t(key)));
    const [mine, theirs] = [figure(this.mine, "compare.mine"), figure(this.theirs, "compare.theirs")];
    if (way === "over") return fill(this.#stage, mine, theirs, this.#slider());
    if (way === "blink") return fill(this.#stage, mine, theirs, this.#blinker());
    return fill(this.#stage, mine, theirs);
  }

  #slider() {
    const slider = h("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": t("compare.mix"), on: { input: () => this.#stage.style.setProperty("--mix", `${slider.value}%`) } });
    this.#stage.style.setProperty("--mix", "50%");
    return slider;
  }

  #blinker() {
    const turn = () => this.#stage.toggleAttribute("data-theirs");
    if (!prefersStillness()) this.#clock = setInterval(turn, TURN_MS);
    return h("button.button.quiet.small", { type: "button", on: { click: () => {
      // A press takes over from the clock.
      clearInterval(this.#clock);
      turn();
    } } }, t("compare.turn"));
  }
}

define("lk-compare", LkCompare);
