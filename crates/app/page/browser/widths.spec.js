// From the smallest phone to the widest screen nothing is cut off, and where movement is unwelcome nothing moves.

import { hasNoBarriers } from "./kit/axe.js";
import { answered, choose, expect, open, test } from "./kit/index.js";
import { PHOTOS } from "./kit/demo.js";

for (const width of [360, 768, 1024, 2560]) {
  test(`nothing is cut off at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    const cutOff = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    for (const address of ["/", "/?view=many", "/?view=catalog", "/?q=mug"]) {
      await open(page, address);
      await expect(page.locator("main > *").first()).toBeVisible();
      if (address.includes("q=")) await answered(page);
      expect(await cutOff(), address).toBeLessThanOrEqual(0);
    }
    // From the start, where no earlier answer stands that could be taken for this one.
    await open(page);
    await choose(page, await PHOTOS.copy());
    await answered(page);
    expect(await cutOff()).toBeLessThanOrEqual(0);
    await page.locator(".card-main").first().click();
    await expect(page.locator("#product-title")).toBeVisible();
    expect(await page.locator("dialog.product").evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBeLessThanOrEqual(0);
  });
}

test("nothing is cut off at 360 px in German, whose words are longer", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.addInitScript(() => localStorage.setItem("lookalike.language", "de"));
  for (const address of ["/", "/?view=many", "/?view=catalog", "/?q=mug", "/?photo=000000000000"]) {
    await open(page, address);
    await expect(page.locator("html")).toHaveAttribute("lang", "de");
    await expect(page.locator("main > *").first()).toBeVisible();
    if (address.includes("q=")) await answered(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), address).toBeLessThanOrEqual(0);
    await hasNoBarriers(page);
  }
});

test("nothing moves where movement is unwelcome", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".card-main").first().click();
  await page.locator("dialog.product label", { hasText: "Blink" }).click();
  const stage = page.locator(".compare-stage");
  await page.locator(".compare-stage .button").click();
  await expect(stage).toHaveAttribute("data-theirs", "");
  // Not by a clock: the swap above stays until the next press.
  await page.waitForTimeout(1500);
  await expect(stage).toHaveAttribute("data-theirs", "");
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});
