// Asks the server with a photo or words and shows what it answers. Everything goes through the public API; text from the
// catalog is only ever set as text.

const byId = (id) => document.getElementById(id);
const [status, answer, preview, drop, title] = ["status", "answer", "preview", "drop", "answer-title"].map(byId);

const CLASS_NAMES = { identical: "same photo", edited_copy: "edited copy", similar: "match", described: "match", none: "match" };
const VERDICTS = {
  identical: "Yes: this photo is listed.",
  edited_copy: "Yes: an edited copy of it is listed.",
  similar: "No copy of this photo was found.",
  none: "No copy of this photo was found, and nothing that looks like it.",
};

/** What was asked with last: {file}, {imageId} or {text}; asked again when the kind of question changes. */
let subject = null;
/** Only the latest question's answer is shown. */
let latest = null;

const count = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
/** Fields come as the catalog's owner wrote them: what is no text and no number is not shown. */
const plain = (value) => (["string", "number"].includes(typeof value) ? String(value).trim() : "");
const nameOf = ({ fields, product_id }) => plain(fields.name) || plain(fields.title) || product_id;
const priceOf = ({ price, currency }) => plain(price) && `${plain(price)} ${plain(currency)}`.trim();

function say(text, kind = "", again = false) {
  status.textContent = text;
  status.className = kind;
  byId("again").hidden = !again;
}

/** What to tell when no answer came; `again` where asking again may help. */
const failure = (text, again) => Object.assign(new Error(text), { again });

async function answerTo(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    // A body that is far too long is cut off before the answer can be read: is the server still there?
    const alive = await fetch("/healthz").then((reply) => reply.ok, () => false);
    throw alive
      ? failure("The server ended the connection before it answered; the photo may be too large.", true)
      : failure("The server cannot be reached. Is it still running?", true);
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  if (response.status === 413) throw failure("This photo is larger than the server takes. Send a smaller one.", false);
  const detail = plain(body?.detail) || `the server answered with status ${response.status}`;
  const sentence = detail.replace(/^image is/, "this file is");
  throw failure(`${sentence[0].toUpperCase()}${sentence.slice(1)}.`, response.status >= 500 || response.status === 408);
}

function setPicture(button, match, width) {
  const picture = button.querySelector("img");
  picture.addEventListener("error", () => {
    const missing = Object.assign(document.createElement("span"), { className: "missing", textContent: "No picture" });
    picture.replaceWith(missing);
  });
  if (!match.image_url) {
    picture.dispatchEvent(new Event("error"));
    button.disabled = true;
    return;
  }
  picture.src = `${match.image_url}?width=${width}`;
  button.title = `Ask with ${nameOf(match)}`;
  button.setAttribute("aria-label", button.title);
  button.addEventListener("click", () => {
    askWith({ imageId: match.image_id }, `${match.image_url}?width=640`, nameOf(match));
  });
}

function card(match) {
  const item = byId("card").content.firstElementChild.cloneNode(true);
  setPicture(item.querySelector("button"), match, 480);
  item.classList.add(match.class);
  item.querySelector("strong").textContent = nameOf(match);
  item.querySelector(".price").textContent = priceOf(match.fields);
  item.querySelector("b").textContent = `${match.match_percent.toFixed(1)} %`;
  const turned = match.class === "edited_copy" && match.evidence.orientation === "turned";
  item.querySelector(".class").textContent =
    (CLASS_NAMES[match.class] ?? match.class) + (turned ? ", turned or mirrored" : "");
  return item;
}

/** A list of cards under a heading of its own, or nothing where there are none. */
function group(heading, matches) {
  if (matches.length === 0) return [];
  const list = document.createElement("ol");
  list.append(...matches.map(card));
  return heading ? [Object.assign(document.createElement("h3"), { textContent: heading }), list] : [list];
}

function show({ verdict, matches, results, matched_by, took_ms }) {
  if (results) {
    answer.replaceChildren(...group("", results));
    const took = `${Math.max(1, Math.round(took_ms))} ms`;
    const words = matched_by === "words" ? " by the words that describe them" : "";
    if (results.length > 0) say(`${count(results.length, "product")}${words}, best first, in ${took}.`);
    else say(matched_by ? "No product fits these words." : "The catalog has no pictures yet.");
    return;
  }
  const isCopy = (match) => match.class === "identical" || match.class === "edited_copy";
  const copies = matches.filter(isCopy);
  answer.replaceChildren(
    ...group(`Listed as ${count(copies.length, "product")}`, copies),
    ...group("Nearest by look", matches.filter((match) => !isCopy(match))),
  );
  say(VERDICTS[verdict] ?? verdict, "verdict");
}

async function ask() {
  if (!subject) return;
  latest?.abort();
  const asking = (latest = new AbortController());
  const kind = new FormData(byId("ask")).get("kind");
  const form = new FormData();
  if (subject.file) form.set("image", subject.file);
  else if (subject.text) form.set("text", subject.text);
  else form.set("image_id", subject.imageId);
  form.set("top", "24");
  if (kind === "similar" && !subject.text) form.set("mode", "similar");
  title.hidden = false;
  byId("examples-title").textContent = "Or ask with a picture from the catalog";
  answer.setAttribute("aria-busy", "true");
  say("Looking…");
  try {
    // A folder, or a file that has gone or changed since it was chosen, cannot be sent.
    await subject.file?.slice(0, 1).arrayBuffer().catch(() => {
      throw failure("This cannot be read: it is a folder, or it has changed or gone. Choose it again.", false);
    });
    const url = kind === "check" && !subject.text ? "/v1/check" : "/v1/search";
    const found = await answerTo(url, { method: "POST", body: form, signal: asking.signal });
    if (asking === latest) show(found);
  } catch (error) {
    if (asking !== latest) return;
    answer.replaceChildren();
    say(error.message, "error", error.again);
  }
  if (asking === latest) answer.removeAttribute("aria-busy");
}

async function askWith(chosen, pictureUrl, name) {
  if (preview.src.startsWith("blob:")) URL.revokeObjectURL(preview.src);
  subject = chosen;
  if (pictureUrl) preview.src = pictureUrl;
  else preview.removeAttribute("src");
  preview.hidden = !pictureUrl;
  byId("subject").textContent = name;
  if (pictureUrl) {
    byId("text").value = "";
    drop.querySelector(".button").textContent = "Choose another photo";
  }
  await ask();
  // The answer may stand far from what was pressed, and a pressed card is gone with the answer it stood in.
  title.focus({ preventScroll: true });
  const { top } = title.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) title.scrollIntoView();
}

function askWithFile(files, from) {
  if (files.length > 0) askWith({ file: files[0] }, URL.createObjectURL(files[0]), files[0].name);
  else if (from) say(`There is no picture file in what was ${from}.`, "error");
}

async function start() {
  try {
    const catalog = await answerTo("/v1/catalog?samples=12");
    byId("summary").textContent = `${count(catalog.products, "product")}, ${count(catalog.images, "picture")}`;
    if (catalog.images === 0) say("This catalog is empty. Fill it with: lookalike index CATALOG SOURCE");
    byId("samples").replaceChildren(...catalog.samples.map((sample) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(new Image(240, 240));
      button.firstChild.alt = "";
      setPicture(button, sample, 240);
      item.append(button);
      return item;
    }));
    byId("examples").hidden = catalog.samples.length === 0;
  } catch (error) {
    say(error.message, "error");
  }
}

byId("file").addEventListener("change", (event) => {
  const files = [...event.target.files];
  // The same file may be chosen again.
  event.target.value = "";
  askWithFile(files);
});
preview.addEventListener("error", () => (preview.hidden = true));
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  if (text) askWith({ text }, "", "");
});
byId("again").addEventListener("click", ask);
for (const radio of document.querySelectorAll("input[name=kind]")) radio.addEventListener("change", ask);
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("dragend", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  askWithFile(event.dataTransfer.files, "dropped");
});
document.addEventListener("paste", (event) => askWithFile(event.clipboardData.files, "pasted"));
start();
