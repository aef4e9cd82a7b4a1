// Making elements. Everything on the page is made here: what comes from a catalog is set as text or as a property and
// never read as markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * The kind of element that a tag with classes makes.
 * @template {string} T
 * @typedef {T extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[T]
 *   : T extends `${infer K}.${string}` ? K extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[K] : HTMLElement
 *   : HTMLElement} ElementOf
 */

/**
 * Makes an element. `tag` may carry classes: `p.hint.small`. Of `props`, `on` holds listeners, `data` data attributes;
 * names with a dash, and those an element has no property of, become attributes, and null and undefined leave one out.
 * @template {string} T
 * @param {T} tag
 * @param {Record<string, any> | null} [props]
 * @param {(Child | Child[])[]} children
 * @returns {ElementOf<T>}
 */
export function h(tag, props, ...children) {
  const [name = "div", ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) set(element, key, value);
  element.append(...present(children));
  return /** @type {ElementOf<T>} */ (element);
}

/** @param {HTMLElement} element @param {string} key @param {any} value */
function set(element, key, value) {
  if (value === null || value === undefined) return;
  if (key === "on") {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (key === "data") {
    for (const [name, text] of Object.entries(value)) if (text !== null && text !== undefined) element.dataset[name] = String(text);
  } else if (!key.includes("-") && key in element) {
    Reflect.set(element, key, value);
  } else {
    element.setAttribute(key, String(value));
  }
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
function present(children) {
  return children.flat().flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    return [typeof child === "number" ? String(child) : child];
  });
}

/** Puts `children` in place of what `element` holds. @param {Element} element @param {(Child | Child[])[]} children */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** A name for an element that labels or describes another. @param {string} stem */
export const freshId = (stem) => `${stem}-${(nextId += 1)}`;
let nextId = 0;

/** Registers a component once. @param {string} name @param {CustomElementConstructor} component */
export function define(name, component) {
  if (!customElements.get(name)) customElements.define(name, component);
}

/** Calls `action` once calls have stopped for `wait_ms`. @template {any[]} A @param {(...args: A) => void} action @param {number} wait_ms */
export function settled(action, wait_ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait_ms);
  };
}
