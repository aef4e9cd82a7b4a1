// Everything by keyboard alone.

import { answered, choose, expect, open, test } from "./kit/index.js";
import { PHOTOS } from "./kit/demo.js";

test("from the first key to a product and back", async ({ page }) => {
  await open(page);
  await expect(page.locator(".wall li").first()).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.locator(".skip")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.locator("lk-ask input[type=search]")).toBeFocused();
  await page.keyboard.type("mug");
  await page.keyboard.press("Enter");
  await answered(page);
  const card = page.locator(".card-main").first();
  for (let presses = 0; presses < 80 && !(await card.evaluate((one) => one === document.activeElement)); presses += 1) await page.keyboard.press("Tab");
  await expect(card).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("dialog.product")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog.product")).toBeHidden();
  await expect(card).toBeFocused();
});

test("whatever has the focus shows it", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  for (let presses = 0; presses < 25; presses += 1) {
    await page.keyboard.press("Tab");
    const bare = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return "";
      // A ring around the thing itself, around what holds it, or on the label that stands for it.
      const ringed = [one, one.closest("form"), one.nextElementSibling].some((shown) => shown && getComputedStyle(shown).outlineStyle !== "none");
      return ringed ? "" : `${one.tagName} ${one.className} ${one.getAttribute("aria-label")}`;
    });
    expect(bare).toBe("");
  }
});
