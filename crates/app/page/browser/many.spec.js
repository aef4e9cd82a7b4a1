// Many photos at once: a verdict each, the tally, the table as a file.

import { readFile } from "node:fs/promises";
import { PHOTOS } from "./kit/demo.js";
import { choose, expect, open, test } from "./kit/index.js";
import { TEXT } from "./kit/photos.js";

test("every photo gets its verdict, what is no photo says why, and the table is saved", async ({ page }) => {
  const photos = await PHOTOS.several();
  await open(page);
  await choose(page, [...photos, TEXT]);
  await expect(page).toHaveURL(/view=many/);
  await expect(page.getByText("4 photos, all checked")).toBeVisible();
  const rows = page.locator(".verdict-row");
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(0).locator(".row-match strong")).not.toBeEmpty();
  await expect(rows.nth(3)).toContainText("not a picture");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const table = await readFile(await (await saving).path(), "utf8");
  const [head = "", ...lines] = table.replace("\uFEFF", "").trim().split("\r\n");
  expect(head).toBe("photo,verdict,match_percent,product_id,product_name,image_id,explanation");
  expect(lines).toHaveLength(4);
  const product = /edited-copy-of-(.*)\.jpg/.exec(photos[0] ?? "")?.[1] ?? "none";
  expect(lines[0]).toMatch(/(identical|edited_copy)/);
  expect(lines[0]).toContain(product.replace(/-[a-z]+$/, ""));
  expect(lines[3]).toContain("failed");
});

test("a verdict is looked at in full, and the list is still there afterwards", async ({ page }) => {
  await open(page);
  await choose(page, await PHOTOS.several());
  await expect(page.getByText("all checked")).toBeVisible();
  await page.locator(".row-match").first().click();
  await expect(page.locator(".verdict h1")).toHaveText("Yes, it is listed");
  await page.goBack();
  await expect(page.locator(".verdict-row")).toHaveCount(3);
  await page.locator(".tally").first().click();
  await expect(page.locator(".tally").first()).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Clear the list" }).click();
  await expect(page.locator(".drop-area")).toBeVisible();
});
