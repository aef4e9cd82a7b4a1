// A photo of the catalog, as small as its place: the server draws the size that is asked for. Where a key is needed an
// `img` cannot show it, so its bytes are fetched when it comes near the screen. One that is missing says so.

import * as api from "../api.js";
import { define, fill, h } from "../dom.js";
import { t } from "../language.js";
import { setting } from "../settings.js";

const WIDTHS_PX = [160, 320, 480, 720, 1080];
/** Photos this close to their frame's shape fill it; others are shown whole. */
const NEAR = 1.45;
const RETRY_MS = 1500;

/** @param {string} url @param {number} width_px */
const sized = (url, width_px) => `${url}?width=${width_px}`;

export class LkPhoto extends HTMLElement {
  /** Where the server shows it; null where there is none. @type {string | null} */
  url = null;
  /** What a screen reader says; empty where the text beside it says it. */
  alt = "";
  /** How wide it is shown, in CSS: what `sizes` of an `img` takes. */
  sizes = "20rem";
  /** Shown at once rather than when it comes near the screen. */
  eager = false;
  #retried = false;
  #object = "";
  /** @type {IntersectionObserver | null} */
  #near = null;

  connectedCallback() {
    if (this.firstChild) return;
    if (!this.url) return this.#missing();
    const image = h("img", { alt: this.alt, decoding: "async", draggable: false });
    if (!this.eager) image.loading = "lazy";
    image.addEventListener("load", () => this.#settle(image));
    image.addEventListener("error", () => this.#failed(image));
    fill(this, image);
    this.#load(image);
  }

  disconnectedCallback() {
    this.#near?.disconnect();
    if (this.#object) URL.revokeObjectURL(this.#object);
  }

  /** @param {HTMLImageElement} image */
  #load(image) {
    const { url } = this;
    if (!url) return;
    if (url.startsWith("blob:")) {
      image.src = url;
    } else if (!setting("key")) {
      image.sizes = this.sizes;
      image.srcset = WIDTHS_PX.map((width) => `${sized(url, width)} ${width}w`).join(", ");
      image.src = sized(url, 480);
    } else {
      this.#near = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        this.#near?.disconnect();
        void this.#fetch(image, url);
      }, { rootMargin: "600px" });
      this.#near.observe(this);
    }
  }

  /** @param {HTMLImageElement} image @param {string} url */
  async #fetch(image, url) {
    const wanted_px = this.clientWidth * devicePixelRatio;
    const width = WIDTHS_PX.find((one) => one >= wanted_px) ?? 1080;
    try {
      this.#object = URL.createObjectURL(await api.imageBytes(sized(url, width)));
      image.src = this.#object;
    } catch {
      this.#failed(image);
    }
  }

  /** @param {HTMLImageElement} image */
  #settle(image) {
    const frame = this.clientWidth / Math.max(1, this.clientHeight);
    const shape = image.naturalWidth / Math.max(1, image.naturalHeight);
    const ratio = Math.max(frame / shape, shape / frame);
    this.dataset.fit = ratio < NEAR ? "cover" : "contain";
    this.dataset.shown = "";
    if (ratio < NEAR || this.querySelector(".layers")) return;
    // What the photo leaves of its frame is filled with its own margins, mirrored and drawn out: its background goes on.
    const mirror = (/** @type {string} */ side) => h("img", { src: image.currentSrc, alt: "", data: { side } });
    const layers = h("span.layers", { data: { bars: shape > frame ? "rows" : "columns" } }, h("span.mirrors", null, mirror("before"), mirror("after")), image);
    layers.style.setProperty("--reach", `${100 / ratio}%`);
    fill(this, layers);
  }

  /** Once more before giving up: servers are busy, networks break. @param {HTMLImageElement} image */
  #failed(image) {
    if (this.#retried) return this.#missing();
    this.#retried = true;
    setTimeout(() => {
      if (this.isConnected) this.#load(image);
    }, RETRY_MS);
  }

  #missing() {
    this.dataset.shown = "";
    fill(this, h("span.missing", null, t("photo.missing")));
  }
}

define("lk-photo", LkPhoto);

/**
 * A photo for a place of this size.
 * @param {string | null | undefined} url @param {{alt?: string, sizes?: string, eager?: boolean}} [how]
 */
export function photo(url, { alt = "", sizes = "20rem", eager = false } = {}) {
  return Object.assign(new LkPhoto(), { url: url ?? null, alt, sizes, eager });
}
