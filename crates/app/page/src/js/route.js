// What the page shows, as its address says it: so back, reload and sharing work. Nothing else decides what is asked.
// Whatever in an address cannot be understood is left out, never guessed.

/**
 * @typedef {object} Route
 * @property {"search" | "many" | "catalog"} view
 * @property {string} text words, alone or beside a picture
 * @property {string} image id of a picture of the catalog
 * @property {string} product id of a product of the catalog, meaning its main picture
 * @property {string} url where the picture is on the web
 * @property {string} photo name under which this browser keeps the photo
 * @property {"similar" | "check"} ask
 * @property {Crop | null} crop
 * @property {Record<string, string[]>} values field to the values that are let through
 * @property {Record<string, Range>} ranges field to the numbers that are let through
 * @property {string} open id of the product that is shown in full
 * @property {string} job id of the import that is watched
 */
/** @typedef {{x: number, y: number, width: number, height: number}} Crop in fractions of the upright picture */
/** @typedef {{min: number | null, max: number | null}} Range */

const VIEWS = ["search", "many", "catalog"];
const SUBJECTS = /** @type {const} */ (["image", "product", "url", "photo"]);
const MOST_TEXT = 4096;

/** @returns {Route} */
export function emptyRoute() {
  return {
    view: "search", text: "", image: "", product: "", url: "", photo: "", ask: "similar", crop: null,
    values: {}, ranges: {}, open: "", job: "",
  };
}

/** Reads the query of an address. @param {string} query @returns {Route} */
export function parseRoute(query) {
  const parameters = new URLSearchParams(query);
  const route = emptyRoute();
  const view = parameters.get("view") ?? "";
  if (VIEWS.includes(view)) route.view = /** @type {Route["view"]} */ (view);
  route.text = (parameters.get("q") ?? "").trim().slice(0, MOST_TEXT);
  // One picture: the first that is named.
  const subject = SUBJECTS.find((name) => parameters.get(name));
  if (subject) route[subject] = parameters.get(subject) ?? "";
  if (parameters.get("ask") === "check") route.ask = "check";
  if (subject) route.crop = parseCrop(parameters.get("crop") ?? "");
  for (const [name, value] of parameters) {
    if (name.startsWith("f.") && value) (route.values[name.slice(2)] ??= []).push(value);
    if (name.startsWith("r.")) {
      const range = parseRange(value);
      if (range) route.ranges[name.slice(2)] = range;
    }
  }
  route.open = parameters.get("open") ?? "";
  route.job = parameters.get("job") ?? "";
  return route;
}

/** Writes what `parseRoute` reads: `/` or `/?…`. @param {Route} route */
export function formatRoute(route) {
  const parameters = new URLSearchParams();
  if (route.view !== "search") parameters.set("view", route.view);
  if (route.text) parameters.set("q", route.text);
  for (const name of SUBJECTS) if (route[name]) parameters.set(name, route[name]);
  if (route.ask === "check") parameters.set("ask", "check");
  if (route.crop) parameters.set("crop", formatCrop(route.crop));
  for (const [field, values] of Object.entries(route.values)) {
    for (const value of values) parameters.append(`f.${field}`, value);
  }
  for (const [field, { min, max }] of Object.entries(route.ranges)) {
    parameters.set(`r.${field}`, `${min ?? ""}..${max ?? ""}`);
  }
  if (route.open) parameters.set("open", route.open);
  if (route.job) parameters.set("job", route.job);
  const query = parameters.toString();
  return query ? `/?${query}` : "/";
}

/** Whether anything is asked. @param {Route} route */
export const hasQuestion = (route) => hasPicture(route) || route.text !== "";

/** Whether a picture is asked about. @param {Route} route */
export const hasPicture = (route) => SUBJECTS.some((name) => route[name] !== "");

/** Another picture, or none, in place of the one there is. @param {Partial<Route>} subject @returns {Partial<Route>} */
export const withSubject = (subject) => ({
  image: "", product: "", url: "", photo: "", text: "", crop: null, open: "", view: "search", ...subject,
});

/** What two routes have to share to be the same question. @param {Route} route */
export function questionOf(route) {
  return formatRoute({ ...route, open: "", job: "" });
}

/** @param {string} text @returns {Crop | null} */
function parseCrop(text) {
  const numbers = text.split(",").map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  const inside = numbers.length === 4 && x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1.001 && y + height <= 1.001;
  return inside ? { x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) } : null;
}

/** @param {Crop} crop */
export const formatCrop = ({ x, y, width, height }) =>
  [x, y, width, height].map((part) => String(Math.round(part * 1000) / 1000)).join(",");

/** @param {string} text @returns {Range | null} */
function parseRange(text) {
  const ends = text.split("..");
  if (ends.length !== 2) return null;
  const [min, max] = ends.map((end) => (end === "" ? null : Number(end)));
  const sound = [min, max].every((end) => end === null || Number.isFinite(end));
  if (!sound || (min === null && max === null)) return null;
  return { min: min ?? null, max: max ?? null };
}
