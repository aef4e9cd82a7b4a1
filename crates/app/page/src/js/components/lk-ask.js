// Where a question begins: words or an address typed, a photo chosen or taken. Dropping and pasting work all over the page
// and are taken in `main.js`.

import { takeFiles, takeText } from "../asking.js";
import { define, fill, freshId, h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { now, subscribe } from "../store.js";
import { takePhoto } from "./lk-camera.js";

export class LkAsk extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};

  connectedCallback() {
    const { route } = now();
    const id = freshId("words");
    const field = h("input", { id, type: "search", dir: "auto", maxLength: 4096, autocomplete: "off", enterKeyHint: "search", value: route.text, placeholder: t("ask.placeholder") });
    const chooser = h("input.unseen", { type: "file", accept: "image/*,.heic,.heif", multiple: true, tabIndex: -1, "aria-hidden": "true", on: { change: () => {
      void takeFiles([...(chooser.files ?? [])]);
      // The same file may be chosen again.
      chooser.value = "";
    } } });
    fill(
      this,
      h("form", { role: "search", on: { submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        takeText(field.value);
      } } },
        h("label.unseen", { htmlFor: id }, t("ask.label")),
        h("span.lens", null, icon("search")),
        field,
        button("ask.choose", "photo", () => chooser.click()),
        button("ask.camera", "camera", () => takePhoto(() => chooser.click())),
        h("button.button.submit", { type: "submit" }, t("ask.submit")),
        chooser),
    );
    this.#stop = subscribe((state, before) => {
      if (state.route.text !== before.route.text) field.value = state.route.text;
    });
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** Opens the chooser of files. */
  choose() {
    /** @type {HTMLInputElement | null} */ (this.querySelector("input[type=file]"))?.click();
  }
}

/** @param {import("../language.js").Key} key @param {import("../icons.js").IconName} picture @param {() => void} act */
const button = (key, picture, act) =>
  h("button.icon-button", { type: "button", title: t(key), "aria-label": t(key), on: { click: act } }, icon(picture));

define("lk-ask", LkAsk);
