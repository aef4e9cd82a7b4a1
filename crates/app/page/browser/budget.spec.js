// What the page costs: bytes of the first load, and how much of a long answer the browser has to lay out.

import { answered, expect, open, test } from "./kit/index.js";

const MOST_BYTES = 150_000;

test("the first load is under 150 kB compressed, and nothing of it is fetched a second time", async ({ page, context }) => {
  const debug = await context.newCDPSession(page);
  await debug.send("Network.enable");
  /** @type {Map<string, string>} */
  const addresses = new Map();
  /** @type {Map<string, number>} */
  const bytes = new Map();
  debug.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, new URL(request.url).pathname));
  debug.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const path = addresses.get(requestId) ?? "";
    // The catalog's photos are its own; everything else is the page's.
    if (!path.startsWith("/v1/images/")) bytes.set(path, (bytes.get(path) ?? 0) + encodedDataLength);
  });
  await open(page);
  await expect(page.locator(".wall li")).toHaveCount(24);
  const total = [...bytes.values()].reduce((sum, one) => sum + one, 0);
  test.info().annotations.push({ type: "first load", description: `${total} bytes in ${bytes.size} requests` });
  expect(total).toBeLessThan(MOST_BYTES);
  expect(total, "it was measured").toBeGreaterThan(40_000);
  const files = [...bytes.keys()].filter((path) => path.startsWith("/page/"));
  bytes.clear();
  await page.reload();
  await expect(page.locator(".wall li")).toHaveCount(24);
  expect([...bytes].filter(([path, size]) => files.includes(path) && size > 0), "files of the page that were fetched again").toEqual([]);
});

test("no module waits for another to be found", async ({ page }) => {
  await open(page);
  await expect(page.locator(".wall li")).toHaveCount(24);
  const late = await page.evaluate(() => {
    const named = new Set([...document.querySelectorAll("link, script")].map((one) => Reflect.get(one, "href") || Reflect.get(one, "src")));
    return performance.getEntriesByType("resource").map((one) => one.name).filter((name) => name.endsWith(".js") && !named.has(name));
  });
  expect(late).toEqual([]);
});

test("of a thousand results only those near the screen are laid out and loaded", async ({ page }) => {
  const { samples } = await (await page.request.get("/v1/catalog?samples=24")).json();
  const evidence = { same_bytes: false, phash_bits: 9, pdq_bits: 40, pdq_quality: 100, orientation: "upright", cosine: 0.8, region: null, region_cosine: 0.8 };
  const results = Array.from({ length: 1000 }, (_, index) => ({ ...samples[index % samples.length], product_id: `product-${index}`, image_url: `/v1/images/one-${index}.jpg`, class: "similar", match_percent: 80, score: 0.8, evidence }));
  let asked = 0;
  const body = await (await page.request.get(`${samples[0].image_url}?width=160`)).body();
  await page.route("**/v1/images/one-*", (route) => {
    asked += 1;
    return route.fulfill({ body, contentType: "image/jpeg" });
  });
  await page.route("**/v1/search", (route) => route.fulfill({ json: { results, encoder: "look-1", more: false, took_ms: 5 } }));
  await open(page);
  await page.locator(".wall a").first().click();
  await answered(page);
  await expect(page.locator("lk-results .card")).toHaveCount(1000);
  const drawn = () => page.evaluate(() => [...document.querySelectorAll("lk-results .card lk-photo")].filter((card) => card.checkVisibility({ contentVisibilityAuto: true })).length);
  expect(await drawn()).toBeLessThan(150);
  expect(asked, "photos that were asked for").toBeLessThan(200);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect.poll(drawn).toBeLessThan(150);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect(page.locator("lk-results .card").last()).toBeInViewport();
  const after = await page.evaluate(() => document.documentElement.scrollHeight);
  expect(Math.abs(after - height) / height, "the page does not jump as it is scrolled").toBeLessThan(0.1);
});
