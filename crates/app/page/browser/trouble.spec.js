// What goes wrong: each has its words and a way on.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM, run, startServer } from "../tools/server.mjs";
import { CATALOG } from "./kit/catalog.js";
import { PHOTOS } from "./kit/demo.js";
import { answered, choose, expect, open, test } from "./kit/index.js";
import { HEIC, TEXT, noise } from "./kit/photos.js";

/** The title of the notice. @param {import("@playwright/test").Page} page */
const title = (page) => page.locator("lk-notice h2");

test("a server that was killed is waited for, and asked again when it is back", async ({ page }) => {
  let server = await startServer(PROGRAM, CATALOG);
  const { url } = server;
  await open(page, url);
  await expect(page.locator(".wall li").first()).toBeVisible();
  await server.stop();
  await choose(page, await PHOTOS.other());
  await expect(title(page)).toHaveText("The server does not answer");
  await expect(page.locator(".soon")).toHaveText("Watching for it to come back…");
  server = await startServer(PROGRAM, CATALOG, [], new URL(url).host);
  await answered(page);
  await page.goto("about:blank");
  await server.stop();
});

test("offline says so, and goes on when the network is back", async ({ page, context }) => {
  await open(page);
  await expect(page.locator(".wall li").first()).toBeVisible();
  await context.setOffline(true);
  await choose(page, await PHOTOS.other());
  await expect(title(page)).toHaveText("You are offline");
  await context.setOffline(false);
  await answered(page);
});

test("a slow network shows how far the photo is", async ({ page, context }) => {
  await open(page);
  await expect(page.locator(".wall li").first()).toBeVisible();
  const debug = await context.newCDPSession(page);
  await debug.send("Network.emulateNetworkConditions", { offline: false, latency: 40, downloadThroughput: 100_000, uploadThroughput: 100_000 });
  await choose(page, noise(700));
  await expect(page.locator(".answer progress")).toBeVisible();
  await debug.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await answered(page);
  await expect(page.locator(".answer progress")).toBeHidden();
});

test("asking too fast counts down and asks again by itself", async ({ page }) => {
  const server = await startServer(PROGRAM, CATALOG, ["--rate", "1", "--burst", "1"]);
  // However slow this machine is: the question is put until the server finds that too fast. Its answer lasts a while, to be seen.
  await page.route("**/v1/search", async (route) => {
    for (;;) {
      const answers = await Promise.all(Array.from({ length: 5 }, () => route.fetch()));
      const refusal = answers.find((answer) => answer.status() === 429);
      if (refusal) return route.fulfill({ response: refusal, headers: { ...refusal.headers(), "retry-after": "5" } });
    }
  }, { times: 1 });
  await open(page, `${server.url}/?q=mug`);
  await expect(page.locator("lk-notice", { hasText: "A little too fast" }).locator(".soon")).toHaveText(/Again in \d seconds?/);
  await expect(page.locator("lk-results .card:not(.blank-card)").first()).toBeVisible({ timeout: 30_000 });
  await page.goto("about:blank");
  await server.stop();
});

test("a key that has expired is replaced, and photos are shown under the new one", async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), "lookalike-keys-"));
  const file = join(folder, "keys.toml");
  const key = (await run(PROGRAM, ["keys", "add", CATALOG, "--role", "read", "--keys", file])).match(/lk_\S+/)?.[0] ?? "";
  const server = await startServer(PROGRAM, CATALOG, ["--keys", file]);
  await page.addInitScript(() => {
    if (location.protocol === "http:" && !localStorage.getItem("lookalike.key")) localStorage.setItem("lookalike.key", "lk_00000000_expired");
  });
  await open(page, `${server.url}/?q=mug`);
  await expect(title(page)).toHaveText("This key is not known here");
  await page.locator("lk-notice").getByRole("button", { name: "Enter a key" }).click();
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Use it" }).click();
  await answered(page);
  await expect(page.locator(".card img[src^='blob:']").first()).toBeVisible();
  await page.goto("about:blank");
  await server.stop();
  await rm(folder, { recursive: true });
});

test("a server that asks for a key is given one at the start", async ({ page }) => {
  const refusal = { status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "unauthorized", detail: "this takes a key" }) };
  await page.route("**/v1/catalog?*", (route) => route.fulfill(refusal), { times: 1 });
  await open(page);
  await expect(title(page)).toHaveText("This server asks for a key");
  await page.locator("lk-notice").getByRole("button", { name: "Enter a key" }).click();
  await expect(page.locator("lk-key input")).toBeFocused();
});

test("a photo of 50 MB is too large for the server, and a smaller copy of it is not", async ({ page }) => {
  test.slow();
  const photo = noise(4100);
  expect(photo.buffer.length).toBeGreaterThan(50_000_000);
  const folder = await mkdtemp(join(tmpdir(), "lookalike-large-"));
  const { writeFile } = await import("node:fs/promises");
  // By its path: what is handed over in memory may not be so large.
  await writeFile(join(folder, "large.png"), photo.buffer);
  await open(page);
  await choose(page, join(folder, "large.png"));
  await expect(title(page)).toHaveText("This photo is too large for the server", { timeout: 45_000 });
  await page.getByRole("button", { name: "Send a smaller copy" }).click();
  await answered(page);
  await rm(folder, { recursive: true });
});

test("a HEIC photo that the browser cannot read is told with its cure", async ({ page }) => {
  await open(page);
  await choose(page, HEIC);
  await expect(title(page)).toHaveText("This browser cannot read HEIC photos");
  await expect(page.locator("lk-notice")).toContainText("JPEG");
  await expect(page.getByRole("button", { name: "Choose another photo" })).toBeVisible();
});

test("a text and an empty file are no pictures", async ({ page }) => {
  await open(page);
  await choose(page, TEXT);
  await expect(title(page)).toHaveText("This file is not a picture that can be read");
  await choose(page, { name: "empty.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc(0) });
  await expect(title(page)).toHaveText("There is no photo in it");
  await choose(page, await PHOTOS.other());
  await answered(page);
});

test("a camera that may not be used is told, and a file is offered", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Take a photo" }).click();
  await expect(title(page)).toHaveText("The camera may not be used");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a file instead" }).click();
  await (await chooser).setFiles(await PHOTOS.other());
  await answered(page);
});

test("a picture that has gone from the catalog is told", async ({ page }) => {
  await open(page, "/?image=no/such/picture.jpg");
  await expect(title(page)).toHaveText("It is not in the catalog any more");
});
