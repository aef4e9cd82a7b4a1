// Imports: start one from a file, watch those that run, and see what could not be used and why. Where the server takes none,
// or not from this person, that is said once and quietly.

import * as api from "../api.js";
import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { formatNumber, formatTime, t } from "../language.js";
import { Problem } from "../problem.js";
import { forgetAnswers } from "./lk-search.js";
import { askForKey } from "./lk-key.js";
import { LkNotice } from "./lk-notice.js";
import { loadCatalog } from "./lk-catalog.js";
import { loadFields } from "./lk-filters.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../language.js").Key} Key */

const AGAIN_MS = 2000;
const MOST_FAILURES = 200;

export class LkImports extends HTMLElement {
  #ended = new AbortController();
  #start = h("div.import-start");
  #list = h("ul.jobs", { "aria-label": t("imports.list") });
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** Those that are watched. @type {Set<string>} */
  #watched = new Set();

  connectedCallback() {
    this.classList.add("panel");
    this.#ended = new AbortController();
    fill(this, h("h2", null, t("imports.title")), this.#start, this.#list);
    void this.#learn();
  }

  disconnectedCallback() {
    this.#ended.abort();
  }

  async #learn() {
    const { signal } = this.#ended;
    try {
      const { jobs } = await api.jobs(signal);
      this.#offer();
      for (const job of [...jobs].reverse()) this.#show(job);
      if (jobs.length === 0) fill(this.#list, h("li.hint", null, t("imports.none")));
    } catch (error) {
      if (!signal.aborted && error instanceof Problem) this.#refuse(error);
    }
  }

  /** @param {Problem} problem */
  #refuse({ kind }) {
    if (kind === "no_such_route") return fill(this.#start, h("p.hint", null, t("imports.not_here")), h("pre", { tabIndex: 0 }, h("code", null, "lookalike index CATALOG products.csv")));
    if (kind === "forbidden" || kind === "key_needed" || kind === "key_refused") {
      return fill(this.#start, h("p.hint", null, t("imports.admin")), h("button.button.quiet", { type: "button", on: { click: () => askForKey() } }, t("key.enter")));
    }
    return fill(this.#start, h("p.hint", null, t(/** @type {Key} */ (`problem.${kind}.title`))), h("button.button.quiet", { type: "button", on: { click: () => void this.#learn() } }, t("act.again")));
  }

  /** @param {Problem | null} [problem] of the last try */
  #offer(problem = null) {
    const chooser = h("input.unseen", { type: "file", tabIndex: -1, "aria-hidden": "true", accept: ".csv,.tsv,.jsonl,.json,.xml,.zip,.tar,.gz,.tgz", on: { change: () => {
      const [file] = chooser.files ?? [];
      if (file) void this.#send(file);
    } } });
    fill(this.#start,
      h("button.drop-area.small", { type: "button", on: { click: () => chooser.click() } }, h("span.drop-icon", null, icon("upload")), h("strong", null, t("imports.choose")), h("span.hint", null, t("imports.kinds"))),
      chooser,
      problem && new LkNotice().tell(problem, { others: problem.status === 403 || problem.status === 401 ? [{ label: t("key.enter"), act: () => askForKey() }] : [] }));
  }

  /** @param {File} file */
  async #send(file) {
    const progress = h("progress.progress", { max: 1, value: 0, "aria-label": t("imports.sending", { file: file.name }) });
    fill(this.#start, h("p", { role: "status" }, t("imports.sending", { file: file.name })), progress);
    try {
      const job = await api.startImport(file, { signal: this.#ended.signal, onProgress: (fraction) => { progress.value = fraction; } });
      this.#offer();
      this.#show(job);
    } catch (error) {
      if (error instanceof Problem) this.#offer(error);
    }
  }

  /** @param {Job} job */
  #show(job) {
    let row = this.#rows.get(job.job_id);
    if (!row) {
      if (this.#rows.size === 0) fill(this.#list);
      row = h("li.job");
      this.#rows.set(job.job_id, row);
      this.#list.prepend(row);
    }
    this.#draw(row, job);
    if (isRunning(job) && !this.#watched.has(job.job_id)) void this.#watch(job.job_id);
  }

  /** @param {string} id */
  async #watch(id) {
    this.#watched.add(id);
    const { signal } = this.#ended;
    let running = true;
    while (running && !signal.aborted) {
      await api.watchJob(id, (job) => {
        running = isRunning(job);
        this.#show(job);
      }, signal).catch(() => undefined);
      // A connection that broke is taken up again.
      if (running) await new Promise((resume) => setTimeout(resume, AGAIN_MS));
    }
    this.#watched.delete(id);
    if (signal.aborted) return;
    forgetAnswers();
    void loadCatalog();
    void loadFields();
  }

  /** @param {HTMLElement} row @param {Job} job */
  #draw(row, job) {
    const { state, images, products, failures, request, message, notices } = job;
    row.dataset.state = state;
    const open = row.querySelector("details")?.open ?? false;
    const expected = job.images_expected;
    fill(row,
      h("div.job-head", null, h("strong", { dir: "auto" }, request.source), h("span.pill", { data: { state } }, t(/** @type {Key} */ (`job.${state}`)))),
      h("p.hint", null, formatTime(job.created_unix_ms)),
      isRunning(job) && h("progress.progress", { ...(expected ? { max: expected, value: Math.min(images.seen, expected) } : {}), "aria-label": t("imports.progress") }),
      h("p", null, `${t("job.products", { n: products.seen, fresh: products.new, changed: products.changed })}, ${t("count.photos", { n: images.seen })}, ${t("job.amiss", { n: failures })}`),
      message && h(state === "failed" || state === "interrupted" ? "p.complaint" : "p.hint", null, message),
      notices.map((notice) => h("p.hint", null, notice)),
      isRunning(job) && h("button.button.quiet.small", { type: "button", on: { click: () => void api.cancelJob(job.job_id).catch(() => undefined) } }, t("job.cancel")),
      failures > 0 && !isRunning(job) && this.#failures(job, open));
  }

  /** @param {Job} job @param {boolean} open */
  #failures(job, open) {
    const list = h("ul.failures");
    const details = h("details", { open, on: { toggle: () => {
      if (details.open && !list.firstChild) void this.#listFailures(job.job_id, list);
    } } }, h("summary", null, t("job.failures", { n: job.failures })), list);
    return details;
  }

  /** @param {string} id @param {HTMLElement} list */
  async #listFailures(id, list) {
    try {
      const { failures } = await api.failures(id, this.#ended.signal);
      fill(list, failures.slice(0, MOST_FAILURES).map((failure) => h("li", null, h("strong", { dir: "auto" }, failure.place), h("span.hint", null, failure.reason))),
        failures.length > MOST_FAILURES && h("li.hint", null, formatNumber(failures.length - MOST_FAILURES)));
    } catch (error) {
      if (error instanceof Problem) fill(list, h("li", null, t(/** @type {Key} */ (`problem.${error.kind}.title`))));
    }
  }
}

/** @param {Job} job */
const isRunning = ({ state }) => state === "queued" || state === "running";

define("lk-imports", LkImports);
