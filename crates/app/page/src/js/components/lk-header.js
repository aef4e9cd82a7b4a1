// The bar at the top: where one is, the language, light or dark, the key. On a phone the three places move to the bottom.

import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { LANGUAGE_NAMES, language, t } from "../language.js";
import { emptyRoute, formatRoute } from "../route.js";
import { applyTheme, choose, isDark } from "../settings.js";
import { go, now, subscribe } from "../store.js";
import { askForKey } from "./lk-key.js";

/** @typedef {import("../route.js").Route} Route */

/** @type {{view: Route["view"], icon: import("../icons.js").IconName, key: import("../language.js").Key}[]} */
const PLACES = [
  { view: "search", icon: "search", key: "nav.search" },
  { view: "many", icon: "check", key: "nav.many" },
  { view: "catalog", icon: "catalog", key: "nav.catalog" },
];

export class LkHeader extends HTMLElement {
  /** @type {() => void} */
  #stop = () => {};

  connectedCallback() {
    this.setAttribute("role", "banner");
    this.#draw();
    this.#stop = subscribe((state, before) => {
      if (state.route.view !== before.route.view) this.#mark();
    });
  }

  disconnectedCallback() {
    this.#stop();
  }

  #draw() {
    const theme = h("button.icon-button", { type: "button", on: { click: () => this.#turn(theme) } });
    this.#name(theme);
    fill(
      this,
      h("a.brand", { href: "/", on: { click: visit({}) } }, h("img", { src: iconUrl(), alt: "", width: 28, height: 28 }), "lookalike"),
      h("nav", { "aria-label": t("nav.label") }, PLACES.map(({ view, icon: picture, key }) =>
        h("a", { href: formatRoute({ ...emptyRoute(), view }), data: { view }, on: { click: visit({ view }) } }, icon(picture), h("span", null, t(key))))),
      h("div.settings", null,
        h("select", { "aria-label": t("settings.language"), on: { change: speak } },
          Object.entries(LANGUAGE_NAMES).map(([tag, name]) => h("option", { value: tag, selected: tag === language(), lang: tag }, name))),
        h("button.icon-button", { type: "button", title: t("key.title"), "aria-label": t("key.title"), on: { click: () => askForKey() } }, icon("key")),
        theme),
    );
    this.#mark();
  }

  #mark() {
    for (const link of this.querySelectorAll("nav a")) {
      const here = link instanceof HTMLElement && link.dataset.view === now().route.view;
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** @param {HTMLElement} button */
  #turn(button) {
    choose("theme", isDark() ? "light" : "dark");
    applyTheme();
    this.#name(button);
  }

  /** @param {HTMLElement} button */
  #name(button) {
    const name = t(isDark() ? "settings.light" : "settings.dark");
    button.title = name;
    button.setAttribute("aria-label", name);
    fill(button, icon(isDark() ? "sun" : "moon"));
  }
}

/** The icon's address is in the document, where the server writes it. */
const iconUrl = () => /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"))?.href ?? "";

/** @param {Event} event */
function speak(event) {
  if (event.target instanceof HTMLSelectElement) choose("language", event.target.value);
  document.dispatchEvent(new Event("lk-language"));
}

/** Follows a link within the page; a new tab is left to the browser. @param {Partial<Route>} where */
const visit = (where) => (/** @type {MouseEvent} */ event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ ...emptyRoute(), ...where });
  scrollTo(0, 0);
};

define("lk-header", LkHeader);
