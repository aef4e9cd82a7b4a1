// Screenshots beside those that are committed. Machines draw letters and edges a little differently, so both are compared at
// a third of their size: a pixel differs when a channel is off by more than 40 of 255, and up to 1.5 in a hundred pixels may. Text that
// is rasterised otherwise stays far below that; a card, a panel or a colour that is gone or moved is far above.
//   UPDATE_SCREENS=1 npm run browser     writes them anew; look at each of them
// What was seen last is in `out/seen/`, at its full size.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { expect } from "@playwright/test";

/** @typedef {import("@playwright/test").Page} Page */

const FOLDER = new URL("../screens/", import.meta.url).pathname;
const SEEN = new URL("../out/seen/", import.meta.url).pathname;
const SCALE = 3;
const OFF = 40;
const MOST_DIFFERING = 0.015;

/** Compares what is on the screen with `screens/NAME.webp`. @param {Page} page @param {string} name */
export async function looksAsBefore(page, name) {
  const shot = await page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });
  await mkdir(SEEN, { recursive: true });
  await writeFile(`${SEEN}${name}.png`, shot);
  const path = `${FOLDER}${name}.webp`;
  const paper = await page.context().newPage();
  try {
    if (process.env.UPDATE_SCREENS) {
      await mkdir(FOLDER, { recursive: true });
      await writeFile(path, Buffer.from(await paper.evaluate(shrink, { shot: asUrl(shot, "png"), scale: SCALE }), "base64"));
      return;
    }
    expect(existsSync(path), `${path} is missing: UPDATE_SCREENS=1 npm run browser makes it`).toBe(true);
    const differing = await paper.evaluate(compare, { shot: asUrl(shot, "png"), before: asUrl(await readFile(path), "webp"), off: OFF });
    expect(differing, `share of ${name} that looks otherwise`).toBeLessThanOrEqual(MOST_DIFFERING);
  } finally {
    await paper.close();
  }
}

/** Writes what is on the screen at its full size. @param {Page} page @param {string} path */
export async function paint(page, path) {
  const shot = await page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });
  const paper = await page.context().newPage();
  await writeFile(path, Buffer.from(await paper.evaluate(shrink, { shot: asUrl(shot, "png"), scale: 1 }), "base64"));
  await paper.close();
}

/** @param {Buffer} bytes @param {string} kind */
const asUrl = (bytes, kind) => `data:image/${kind};base64,${bytes.toString("base64")}`;

/** Runs in the browser. @param {{shot: string, scale: number}} given @returns {Promise<string>} WebP as base64 */
async function shrink({ shot, scale }) {
  const image = await createImageBitmap(await (await fetch(shot)).blob());
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(image.width / scale), height: Math.round(image.height / scale) });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1] ?? "";
}

/** Runs in the browser. @param {{shot: string, before: string, off: number}} given @returns {Promise<number>} the share of pixels that differ */
async function compare({ shot, before, off }) {
  const images = await Promise.all([before, shot].map(async (url) => createImageBitmap(await (await fetch(url)).blob())));
  const { width = 0, height = 0 } = images[0] ?? {};
  const [old, now] = images.map((image) => {
    const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
    if (!context) throw new Error("no canvas");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  });
  if (!old || !now) throw new Error("nothing to compare");
  let differing = 0;
  for (let at = 0; at < old.length; at += 4) {
    const worst = Math.max(...[0, 1, 2].map((channel) => Math.abs((old[at + channel] ?? 0) - (now[at + channel] ?? 0))));
    if (worst > off) differing += 1;
  }
  return differing / (width * height);
}
