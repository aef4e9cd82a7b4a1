// Where the page begins: the frame around the views, what holds everywhere (dropping, pasting, the key, the language), and
// which view is shown.

import { takeFiles, takeText } from "./asking.js";
import { h, fill } from "./dom.js";
import { language, t } from "./language.js";
import { applyTheme } from "./settings.js";
import { followHistory, know, now, subscribe } from "./store.js";
import { LkCatalog, loadCatalog } from "./components/lk-catalog.js";
import { LkHeader } from "./components/lk-header.js";
import { LkMany } from "./components/lk-many.js";
import { LkNotice } from "./components/lk-notice.js";
import { LkProduct } from "./components/lk-product.js";
import { LkSearch, forgetAnswers } from "./components/lk-search.js";
import { askForKey } from "./components/lk-key.js";

/** @typedef {import("./route.js").Route} Route */

/** @type {Record<Route["view"], () => HTMLElement>} */
const VIEWS = { search: () => new LkSearch(), many: () => new LkMany(), catalog: () => new LkCatalog() };

const main = h("main", { id: "main", tabIndex: -1 });

function draw() {
  document.documentElement.lang = language();
  fill(document.body,
    h("a.skip", { href: "#main", on: { click: (/** @type {Event} */ event) => { event.preventDefault(); main.focus(); } } }, t("nav.skip")),
    new LkHeader(), main,
    h("footer", null, h("p", null, t("footer.privacy")), h("p", null, h("a", { href: "/docs" }, t("footer.api")))),
    h("div.drop-hint", { "aria-hidden": "true" }, h("span", null, t("drop.here"))),
    new LkProduct());
  show(now().route.view);
}

/** @param {Route["view"]} view */
function show(view) {
  main.dataset.view = view;
  document.title = view === "search" ? "lookalike" : `${t(view === "many" ? "nav.many" : "nav.catalog")} · lookalike`;
  fill(main, VIEWS[view]());
}

/** Asks what the catalog holds; without an answer nothing else can be asked either. */
async function begin() {
  const problem = await loadCatalog();
  if (!problem || now().route.view !== "search" || main.querySelector(".answer")) return;
  const others = problem.status === 401 || problem.status === 403 ? [{ label: t("key.enter"), act: () => askForKey() }] : [];
  const notice = new LkNotice().tell(problem, { again: () => { show(now().route.view); void begin(); }, others });
  main.querySelector(".wall-waiting")?.replaceWith(notice);
}

function listen() {
  let depth = 0;
  const over = (/** @type {boolean} */ on) => document.body.toggleAttribute("data-dropping", on);
  const brings = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") || event.dataTransfer?.types.includes("text/uri-list");
  document.addEventListener("dragenter", (event) => { if (brings(event)) { depth += 1; over(true); } });
  document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); over(depth > 0); });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(false);
    const files = event.dataTransfer?.files;
    const address = event.dataTransfer?.getData("text/uri-list") ?? "";
    if (files && files.length > 0) void takeFiles(files);
    else if (address && !address.startsWith(location.origin)) takeText(address.split("\n")[0] ?? "");
  });
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (files && files.length > 0) {
      event.preventDefault();
      void takeFiles(files);
    } else if (!(event.target instanceof HTMLInputElement)) {
      takeText(event.clipboardData?.getData("text/plain") ?? "");
    }
  });
  document.addEventListener("lk-language", draw);
  document.addEventListener("lk-key", () => {
    forgetAnswers();
    know({ catalog: null, fields: null });
    draw();
    void begin();
  });
  subscribe((state, before) => {
    if (state.route.view !== before.route.view) show(state.route.view);
  });
}

applyTheme();
followHistory();
listen();
draw();
void begin();
