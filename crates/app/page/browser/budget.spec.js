// What the page costs: bytes of the first load, and how much of a long answer the browser has to lay out.

import { answered, expect, open, settled, test } from "./kit/index.js";

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

test("the policy lets nothing run that is written into the page, and nothing come from elsewhere", async ({ context }) => {
  test.skip(process.env.PAGE_FROM_DISK === "1", "the program sends the policy");
  // A page that may complain: the browser says what it refuses.
  const page = await context.newPage();
  const policy = (await page.request.get("/")).headers()["content-security-policy"] ?? "";
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) expect(policy.split(/;\s*/)).toContain(rule);
  await open(page);
  // What somebody might slip in does not run: by script, in an attribute, in a style.
  const ran = await page.evaluate(async () => {
    const slipped = document.createElement("div");
    document.body.append(slipped);
    slipped.setAttribute("style", "position: fixed");
    try {
      const script = document.createElement("script");
      script.append("window.slipped = true");
      slipped.append(script);
    } catch {
      // Trusted types refuse even the text of a script.
    }
    return { script: Reflect.has(window, "slipped"), style: getComputedStyle(slipped).position };
  });
  expect(ran).toEqual({ script: false, style: "static" });
});

test("photos come as small as their places", async ({ page }) => {
  await open(page);
  await expect(page.locator(".wall li")).toHaveCount(24);
  await settled(page);
  const sizes = await page.locator(".wall lk-photo[data-shown] > img").evaluateAll((images) => images.map((image) => {
    const { currentSrc, naturalWidth, clientWidth } = /** @type {HTMLImageElement} */ (image);
    return { sized: /[?&]width=\d+$/.test(currentSrc), times: naturalWidth / (clientWidth * devicePixelRatio) };
  }));
  expect(sizes.length).toBeGreaterThan(6);
  expect(sizes.filter(({ sized, times }) => !sized || times > 2.1)).toEqual([]);
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
  const drawn = () => page.evaluate(() => [...document.querySelectorAll("lk-results .card lk-photo > *")].filter((photo) => photo.checkVisibility({ contentVisibilityAuto: true })).length);
  expect(await drawn()).toBeLessThan(150);
  expect(asked, "photos that were asked for").toBeLessThan(200);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  // Down all of it. How long frames take is told and not judged: it is the machine's to say. What is laid out at any moment is
  // judged, for that is what makes them long.
  const { most, frames } = await page.evaluate(async () => {
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    const laidOut = () => [...document.querySelectorAll("lk-results .card lk-photo > *")].filter((photo) => photo.checkVisibility({ contentVisibilityAuto: true })).length;
    const [frames, counts] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let step = 1; step <= 25; step += 1) {
      const begun = await frame();
      scrollTo(0, (document.documentElement.scrollHeight * step) / 25);
      frames.push(/** @type {number} */ (await frame()) - /** @type {number} */ (begun));
      await frame();
      counts.push(laidOut());
    }
    return { most: Math.max(...counts), frames: frames.sort((a, b) => a - b) };
  });
  test.info().annotations.push({ type: "further down", description: `${frames.length} steps; half of the frames under ${frames[Math.floor(frames.length / 2)]?.toFixed(0)} ms, 95 of 100 under ${frames[Math.floor(frames.length * 0.95)]?.toFixed(0)} ms` });
  expect(most, "cards laid out at once").toBeLessThan(150);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect(page.locator("lk-results .card").last()).toBeInViewport();
  const after = await page.evaluate(() => document.documentElement.scrollHeight);
  expect(Math.abs(after - height) / height, "the page does not jump as it is scrolled").toBeLessThan(0.01);
});
