// The geometry of the crop box, in fractions of the picture: moving it, pulling a corner, and when it is all of it.

/** @typedef {import("./route.js").Crop} Crop */
/** @typedef {"move" | "nw" | "ne" | "sw" | "se"} Grip */

/** Smallest side; what is smaller says little to compare by. */
const LEAST = 0.08;

/** @type {Crop} */
export const WHOLE = { x: 0, y: 0, width: 1, height: 1 };

/** @param {number} value @param {number} least @param {number} most */
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/**
 * The box after `grip` was pulled by (`dx`, `dy`): inside the picture, and never smaller than a twelfth of a side.
 * @param {Crop} box @param {Grip} grip @param {number} dx @param {number} dy
 * @returns {Crop}
 */
export function pulled(box, grip, dx, dy) {
  let left = box.x;
  let top = box.y;
  let right = box.x + box.width;
  let bottom = box.y + box.height;
  if (grip === "move") {
    const x = clamp(left + dx, 0, 1 - box.width);
    const y = clamp(top + dy, 0, 1 - box.height);
    return { ...box, x, y };
  }
  if (grip.endsWith("w")) left = clamp(left + dx, 0, right - LEAST);
  else right = clamp(right + dx, left + LEAST, 1);
  if (grip.startsWith("n")) top = clamp(top + dy, 0, bottom - LEAST);
  else bottom = clamp(bottom + dy, top + LEAST, 1);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The box drawn from one point to another, or null where it is too small to be meant. @param {[number, number]} from @param {[number, number]} to @returns {Crop | null} */
export function drawn([x1, y1], [x2, y2]) {
  const [left, right] = [x1, x2].map((x) => clamp(x, 0, 1)).sort((a, b) => a - b);
  const [top, bottom] = [y1, y2].map((y) => clamp(y, 0, 1)).sort((a, b) => a - b);
  if (left === undefined || right === undefined || top === undefined || bottom === undefined) return null;
  if (right - left < LEAST || bottom - top < LEAST) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The crop to ask with: none where the box is all of the picture. @param {Crop} box @returns {Crop | null} */
export const meant = (box) => (box.width > 0.985 && box.height > 0.985 ? null : box);
