// The dialog that asks for the server's key. It stays in this browser and goes to this server only.

import { define, fill, h } from "../dom.js";
import { t } from "../language.js";
import { choose, setting } from "../settings.js";

class LkKey extends HTMLElement {
  /** @param {string} complaint */
  open(complaint) {
    const field = h("input", { type: "password", name: "key", id: "key-field", autocomplete: "off", value: setting("key"), spellcheck: false, "aria-describedby": "key-hint" });
    const dialog = h("dialog.small-dialog", { "aria-labelledby": "key-title", on: { close: () => this.remove() } },
      h("form", { method: "dialog", on: { submit: () => this.#keep(field.value.trim()) } },
        h("h2", { id: "key-title" }, t("key.title")),
        complaint && h("p.complaint", null, complaint),
        h("p", { id: "key-hint" }, t("key.hint")),
        h("label", { htmlFor: "key-field" }, t("key.label")),
        field,
        h("p.ways", null,
          h("button.button", { type: "submit" }, t("key.use")),
          setting("key") && h("button.button.quiet", { type: "button", on: { click: () => { this.#keep(""); dialog.close(); } } }, t("key.forget")),
          h("button.button.quiet", { type: "button", on: { click: () => dialog.close() } }, t("act.cancel")))));
    fill(this, dialog);
    dialog.showModal();
    field.focus();
  }

  /** @param {string} key */
  #keep(key) {
    if (key === setting("key")) return;
    choose("key", key);
    document.dispatchEvent(new Event("lk-key"));
  }
}

define("lk-key", LkKey);

/** Asks for a key; `complaint` says why. @param {string} [complaint] */
export function askForKey(complaint = "") {
  const dialog = new LkKey();
  document.body.append(dialog);
  dialog.open(complaint);
}
