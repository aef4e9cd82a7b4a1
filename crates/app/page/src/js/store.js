// The page's one store: what is shown (the route) and what is known of the server. Components read it, subscribe to it,
// and change the route by `go`; nobody keeps a second copy.

import { formatRoute, parseRoute } from "./route.js";

/** @typedef {import("./route.js").Route} Route */
/** @typedef {import("./api.js").CatalogAnswer} CatalogAnswer */
/** @typedef {import("./api.js").FieldAnswer} FieldAnswer */
/** @typedef {import("./problem.js").Problem} Problem */

/**
 * @typedef {object} State
 * @property {Route} route
 * @property {CatalogAnswer | null} catalog null until it is known
 * @property {FieldAnswer[] | null} fields null until they are known
 * @property {Problem | null} mishap why what was dropped or chosen last cannot be asked about
 */

/** @type {State} */
let state = { route: parseRoute(location.search), catalog: null, fields: null, mishap: null };

/** @type {Set<(state: State, before: State) => void>} */
const listeners = new Set();

/** What is so now. */
export const now = () => state;

/** Changes what is known and tells everybody. @param {Partial<State>} change */
export function know(change) {
  const before = state;
  state = { ...state, ...change };
  for (const listener of [...listeners]) listener(state, before);
}

/**
 * Calls `listener` whenever something changes, until the function that is returned is called.
 * @param {(state: State, before: State) => void} listener
 */
export function subscribe(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Shows something else. It becomes a step of the browser's history, or with `replace` takes the place of the last: for
 * what moves while a pointer is down.
 * @param {Partial<Route>} change
 * @param {{replace?: boolean}} [how]
 */
export function go(change, { replace = false } = {}) {
  const route = { ...state.route, ...change };
  const address = formatRoute(route);
  if (address === formatRoute(state.route)) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  know({ route, mishap: null });
}

/** Follows the browser's back and forward. */
export function followHistory() {
  addEventListener("popstate", () => know({ route: parseRoute(location.search), mishap: null }));
}
