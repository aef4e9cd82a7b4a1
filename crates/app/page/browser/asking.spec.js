// Asking: with a file, by dropping, by pasting, with the camera, by address and in words; and what the address remembers.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { PROGRAM, startServer } from "../tools/server.mjs";
import { hasNoBarriers } from "./kit/axe.js";
import { CATALOG } from "./kit/catalog.js";
import { PHOTOS } from "./kit/demo.js";
import { answered, choose, expect, open, test } from "./kit/index.js";

/** Hands a photo over as the browser does when it is dropped or pasted. @param {import("@playwright/test").Page} page @param {"drop" | "paste"} how @param {string} path */
async function bring(page, how, path) {
  const bytes = (await readFile(path)).toString("base64");
  await page.evaluate(async ({ how, bytes }) => {
    const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], { type: "image/jpeg" });
    const carried = new DataTransfer();
    carried.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
    const event = how === "drop" ? new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }) : new ClipboardEvent("paste", { clipboardData: carried, bubbles: true });
    document.body.dispatchEvent(event);
  }, { how, bytes });
}

test("a photo that is chosen, dropped or pasted finds its product", async ({ page }) => {
  const copy = await PHOTOS.copy();
  const product = /edited-copy-of-(.*)\.jpg/.exec(copy)?.[1] ?? "";
  await open(page);
  await choose(page, copy);
  await answered(page);
  const first = page.locator(".card-main").first();
  await expect(page.locator(`.card-main[href$="open=${product}"]`)).toBeVisible();
  const found = await first.getAttribute("href");
  for (const how of /** @type {const} */ (["drop", "paste"])) {
    await open(page);
    await bring(page, how, copy);
    await answered(page);
    await expect(first).toHaveAttribute("href", found ?? "");
  }
});

test("words find what is described so, and an address that the server may not fetch says why", async ({ page, server }) => {
  await open(page);
  await page.locator("lk-ask input[type=search]").fill("red mug");
  await page.keyboard.press("Enter");
  await answered(page);
  await expect(page).toHaveURL(/\?q=red\+mug$/);
  await expect(page.locator(".summary")).toContainText("red mug");
  // This server fetches nothing from this machine: the page says why, and takes another photo.
  await page.locator("lk-ask input[type=search]").fill(`${server.url}/a.jpg`);
  await page.keyboard.press("Enter");
  await expect(page.locator("lk-notice h2")).toHaveText("The photo at this address cannot be had");
  await expect(page.locator("lk-notice .button").first()).toBeVisible();
});

test("a photo on the web is asked about by its address", async ({ page }) => {
  const copy = await PHOTOS.copy();
  const product = /edited-copy-of-(.*)\.jpg/.exec(copy)?.[1] ?? "";
  const web = createServer((_, reply) => void readFile(copy).then((bytes) => reply.writeHead(200, { "content-type": "image/jpeg" }).end(bytes)));
  await new Promise((ready) => web.listen(0, "127.0.0.1", () => ready(undefined)));
  const address = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (web.address()).port}/photo.jpg`;
  const server = await startServer(PROGRAM, CATALOG, ["--allow-private-urls"]);
  await open(page, server.url);
  await page.locator("lk-ask input[type=search]").fill(address);
  await page.keyboard.press("Enter");
  await answered(page);
  await expect(page).toHaveURL(/\?url=http/);
  await expect(page.locator(".web-address")).toHaveText(address);
  await expect(page.locator(".card-main").first()).toHaveAttribute("href", new RegExp(`open=${product}$`));
  await page.goto("about:blank");
  await server.stop();
  web.close();
});

test("words beside a photo ask for both at once", async ({ page }) => {
  // An encoder that reads words is a download: the server ranks by the photo and by the products' own words instead.
  await page.route("**/v1/catalog?*", async (route) => {
    const told = await (await route.fetch()).json();
    await route.fulfill({ json: { ...told, encoders: told.encoders.map((/** @type {object} */ one) => ({ ...one, text: true })) } });
  });
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  const asked = page.waitForRequest((request) => request.url().endsWith("/v1/search") && (request.postData() ?? "").includes("mug"));
  await page.locator("lk-ask input[type=search]").fill("mug");
  await page.keyboard.press("Enter");
  expect((await asked).postData()).toContain('name="image"');
  await expect(page).toHaveURL(/q=mug&photo=/);
  await answered(page);
  await expect(page.locator(".crop-stage img")).toBeVisible();
  await expect(page.locator(".summary")).toContainText("mug");
  // Both kinds of evidence are told of one product.
  await page.locator(".card-main", { hasText: "mug" }).first().click();
  await expect(page.locator("#product-title")).toContainText("mug");
  await page.keyboard.press("Escape");
  await page.reload();
  await answered(page);
  await expect(page.locator("lk-ask input[type=search]")).toHaveValue("mug");
  await expect(page.locator(".crop-stage img")).toBeVisible();
});

test("words that nothing is described with say so", async ({ page }) => {
  await open(page, "/?q=zeppelin");
  await expect(page.locator("lk-notice h2")).toHaveText("No product fits these words");
  await expect(page.getByRole("button", { name: "Choose a photo" }).last()).toBeVisible();
});

test("while an answer is on its way its place is shown", async ({ page }) => {
  /** @type {() => void} */
  let answer = () => {};
  const held = new Promise((go) => { answer = () => go(undefined); });
  await page.route("**/v1/search", async (route) => {
    await held;
    await route.continue();
  });
  await open(page, "/?q=mug");
  await expect(page.locator(".blank-card").first()).toBeVisible();
  await expect(page.locator(".summary")).toHaveText("Looking…");
  await expect(page.locator("lk-results")).toHaveAttribute("aria-busy", "true");
  await hasNoBarriers(page);
  answer();
  await answered(page);
  await expect(page.locator(".blank-card")).toHaveCount(0);
});

test("a link shows another person the same", async ({ page, browser, baseURL }) => {
  await open(page);
  await page.locator(".wall a").first().click();
  await answered(page);
  const cards = (/** @type {import("@playwright/test").Page} */ seen) => seen.locator(".card-main").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  const shared = await page.evaluate(() => `${location.search}&f.category=home/mugs&r.price=..30&crop=0.1,0.1,0.8,0.8`);
  await open(page, `/${shared}`);
  await answered(page);
  const here = await cards(page);
  const other = await (await browser.newContext({ baseURL: baseURL ?? "" })).newPage();
  await open(other, `/${shared}`);
  await answered(other);
  expect(await cards(other)).toEqual(here);
  expect(here.every((href) => href?.includes("mug"))).toBe(true);
  await expect(other.locator("[data-cropped]")).toHaveCount(1);
  await other.context().close();
});

test("a photo from the camera is asked about", async ({ page, context }) => {
  await context.grantPermissions(["camera"]);
  await open(page);
  await page.getByRole("button", { name: "Take a photo" }).click();
  const shutter = page.getByRole("button", { name: "Take the photo" });
  await expect(shutter).toBeEnabled();
  await shutter.click();
  await expect(page).toHaveURL(/photo=/);
  await answered(page);
  await expect(page.locator(".crop-stage img")).toBeVisible();
});

test("the photo's part that is drawn is searched by, by pointer and by keys, and given up again", async ({ page }) => {
  await open(page);
  await page.locator(".wall a").first().click();
  await answered(page);
  const asked = page.waitForRequest((request) => request.url().endsWith("/v1/search") && /"crop":\{"x":0\.(29|30|3\b)/.test(request.postData() ?? ""));
  const stage = await page.locator(".crop-stage").boundingBox();
  if (!stage) throw new Error("no photo");
  await page.mouse.move(stage.x + stage.width * 0.3, stage.y + stage.height * 0.3);
  await page.mouse.down();
  await page.mouse.move(stage.x + stage.width * 0.8, stage.y + stage.height * 0.8, { steps: 5 });
  await page.mouse.up();
  await asked;
  await expect(page).toHaveURL(/crop=0\.3%2C0\.3%2C0\.5%2C0\.5/);
  await answered(page);
  await page.getByRole("button", { name: /Lower right corner/ }).focus();
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page).toHaveURL(/crop=0\.3%2C0\.3%2C0\.6%2C0\.5/);
  await page.getByRole("button", { name: "Whole photo" }).click();
  await expect(page).not.toHaveURL(/crop=/);
  await answered(page);
});

test("is it listed: a copy is, with the listing; another product is not", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".toggle label", { hasText: "Is it listed?" }).click();
  await expect(page.locator(".verdict h1")).toHaveText("Yes, it is listed");
  const listed = page.locator(".grid[data-group=copies] .card").first();
  await expect(listed.locator(".badge")).toHaveText(/^\d+(\.\d)?%\s*edited copy$/);
  await expect(listed.locator("strong")).not.toBeEmpty();
  await expect(listed.locator(".price")).toHaveText(/^€\d+\.\d\d$/);
  await expect(page).toHaveURL(/ask=check/);
});

test("reload, back and forward show what was shown", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  const first = await page.locator(".card-main").first().getAttribute("href");
  const address = page.url();
  await page.reload();
  await answered(page);
  await expect(page.locator(".card-main").first()).toHaveAttribute("href", first ?? "");
  await expect(page.locator(".crop-stage img")).toBeVisible();
  await page.locator("lk-ask input[type=search]").fill("lamp");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=lamp/);
  await answered(page);
  await page.goBack();
  await expect(page).toHaveURL(address);
  await expect(page.locator(".card-main").first()).toHaveAttribute("href", first ?? "");
  await page.goForward();
  await expect(page.locator(".summary")).toContainText("lamp");
});

test("a link with a photo that is not in this browser says so", async ({ page }) => {
  await open(page, "/?photo=000000000000");
  await expect(page.locator("lk-notice h2")).toHaveText("This photo is not in this browser");
});

test("German says the same", async ({ page }) => {
  await open(page);
  await page.locator("select").selectOption("de");
  await expect(page.locator("h1")).toHaveText("Finden mit einem Foto");
  await page.reload();
  await expect(page.locator("h1")).toHaveText("Finden mit einem Foto");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
});

test("light and dark are chosen and kept", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Dark colours" }).click();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: "Light colours" })).toBeVisible();
});
