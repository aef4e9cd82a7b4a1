// Every view as it is seen: on a desktop and a phone, light and dark, without barriers, and as it looked before.

import { copyFile, mkdir, stat } from "node:fs/promises";
import { PHOTOS } from "./kit/demo.js";
import { answered, choose, expect, open, settled, test } from "./kit/index.js";
import { hasNoBarriers } from "./kit/axe.js";
import { serveEmpty } from "./kit/empty.js";
import { TEXT } from "./kit/photos.js";
import { looksAsBefore, paint } from "./kit/screens.js";

const OUT = new URL("out/", import.meta.url).pathname;
const README_PICTURE = new URL("../../../../docs/page.webp", import.meta.url).pathname;

/** @param {import("@playwright/test").Page} page @param {import("@playwright/test").TestInfo} info @param {string} name */
async function seen(page, info, name) {
  await settled(page);
  await hasNoBarriers(page);
  await looksAsBefore(page, `${name}-${info.project.name.replace(" ", "-")}`);
}

test("the start", async ({ page }, info) => {
  await open(page);
  await expect(page.locator(".wall li")).toHaveCount(24);
  await seen(page, info, "start");
});

test("what looks like a photo", async ({ page }, info) => {
  await open(page);
  await choose(page, await PHOTOS.clear());
  await answered(page);
  await seen(page, info, "similar");
});

test("a part of a photo", async ({ page }, info) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  const stage = await page.locator(".crop-stage").boundingBox();
  if (!stage) throw new Error("no photo");
  const at = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {[number, number]} */ ([stage.x + stage.width * x, stage.y + stage.height * y]);
  await page.mouse.move(...at(0.25, 0.3));
  await page.mouse.down();
  await page.mouse.move(...at(0.75, 0.7), { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/crop=/);
  await answered(page);
  await seen(page, info, "crop");
});

test("a photo that is listed", async ({ page }, info) => {
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".toggle label", { hasText: "Is it listed?" }).click();
  await expect(page.locator(".verdict h1")).toHaveText("Yes, it is listed");
  await answered(page);
  await seen(page, info, "listed");
  if (info.project.name === "desktop light") await showInReadme(page);
});

test("a product beside the photo asked with", async ({ page }, info) => {
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".card-main").first().click();
  await expect(page.locator(".compare-stage figure")).toHaveCount(2);
  await expect(page.locator(".thumbs li").first()).toBeVisible();
  await seen(page, info, "product");
});

test("two photos over one another", async ({ page }, info) => {
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".card-main").first().click();
  await page.locator("dialog.product label", { hasText: "Overlay" }).click();
  await expect(page.locator(".thumbs li").first()).toBeVisible();
  await page.locator(".compare-stage input").scrollIntoViewIfNeeded();
  await seen(page, info, "overlay");
});

test("a catalog with nothing in it", async ({ page }, info) => {
  const shop = await serveEmpty();
  await open(page, shop.url);
  await expect(page.locator("lk-notice h2")).toHaveText("This catalog is empty");
  await seen(page, info, "empty");
  await page.goto("about:blank");
  await shop.stop();
});

test("a camera that may not be used", async ({ page }, info) => {
  await open(page);
  await expect(page.locator(".wall li").first()).toBeVisible();
  await page.getByRole("button", { name: "Take a photo" }).click();
  await expect(page.locator(".camera lk-notice .button").first()).toBeFocused();
  await seen(page, info, "camera-denied");
});

test("filters", async ({ page, isMobile }, info) => {
  await open(page, "/?q=mug&f.category=home/mugs");
  await answered(page);
  if (isMobile) await page.locator(".filter-opener").click();
  await expect(page.locator("lk-filters input[type=checkbox]:checked")).toHaveCount(1);
  await seen(page, info, "filters");
});

test("verdicts on many photos", async ({ page }, info) => {
  await open(page, "/?view=many");
  await expect(page.locator(".drop-area")).toBeVisible();
  await seen(page, info, "many-start");
  await page.locator("lk-header nav a").first().click();
  await choose(page, [...(await PHOTOS.several()), TEXT]);
  await expect(page.getByText("all checked")).toBeVisible();
  await seen(page, info, "many");
});

test("the catalog", async ({ page }, info) => {
  await open(page, "/?view=catalog");
  await expect(page.locator(".number").first()).toBeVisible();
  await expect(page.locator(".field-list li").first()).toBeVisible();
  await expect(page.locator("lk-imports .import-start > *").first()).toBeVisible();
  await seen(page, info, "catalog");
});

test("a file that is no picture", async ({ page }, info) => {
  await open(page);
  await choose(page, TEXT);
  await expect(page.locator("lk-notice h2")).toHaveText("This file is not a picture that can be read");
  await seen(page, info, "not-a-picture");
});

test("the key", async ({ page }, info) => {
  await open(page);
  await expect(page.locator(".wall li").first()).toBeVisible();
  await page.locator(".settings .icon-button").first().click();
  await expect(page.locator("lk-key input")).toBeFocused();
  await seen(page, info, "key");
});

/** The README opens with this picture. @param {import("@playwright/test").Page} page */
async function showInReadme(page) {
  await mkdir(OUT, { recursive: true });
  await paint(page, `${OUT}readme.webp`);
  if (process.env.UPDATE_SCREENS) await copyFile(`${OUT}readme.webp`, README_PICTURE);
  expect((await stat(README_PICTURE)).size).toBeLessThan(400_000);
}
