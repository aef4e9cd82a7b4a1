// The answer to "is it listed already?" in one line that can be read from across the room.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";

/** @typedef {import("../language.js").Key} Key */

/** @param {import("../asking.js").Answer} answer */
export function verdictLine({ verdict }) {
  const listed = verdict === "identical" || verdict === "edited_copy";
  return h("div.verdict", { data: { verdict } },
    h("span.verdict-icon", null, icon(listed ? "check" : verdict === "similar" ? "similar" : "more")),
    h("div", null,
      h("h1", { id: "answer-title" }, t(/** @type {Key} */ (`verdict.${verdict}.title`))),
      h("p", null, t(/** @type {Key} */ (`verdict.${verdict}.text`)))));
}
