// axe on what is on the screen: no violations of WCAG 2.2 A and AA nor of its best practices.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect } from "@playwright/test";

const SOURCE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** @param {import("@playwright/test").Page} page */
export async function hasNoBarriers(page) {
  // What is fading in or out has no colours to judge until it has done so; what moves for ever is not waited for.
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished.catch(() => undefined))));
  // By the debugger's way in, which the page's policy does not bind.
  await page.evaluate(await readFile(SOURCE, "utf8"));
  const violations = await page.evaluate(async () => {
    const { axe } = /** @type {any} */ (window);
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map((/** @type {any} */ one) => `${one.id}: ${one.help}: ${one.nodes.map((/** @type {any} */ node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  expect(violations).toEqual([]);
}
