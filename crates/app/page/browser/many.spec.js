// Many photos at once: a verdict each, the tally, the table as a file.

import { readFile } from "node:fs/promises";
import { PHOTOS } from "./kit/demo.js";
import { choose, expect, open, test } from "./kit/index.js";
import { HEIC, TEXT } from "./kit/photos.js";

test("every photo gets its verdict, what is no photo says why, and the table is saved", async ({ page }) => {
  const photos = await PHOTOS.several();
  await open(page);
  await choose(page, [...photos, TEXT, HEIC]);
  await expect(page).toHaveURL(/view=many/);
  await expect(page.getByText("5 photos, all checked")).toBeVisible();
  const rows = page.locator(".verdict-row");
  await expect(rows).toHaveCount(5);
  await expect(rows.nth(0).locator(".row-match strong")).not.toBeEmpty();
  await expect(rows.nth(3)).toContainText("not a picture");
  await expect(rows.nth(4)).toContainText("cannot read HEIC");
  // Neither becomes a picture by being asked again.
  await expect(page.getByRole("button", { name: /again/ })).toHaveCount(0);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const table = await readFile(await (await saving).path(), "utf8");
  const [head = "", ...lines] = table.replace("\uFEFF", "").trim().split("\r\n");
  expect(head).toBe("photo,verdict,match_percent,product_id,product_name,image_id,explanation");
  expect(lines).toHaveLength(5);
  const product = /edited-copy-of-(.*)\.jpg/.exec(photos[0] ?? "")?.[1] ?? "none";
  expect(lines[0]).toMatch(/(identical|edited_copy)/);
  expect(lines[0]).toContain(product.replace(/-[a-z]+$/, ""));
  expect(lines[3]).toContain("failed");
});

test("what failed on the server is asked again, and too fast is waited for", async ({ page }) => {
  const refuse = (/** @type {number} */ status) => ({ status, contentType: "application/problem+json", headers: { "retry-after": "5" }, body: JSON.stringify({ status, detail: "not now" }) });
  await page.route("**/v1/check", (route) => route.fulfill(refuse(500)), { times: 1 });
  await open(page);
  await choose(page, await PHOTOS.several());
  await expect(page.getByText("3 photos, all checked")).toBeVisible();
  await page.route("**/v1/check", (route) => route.fulfill(refuse(429)), { times: 1 });
  await page.getByRole("button", { name: "Try 1 again" }).click();
  await expect(page.locator("lk-notice h2")).toHaveText("A little too fast");
  await expect(page.getByText("3 photos, all checked")).toBeVisible();
  await expect(page.locator(".pill[data-verdict=failed], .verdict-row[data-state=failed]")).toHaveCount(0);
  await expect(page.locator("lk-notice")).toHaveCount(0);
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
