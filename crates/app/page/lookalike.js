// Asks the server with a photo and shows what it answers. Everything goes through the public API; text from the
// catalog is only ever set as text.

const byId = (id) => document.getElementById(id);
const status = byId("status");
const results = byId("results");

const CLASS_NAMES = { identical: "same photo", edited_copy: "edited copy", similar: "looks alike", none: "little in common" };
const VERDICTS = {
  identical: "Yes: this very photo is listed.",
  edited_copy: "Yes: an edited copy of this photo is listed.",
  similar: "Not this photo, but something that looks like it is listed.",
  none: "No: nothing like it is listed.",
};

/** What was asked with last: {file} or {imageId}; asked again when the kind of question changes. */
let subject = null;
/** Only the latest question's answer is shown. */
let latest = null;

async function answerTo(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? `The server answered with status ${response.status}.`);
  return body;
}

function say(text, kind = "") {
  status.textContent = text;
  status.className = kind;
}

function nameOf({ fields, product_id }) {
  return String(fields.name ?? fields.title ?? product_id);
}

function priceOf({ price, currency = "" }) {
  if (price === undefined || price === null || price === "") return "";
  return `${price} ${currency}`.trim();
}

function card(match) {
  const item = byId("card").content.cloneNode(true);
  const picture = item.querySelector("img");
  picture.src = `${match.image_url}?width=320`;
  picture.alt = nameOf(match);
  item.querySelector("strong").textContent = nameOf(match);
  item.querySelector(".price").textContent = priceOf(match.fields);
  item.querySelector(".percent").textContent = `${match.match_percent.toFixed(1)} %`;
  const kind = item.querySelector(".class");
  kind.textContent = CLASS_NAMES[match.class] ?? match.class;
  kind.classList.add(match.class);
  return item;
}

async function ask() {
  if (!subject) return;
  latest?.abort();
  const asking = (latest = new AbortController());
  const kind = new FormData(byId("ask")).get("kind");
  const form = new FormData();
  if (subject.file) form.set("image", subject.file);
  else form.set("image_id", subject.imageId);
  form.set("top", "24");
  if (kind === "similar") form.set("mode", "similar");
  byId("results-title").hidden = false;
  results.replaceChildren();
  say("Looking…");
  try {
    const url = kind === "check" ? "/v1/check" : "/v1/search";
    const answer = await answerTo(url, { method: "POST", body: form, signal: asking.signal });
    const matches = answer.matches ?? answer.results;
    results.replaceChildren(...matches.map(card));
    if (kind === "check") say(VERDICTS[answer.verdict] ?? answer.verdict, "verdict");
    else if (matches.length === 0) say("Nothing found: the catalog has no pictures yet.");
    else say(`${matches.length} products, best first, in ${Math.round(answer.took_ms)} ms.`);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, "error");
  }
}

function askWith(chosen, pictureUrl) {
  const preview = byId("preview");
  if (preview.src.startsWith("blob:")) URL.revokeObjectURL(preview.src);
  subject = chosen;
  preview.src = pictureUrl;
  preview.hidden = false;
  byId("invite").hidden = true;
  ask();
}

function askWithFile(file) {
  if (file) askWith({ file }, URL.createObjectURL(file));
}

async function start() {
  try {
    const catalog = await answerTo("/v1/catalog?samples=12");
    byId("summary").textContent = `${catalog.products.toLocaleString()} products, ${catalog.images.toLocaleString()} pictures`;
    if (catalog.images === 0) say("This catalog is empty. Fill it with: lookalike index CATALOG SOURCE");
    const buttons = catalog.samples.map((sample) => {
      const picture = Object.assign(new Image(160, 160), { src: `${sample.image_url}?width=160`, alt: nameOf(sample) });
      const button = Object.assign(document.createElement("button"), { type: "button", title: nameOf(sample) });
      button.append(picture);
      button.addEventListener("click", () => askWith({ imageId: sample.image_id }, `${sample.image_url}?width=640`));
      const item = document.createElement("li");
      item.append(button);
      return item;
    });
    byId("samples").replaceChildren(...buttons);
    byId("examples").hidden = buttons.length === 0;
  } catch (error) {
    say(error.message, "error");
  }
}

const drop = byId("drop");
byId("file").addEventListener("change", (event) => {
  askWithFile(event.target.files[0]);
  // The same file may be chosen again.
  event.target.value = "";
});
byId("ask").addEventListener("submit", (event) => event.preventDefault());
for (const radio of document.querySelectorAll("input[name=kind]")) radio.addEventListener("change", ask);
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  askWithFile(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => askWithFile(event.clipboardData.files[0]));
start();
