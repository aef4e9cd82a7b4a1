// Every call that the page makes, typed by the server's own OpenAPI document (`npm run types` writes it as types). What
// comes back is an answer or a `Problem`; nothing here knows how either is shown.

import { Problem, problemOf } from "./problem.js";
import { readEvents } from "./event-stream.js";
import { setting } from "./settings.js";

/** @typedef {import("../../types/openapi").components["schemas"]} Schemas */
/** @typedef {Schemas["CatalogAnswer"]} CatalogAnswer */
/** @typedef {Schemas["FieldAnswer"]} FieldAnswer */
/** @typedef {Schemas["SearchAnswer"]} SearchAnswer */
/** @typedef {Schemas["CheckAnswer"]} CheckAnswer */
/** @typedef {Schemas["Question"]} Question */
/** @typedef {Schemas["MatchAnswer"]} Match */
/** @typedef {Schemas["Job"]} Job */
/** @typedef {import("./fields.js").Fields} Fields */

/** @typedef {{signal?: AbortSignal, onProgress?: (fraction: number) => void}} How */

/** Ids travel as one piece of the path. @param {string} id */
const segment = (id) => encodeURIComponent(id);

/** @returns {Record<string, string>} */
function keyHeader() {
  const key = setting("key");
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** Why no answer came: is the network away, or the server? */
function silence() {
  return new Problem(navigator.onLine ? "unreachable" : "offline");
}

/**
 * @param {string} method @param {string} path
 * @param {{json?: unknown, signal?: AbortSignal | undefined, accept?: string}} [options]
 * @returns {Promise<Response>} only those that succeeded
 */
async function ask(method, path, { json, signal, accept = "application/json" } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept, ...keyHeader() };
  if (json !== undefined) headers["content-type"] = "application/json";
  /** @type {RequestInit} */
  const options = { method, headers };
  if (json !== undefined) options.body = JSON.stringify(json);
  if (signal) options.signal = signal;
  const response = await fetch(path, options).catch((error) => {
    throw error.name === "AbortError" ? error : silence();
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw problemOf({ status: response.status, body, retryAfter: response.headers.get("retry-after"), hasKey: setting("key") !== "" });
}

/** @param {Response} response @returns {Promise<any>} */
const read = (response) => response.json().catch(() => { throw silence(); });

/** Sends a form with a file in it and tells how far it is: `fetch` cannot. @param {string} path @param {FormData} form @param {How} how @returns {Promise<any>} */
function upload(path, form, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    for (const [name, value] of Object.entries(keyHeader())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress?.(event.total > 0 ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress?.(1);
    request.onload = () => {
      const { status, response: body } = request;
      if (status >= 200 && status < 300 && body) resolve(body);
      else reject(problemOf({ status, body, retryAfter: request.getResponseHeader("retry-after"), hasKey: setting("key") !== "" }));
    };
    request.onerror = () => reject(silence());
    request.onabort = () => reject(new DOMException("given up", "AbortError"));
    if (signal?.aborted) return request.onabort(new ProgressEvent("abort"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

/** @param {string} path @param {Question} question @param {Blob | null} file @param {How} how @returns {Promise<any>} */
async function put(path, question, file, how) {
  if (!file) return ask("POST", path, { json: question, signal: how.signal }).then(read);
  const form = new FormData();
  for (const [name, value] of Object.entries(question)) {
    if (name === "crop" && value) form.set(name, Object.values(value).join(","));
    else if (value !== undefined && value !== null) form.set(name, String(value));
  }
  form.set("image", file);
  return upload(path, form, how);
}

/** Products that match. @param {Question} question @param {Blob | null} file @param {How} [how] @returns {Promise<SearchAnswer>} */
export const search = (question, file, how = {}) => put("/v1/search", question, file, how);

/** Whether a photo is listed already. @param {Question} question @param {Blob | null} file @param {How} [how] @returns {Promise<CheckAnswer>} */
export const check = (question, file, how = {}) => put("/v1/check", question, file, how);

/** The catalog at a glance. @param {number} samples @returns {Promise<CatalogAnswer>} */
export const catalog = async (samples) => read(await ask("GET", `/v1/catalog?samples=${samples}`));

/** The fields of its products. @returns {Promise<{products: number, fields: FieldAnswer[]}>} */
export const fields = async () => read(await ask("GET", "/v1/catalog/fields"));

/**
 * How many products have which value, of those that the filter keeps.
 * @param {{fields: string[], filter?: string | undefined, values: number}} wanted @param {AbortSignal} [signal]
 * @returns {Promise<Schemas["FacetsAnswer"]>}
 */
export async function facets({ fields: names, filter, values }, signal) {
  const query = new URLSearchParams({ fields: names.join(","), values: String(values) });
  if (filter) query.set("filter", filter);
  return read(await ask("GET", `/v1/catalog/facets?${query}`, { signal }));
}

/** A product with all its images. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Schemas["ProductAnswer"]>} */
export const product = async (id, signal) => read(await ask("GET", `/v1/products/${segment(id)}`, { signal }));

/** Starts an import from a file. @param {File} file @param {How} how @returns {Promise<Job>} */
export function startImport(file, how) {
  const form = new FormData();
  form.set("file", file, file.name);
  return upload("/v1/imports", form, how);
}

/** The imports there were, newest first. @param {AbortSignal} [signal] @returns {Promise<Schemas["JobPage"]>} */
export const jobs = async (signal) => read(await ask("GET", "/v1/jobs", { signal }));

/** Stops an import. @param {string} id */
export const cancelJob = (id) => ask("DELETE", `/v1/jobs/${segment(id)}`);

/** What an import could not use, and why. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Schemas["JobFailurePage"]>} */
export const failures = async (id, signal) => read(await ask("GET", `/v1/jobs/${segment(id)}/failures`, { signal }));

/** Watches an import until it ends. @param {string} id @param {(job: Job) => void} take @param {AbortSignal} signal */
export async function watchJob(id, take, signal) {
  const response = await ask("GET", `/v1/jobs/${segment(id)}/events`, { signal, accept: "text/event-stream" });
  await readEvents(response, ({ data }) => {
    const job = JSON.parse(data);
    if (job && typeof job === "object") take(job);
  });
}

/** An image's bytes, where a key is needed and an `img` cannot show it. @param {string} path @param {AbortSignal} [signal] */
export const imageBytes = async (path, signal) => (await ask("GET", path, { signal, accept: "image/*" })).blob();

/** Whether the server answers at all. */
export const isAlive = () => fetch("/healthz", { cache: "no-store" }).then((reply) => reply.ok, () => false);
