// Photos of whoever looks: kept in this browser (IndexedDB) under a short name, so that back and reload work without a
// server that keeps them; told apart from what is no photo before they are sent; made smaller where they are too large.

import { Problem } from "./problem.js";

/** @typedef {{name: string, blob: Blob}} Photo `name` is the file's */

const MOST_KEPT = 40;
/** Longest side of a copy that is made smaller; more says nothing more to any encoder. */
const SMALLER_PX = 2400;

/** What has been kept since the page was opened: there also where the browser keeps nothing. @type {Map<string, Photo>} */
const open = new Map();

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("lookalike", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("photos", { autoIncrement: true }).createIndex("key", "key", { unique: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Keeps a photo and answers with its name for the address. @param {Photo} photo @returns {Promise<string>} */
export async function keep(photo) {
  const key = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  open.set(key, photo);
  try {
    const store = (await database()).transaction("photos", "readwrite").objectStore("photos");
    await done(store.add({ key, ...photo }));
    const all = await done(store.getAllKeys());
    for (const old of all.slice(0, Math.max(0, all.length - MOST_KEPT))) store.delete(old);
  } catch {
    // A browser that keeps nothing, or is full: the photo lives as long as the page.
  }
  return key;
}

/** @param {string} key @returns {Promise<Photo>} fails where another browser has it */
export async function kept(key) {
  const known = open.get(key);
  if (known) return known;
  try {
    const store = (await database()).transaction("photos").objectStore("photos");
    const found = await done(store.index("key").get(key));
    if (found) {
      open.set(key, found);
      return found;
    }
  } catch {
    // As if it were not there.
  }
  throw new Problem("photo_gone");
}

/**
 * A file as a photo that can be sent. HEIC is turned into JPEG where the browser can read it.
 * @param {File} file
 * @returns {Promise<Photo>}
 */
export async function photoOf(file) {
  const head = await file.slice(0, 32).arrayBuffer().catch(() => {
    // A folder, or a file that has gone since it was chosen.
    throw new Problem("unreadable_file");
  });
  if (file.size === 0) throw new Problem("empty_file");
  if (isHeic(new Uint8Array(head))) return { name: file.name, blob: await redrawn(file, "heic") };
  return { name: file.name, blob: file };
}

/** A smaller copy, for a server that takes no larger one. @param {Photo} photo @returns {Promise<Photo>} */
export const smaller = async (photo) => ({ name: photo.name, blob: await redrawn(photo.blob, "not_a_picture") });

/** Whether bytes begin like a HEIF container with HEVC pictures in it (ISO/IEC 23008-12). @param {Uint8Array} head */
export function isHeic(head) {
  const text = String.fromCharCode(...head.slice(4, 32));
  return text.startsWith("ftyp") && /^(heic|heix|hevc|hevx|heim|heis|mif1|msf1)/.test(text.slice(4));
}

/** @param {Blob} blob @param {"heic" | "not_a_picture"} otherwise @returns {Promise<Blob>} */
async function redrawn(blob, otherwise) {
  const picture = await createImageBitmap(blob).catch(() => {
    throw new Problem(otherwise);
  });
  const scale = Math.min(1, SMALLER_PX / Math.max(picture.width, picture.height));
  const drawn = jpegOf(picture, Math.round(picture.width * scale), Math.round(picture.height * scale));
  picture.close();
  return drawn;
}

/** Draws what is in `source` as a JPEG. @param {CanvasImageSource} source @param {number} width @param {number} height @returns {Promise<Blob>} */
export function jpegOf(source, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  if (!context) throw new Problem("unreadable_file");
  // JPEG has no transparency; the server lays it onto white as well.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((drawn) => (drawn ? resolve(drawn) : reject(new Problem("unreadable_file"))), "image/jpeg", 0.92);
  });
}
