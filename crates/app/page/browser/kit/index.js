// What every test stands on: a real server, a page whose complaints fail the test, and a few things done all the time.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { test as base, expect } from "@playwright/test";
import { PROGRAM, startServer } from "../../tools/server.mjs";
import { CATALOG } from "./catalog.js";

/** @typedef {import("@playwright/test").Page} Page */

/** What the browser writes of its own accord when a server refuses: the tests of troubles ask for it. */
const EXPECTED = /Failed to load resource|net::ERR_/;

/** One server per worker. @type {import("@playwright/test").WorkerFixture<{url: string}, object>} */
const serve = async ({}, use) => {
  const server = await startServer(PROGRAM, CATALOG);
  await use(server);
  await server.stop();
};

/** @type {import("@playwright/test").TestType<import("@playwright/test").PlaywrightTestArgs & import("@playwright/test").PlaywrightTestOptions, import("@playwright/test").PlaywrightWorkerArgs & import("@playwright/test").PlaywrightWorkerOptions & {server: {url: string}}>} */
export const test = base.extend({
  server: [serve, { scope: "worker" }],
  baseURL: async ({ server }, use) => use(server.url),
  page: async ({ page }, use) => {
    /** @type {string[]} */
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error.stack)));
    page.on("console", (message) => {
      if (message.type() === "error" && !EXPECTED.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && hostname !== "127.0.0.1") complaints.push(`asked ${request.url()}`);
    });
    await use(page);
    expect(complaints, "what the browser complained of").toEqual([]);
  },
});

export { expect };

/** Opens the page and waits until it knows its catalog. @param {Page} page */
export async function open(page, address = "/") {
  await page.goto(address);
  await expect(page.locator("lk-header")).toBeVisible();
}

/** Chooses photos as a person does in the file dialog: by path, or as made here. @param {Page} page @param {any} files */
export async function choose(page, files) {
  const several = Array.isArray(files) ? files : [files];
  // By path and as made here cannot be mixed, unless all are read.
  const made = several.some((file) => typeof file !== "string");
  const given = made ? await Promise.all(several.map(async (file) => (typeof file === "string" ? { name: basename(file), mimeType: "image/jpeg", buffer: await readFile(file) } : file))) : several;
  await page.locator("lk-ask input[type=file]").first().setInputFiles(given);
}

/** Waits until an answer stands. @param {Page} page */
export async function answered(page) {
  await expect(page.locator("lk-results .card:not(.blank-card)").first()).toBeVisible();
  await expect(page.locator("lk-results")).not.toHaveAttribute("aria-busy", "true");
}

/** Waits until what is on the screen has its photos. @param {Page} page */
export async function settled(page) {
  await page.evaluate(() => document.fonts.ready);
  await expect.poll(() => page.evaluate(() => {
    const on = [...document.querySelectorAll("lk-photo")].filter((photo) => {
      const { top, bottom, width } = photo.getBoundingClientRect();
      return width > 0 && bottom > 0 && top < innerHeight && photo.checkVisibility();
    });
    return on.filter((photo) => !photo.hasAttribute("data-shown")).length;
  })).toBe(0);
}
