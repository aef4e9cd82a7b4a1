// What can go wrong between the page and the server, told apart by what a person can do about it.

/**
 * @typedef {"offline" | "unreachable" | "slow" | "rate_limited" | "busy" | "key_needed" | "key_refused" | "forbidden"
 *   | "misdirected" | "too_large" | "heic" | "empty_file" | "not_a_picture" | "unreadable_file" | "photo_gone" | "url_refused" | "gone"
 *   | "no_such_route" | "filter" | "no_words" | "server" | "request"} ProblemKind
 */

/** A failure that the page has words and a way on for. */
export class Problem extends Error {
  /**
   * @param {ProblemKind} kind
   * @param {{detail?: string, status?: number, code?: string, wait_s?: number, body?: unknown}} [facts]
   */
  constructor(kind, { detail = "", status = 0, code = "", wait_s = 0, body = null } = {}) {
    super(detail || kind);
    this.kind = kind;
    /** What the server said, in its own words. */
    this.detail = detail;
    this.status = status;
    this.code = code;
    /** Seconds after which asking again may help; 0 where that is not known. */
    this.wait_s = wait_s;
    /** The whole answer, where more is in it. */
    this.body = body;
  }
}

/** Kinds that pass by themselves: the page asks again when their time has come. */
const PASSING = new Set(["offline", "unreachable", "rate_limited", "busy"]);

/** @param {ProblemKind} kind */
export const passes = (kind) => PASSING.has(kind);

/** Kinds that asking the same again changes nothing about. */
const LASTING = new Set(["not_a_picture", "empty_file", "heic", "photo_gone", "too_large", "gone", "forbidden"]);

/** @param {ProblemKind} kind */
export const lasts = (kind) => LASTING.has(kind);

/**
 * The problem that an answer tells of.
 * @param {{status: number, body: any, retryAfter: string | null, hasKey: boolean}} answer
 * @returns {Problem}
 */
export function problemOf({ status, body, retryAfter, hasKey }) {
  const code = typeof body?.code === "string" ? body.code : "";
  const detail = typeof body?.detail === "string" ? sentence(body.detail) : "";
  const wait_s = Math.max(0, Math.ceil(Number(retryAfter ?? 0)) || 0);
  return new Problem(kindOf(status, code, hasKey), { detail, status, code, wait_s, body });
}

/** @param {number} status @param {string} code @param {boolean} hasKey @returns {ProblemKind} */
function kindOf(status, code, hasKey) {
  if (status === 401) return hasKey ? "key_refused" : "key_needed";
  if (status === 403) return "forbidden";
  if (status === 404) return code === "no_such_route" || code === "" ? "no_such_route" : "gone";
  if (status === 405) return "no_such_route";
  if (status === 408) return "slow";
  if (status === 413) return "too_large";
  if (status === 421) return "misdirected";
  if (status === 429) return "rate_limited";
  if (status === 503) return "busy";
  if (status >= 500) return "server";
  if (code === "not_a_picture") return "not_a_picture";
  if (code === "url_refused" || code === "url_not_fetched") return "url_refused";
  if (code === "malformed_filter") return "filter";
  return "request";
}

/** Details begin in lower case and name the form's field. @param {string} detail */
function sentence(detail) {
  const text = detail.replace(/^image is/, "this file is").trim();
  return text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}` : "";
}
