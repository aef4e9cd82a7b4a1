// A catalog with nothing in it: what it says, and how it is filled.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasNoBarriers } from "./kit/axe.js";
import { PHOTOS } from "./kit/demo.js";
import { serveEmpty } from "./kit/empty.js";
import { answered, choose, expect, open, test } from "./kit/index.js";

test("an empty catalog says so, answers all the same, and is filled from here", async ({ page }) => {
  const shop = await serveEmpty();
  await open(page, shop.url);
  const title = page.locator("lk-notice h2");
  await expect(title).toHaveText("This catalog is empty");
  await choose(page, await PHOTOS.stranger());
  await expect(title).toHaveText("Nothing here looks like it");
  await page.locator(".toggle label", { hasText: "Is it listed?" }).click();
  await expect(page.locator(".verdict h1")).toHaveText("No, it is not listed");
  await page.locator("lk-ask input[type=search]").fill("mug");
  await page.keyboard.press("Enter");
  await expect(title).toHaveText("No product fits these words");
  await hasNoBarriers(page);

  await page.locator("lk-header nav a").first().click();
  await page.getByRole("button", { name: "Fill the catalog" }).click();
  await expect(page).toHaveURL(/view=catalog/);
  await expect(page.locator(".number b").first()).toHaveText("0");
  await expect(page.locator("lk-catalog")).toContainText("The products have no fields.");
  await hasNoBarriers(page);
  const photo = await PHOTOS.stranger();
  const table = join(shop.folder, "first.csv");
  await writeFile(table, `id,name,price,image\nfirst-one,The first one,12.50,${photo}\n`);
  await page.locator("lk-imports input[type=file]").setInputFiles(table);
  const job = page.locator(".job").first();
  await expect(job.locator(".pill")).toHaveText("done");
  await expect(job).toContainText("1 product (1 new, 0 changed), 1 photo, 0 failed");
  await expect(page.locator(".number b").first()).toHaveText("1");
  await expect(page.locator(".number span").first()).toHaveText("product");
  await expect(page.locator(".field-list strong", { hasText: "Price" })).toBeVisible();

  await page.locator("lk-header nav a").first().click();
  await expect(page.locator(".wall li")).toHaveCount(1);
  await choose(page, photo);
  await answered(page);
  await expect(page.locator(".card-main[href$='open=first-one']")).toBeVisible();
  await page.goto("about:blank");
  await shop.stop();
});
