// The page's icons: strokes on a 24 x 24 grid, in the colour of the text around them.

const NAMESPACE = "http://www.w3.org/2000/svg";

const PATHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4.5 4.5",
  camera: "M4 8h3l1.6-2.5h6.8L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Zm8 2a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  photo: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm-1 13 5-5 4 4 2.5-2.5L20 18M15.5 8.5h.01",
  check: "m4.5 12.5 5 5 10-11",
  close: "m6 6 12 12M18 6 6 18",
  more: "M12 5v14M5 12h14",
  similar: "M4 4h9v9H4zM11 15v5h9v-9h-5",
  filter: "M4 7h16M7 12h10M10 17h4",
  catalog: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
  key: "M15.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM12 12l-8 8M6.5 17.5 9 20M9.5 14.5l2 2",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  turn: "M4 12a8 8 0 0 1 13.7-5.7L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.7L4 15.5M4 20v-4.5h4.5",
  crop: "M7 3v14h14M3 7h14v14",
  offline: "M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4.5-2.6M19 12a10 10 0 0 0-5.6-2.9M12 19h.01",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 3.5V12l3 2",
  alert: "M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5M12 17h.01",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  download: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14",
  upload: "M12 20V9m-4.5 4.5L12 9l4.5 4.5M5 4h14",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  left: "m14.5 5-7 7 7 7",
  right: "m9.5 5 7 7-7 7",
};

/** @typedef {keyof typeof PATHS} IconName */

/** Draws an icon. It says nothing to a screen reader: whoever holds it has a name. @param {IconName} name */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) {
    svg.setAttribute(/** @type {string} */ (key), /** @type {string} */ (value));
  }
  const path = document.createElementNS(NAMESPACE, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
