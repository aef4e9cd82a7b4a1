// What was found: filters, further results, a product in full, comparison, more like it.

import { hasNoBarriers } from "./kit/axe.js";
import { PHOTOS } from "./kit/demo.js";
import { answered, choose, expect, open, test } from "./kit/index.js";

test("filters made from the catalog's fields narrow the answer at once, with counts", async ({ page, isMobile }) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  if (isMobile) await page.locator(".filter-opener").click();
  const category = page.locator("fieldset.filter", { hasText: "Category" });
  const mugs = category.getByRole("checkbox", { name: /^home\/mugs/ });
  const count = Number(await category.locator("label", { hasText: "home/mugs" }).locator(".count").textContent());
  await mugs.check();
  await expect(page).toHaveURL(/f\.category=home%2Fmugs/);
  await expect(page.locator("lk-results .card:not(.blank-card)")).toHaveCount(count);
  // What no mug has stands back; what some have does not.
  const pattern = page.locator("fieldset.filter", { hasText: "Pattern" });
  await expect(pattern.locator("label[data-none]", { hasText: "camouflage" })).toBeVisible();
  await expect(pattern.locator("label:not([data-none])", { hasText: "ombre" })).toBeVisible();
  const price = page.locator("fieldset.filter", { hasText: "Price" });
  await price.getByLabel("Price, at most").last().fill("12");
  await expect(page).toHaveURL(/r\.price=\.\.12/);
  await expect.poll(() => page.locator("lk-results .card:not(.blank-card)").count()).toBeLessThan(count);
  for (const shown of await page.locator(".card .price").allTextContents()) expect(Number(shown.replace(/[^\d.]/g, ""))).toBeLessThanOrEqual(12);
  await page.locator("lk-filters").getByRole("button", { name: "Clear" }).click();
  await expect(page).not.toHaveURL(/f\.|r\./);
});

test("filters that nothing passes say so and are taken back", async ({ page }) => {
  await open(page, "/?q=mug&r.price=900000..");
  await expect(page.locator("lk-notice h2")).toHaveText("Nothing passes these filters");
  await page.locator("lk-notice .button").click();
  await answered(page);
});

test("the end of the list asks for what comes after it", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  const cards = page.locator("lk-results .card:not(.blank-card)");
  const before = await cards.count();
  await page.locator(".end").scrollIntoViewIfNeeded();
  await expect.poll(() => cards.count()).toBeGreaterThan(before);
  const ids = await cards.locator(".card-main").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  expect(new Set(ids).size, "no product twice").toBe(ids.length);
});

test("a product opens with its photos, fields and evidence, and is compared with the photo", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.copy());
  await answered(page);
  await page.locator(".card-main").first().click();
  const dialog = page.locator("dialog.product");
  await expect(dialog).toBeVisible();
  await expect(page).toHaveURL(/open=/);
  await expect(dialog.locator(".fields dt").first()).toHaveText("Id");
  await expect(dialog.locator(".evidence li").first()).toBeVisible();
  await expect(dialog.locator(".thumbs button").nth(1)).toBeVisible();
  await dialog.locator(".thumbs button").nth(1).click();
  await expect(dialog.locator(".thumbs button").nth(1)).toHaveAttribute("aria-pressed", "true");
  for (const way of ["Overlay", "Blink", "Side by side"]) {
    await dialog.locator("label", { hasText: way }).click();
    await expect(dialog.locator(".compare-stage figure")).toHaveCount(2);
  }
  await dialog.locator("label", { hasText: "Overlay" }).click();
  await dialog.getByRole("slider").fill("80");
  await expect(dialog.locator(".compare-stage figure").nth(1)).toHaveCSS("opacity", "0.8");
  await dialog.locator("label", { hasText: "Blink" }).click();
  // By the clock first; a press takes over from it.
  const stage = dialog.locator(".compare-stage");
  await expect(stage).toHaveAttribute("data-theirs", "");
  await expect(stage).not.toHaveAttribute("data-theirs", "");
  const swap = stage.getByRole("button", { name: "Swap" });
  await swap.click();
  const theirs = await stage.evaluate((one) => one.hasAttribute("data-theirs"));
  await swap.click();
  expect(await stage.evaluate((one) => one.hasAttribute("data-theirs"))).toBe(!theirs);
  await hasNoBarriers(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).not.toHaveURL(/open=/);
  await page.goBack();
  await expect(dialog).toBeVisible();
});

test("a link to a product opens it", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  const href = await page.locator(".card-main").first().getAttribute("href");
  await open(page, `/${href}`);
  await expect(page.locator("#product-title")).toBeVisible();
  await expect(page.locator(".gallery-stage img").first()).toBeVisible();
});

test("more like this asks with the product's own photo", async ({ page }) => {
  await open(page, "/?q=mug");
  await answered(page);
  await page.locator(".card-main").first().click();
  await page.locator("dialog.product").getByRole("button", { name: "More like this" }).click();
  await expect(page).toHaveURL(/\?image=/);
  await answered(page);
  await expect(page.locator(".crop-stage img")).toBeVisible();
});
