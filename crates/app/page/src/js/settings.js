// What a person chose for this browser: language, light or dark, and the key for the server. Kept in local storage; where
// there is none (private windows of some browsers), for as long as the page is open.

/** @typedef {"language" | "theme" | "key"} Setting */

/** @type {Map<string, string>} */
const fallback = new Map();

/** @param {Setting} name @returns {string} empty when nothing was chosen */
export function setting(name) {
  try {
    return localStorage.getItem(`lookalike.${name}`) ?? "";
  } catch {
    return fallback.get(name) ?? "";
  }
}

/** @param {Setting} name @param {string} value empty forgets it */
export function choose(name, value) {
  fallback.set(name, value);
  try {
    if (value) localStorage.setItem(`lookalike.${name}`, value);
    else localStorage.removeItem(`lookalike.${name}`);
  } catch {
    // The page goes on with what it holds in memory.
  }
}

/** Applies the theme that was chosen, or leaves it to the system. */
export function applyTheme() {
  const theme = setting("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** Whether the page is dark now. */
export const isDark = () => (setting("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

/** Whether movement is unwelcome. */
export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
