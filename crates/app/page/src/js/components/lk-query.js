// The photo that is asked about, with the box that says which part of it is meant. Drawing on the photo makes a box; the
// box is moved and pulled by pointer or by arrow keys, and the question is asked again as it moves.

import { takeFiles } from "../asking.js";
import * as api from "../api.js";
import { WHOLE, drawn, meant, pulled } from "../cropping.js";
import { define, fill, h, settled } from "../dom.js";
import { icon } from "../icons.js";
import { formatNumber, t } from "../language.js";
import { kept } from "../photos.js";
import { withSubject } from "../route.js";
import { setting } from "../settings.js";
import { go, now, subscribe } from "../store.js";

/** @typedef {import("../cropping.js").Grip} Grip */
/** @typedef {import("../route.js").Crop} Crop */
/** @typedef {import("../route.js").Route} Route */
/** @typedef {import("../language.js").Key} Key */

/** @type {Grip[]} */
const CORNERS = ["nw", "ne", "sw", "se"];
const SETTLE_MS = 160;
const STEP = 0.02;

export class LkQuery extends HTMLElement {
  /** @type {Crop} */
  #box = WHOLE;
  #object = "";
  /** @type {() => void} */
  #stop = () => {};
  #picture = h("img", { alt: t("query.alt"), draggable: false });
  #frame = h("div.crop-box", { data: { grip: "move" }, tabIndex: 0, role: "group" });
  #stage = h("div.crop-stage", null, this.#picture, h("div.crop-shade"), this.#frame);
  /** The name of a file that cannot be shown, in its place. */
  #name = h("strong", { dir: "auto" });
  #reset = h("button.button.quiet.small", { type: "button", hidden: true, on: { click: () => this.#ask(WHOLE) } }, t("query.whole"));
  #later = settled((/** @type {Crop} */ box) => go({ crop: meant(box) }, { replace: true }), SETTLE_MS);

  connectedCallback() {
    for (const grip of CORNERS) this.#frame.append(h(`button.grip.${grip}`, { type: "button", data: { grip } }));
    fill(
      this,
      this.#stage,
      h("div.query-bar", null,
        h("p.query-blank", null, icon("file"), this.#name),
        h("span.hint", { id: "crop-hint" }, t("query.hint")),
        this.#reset,
        h("button.icon-button", { type: "button", title: t("query.remove"), "aria-label": t("query.remove"), on: { click: () => go(withSubject({})) } }, icon("close"))),
    );
    this.#stage.addEventListener("pointerdown", (event) => this.#press(event));
    this.#frame.addEventListener("keydown", (event) => this.#key(event));
    this.#picture.addEventListener("error", () => { this.dataset.broken = ""; });
    this.#picture.addEventListener("load", () => { delete this.dataset.broken; });
    this.#show(now().route.crop ?? WHOLE);
    void this.#load(now().route);
    this.#stop = subscribe(({ route }, { route: before }) => {
      if (route.crop !== before.crop) this.#show(route.crop ?? WHOLE);
      if (["photo", "image", "product", "url"].some((name) => Reflect.get(route, name) !== Reflect.get(before, name))) void this.#load(route);
    });
  }

  disconnectedCallback() {
    this.#stop();
    if (this.#object) URL.revokeObjectURL(this.#object);
  }

  /** @param {Route} route */
  async #load(route) {
    const path = await this.#address(route).catch(() => "");
    this.#name.textContent = route.photo && path ? (await kept(route.photo)).name : "";
    this.#stage.hidden = !path;
    if (path) this.#picture.src = path;
  }

  /** @param {Route} route @returns {Promise<string>} empty where the page cannot show it: the web's photos are the server's to fetch */
  async #address(route) {
    if (route.photo) return this.#keepObject((await kept(route.photo)).blob);
    let path = "";
    if (route.image) path = imagePath(route.image);
    if (route.product) path = (await api.product(route.product)).images[0]?.image_url ?? "";
    if (!path) return "";
    path = `${path}?width=720`;
    return setting("key") ? this.#keepObject(await api.imageBytes(path)) : path;
  }

  /** @param {Blob} blob */
  #keepObject(blob) {
    if (this.#object) URL.revokeObjectURL(this.#object);
    this.#object = URL.createObjectURL(blob);
    return this.#object;
  }

  /** @param {Crop} box */
  #show(box) {
    this.#box = box;
    const { style } = this.#stage;
    for (const [name, part] of Object.entries({ x: box.x, y: box.y, w: box.width, h: box.height })) style.setProperty(`--${name}`, `${part * 100}%`);
    const part = meant(box);
    this.#reset.hidden = !part;
    this.toggleAttribute("data-cropped", part !== null);
    const said = (/** @type {number} */ fraction) => formatNumber(fraction, { style: "percent", maximumFractionDigits: 0 });
    this.#frame.setAttribute("aria-label", t("query.box", { left: said(box.x), top: said(box.y), width: said(box.width), height: said(box.height) }));
    for (const grip of this.#frame.querySelectorAll("button")) {
      grip.setAttribute("aria-label", t(/** @type {Key} */ (`query.corner.${grip.dataset.grip}`)));
    }
  }

  /** @param {Crop} box */
  #ask(box) {
    this.#show(box);
    this.#later(box);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    const edges = this.#stage.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ { clientX, clientY }) =>
      /** @type {[number, number]} */ ([(clientX - edges.left) / edges.width, (clientY - edges.top) / edges.height]);
    const held = event.target instanceof HTMLElement ? /** @type {Grip | undefined} */ (event.target.closest("[data-grip]")?.getAttribute("data-grip")) : undefined;
    // The whole picture cannot be moved: pressing on it begins a new box.
    const grip = held === "move" && !meant(this.#box) ? undefined : held;
    const before = this.#box;
    const from = at(event);
    event.preventDefault();
    this.#stage.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ moved) => {
      const [x, y] = at(moved);
      const box = grip ? pulled(before, grip, x - from[0], y - from[1]) : drawn(from, [x, y]);
      if (box) this.#ask(box);
    };
    const end = () => {
      this.#stage.removeEventListener("pointermove", move);
      this.#stage.removeEventListener("pointerup", end);
      this.#stage.removeEventListener("pointercancel", end);
    };
    this.#stage.addEventListener("pointermove", move);
    this.#stage.addEventListener("pointerup", end);
    this.#stage.addEventListener("pointercancel", end);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const [dx, dy] = Reflect.get(steps, event.key) ?? [];
    if (event.key === "Escape" && meant(this.#box)) return this.#ask(WHOLE);
    if (dx === undefined || !(event.target instanceof HTMLElement)) return;
    event.preventDefault();
    const grip = /** @type {Grip} */ (event.target.dataset.grip ?? "move");
    const far = event.shiftKey ? 5 : 1;
    this.#ask(pulled(this.#box, grip, dx * far, dy * far));
  }
}

/** Where the server shows an image; ids are written as it writes them. @param {string} id */
export const imagePath = (id) => `/v1/images/${encodeURIComponent(id)}`;

define("lk-query", LkQuery);

/** A chooser for another photo, for whoever offers one. */
export function chooseFile() {
  const chooser = h("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, on: { change: () => void takeFiles([...(chooser.files ?? [])]) } });
  chooser.click();
}
