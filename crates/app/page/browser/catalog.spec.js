// The catalog: what it holds, and how the page does where a server offers less.

import { expect, open, test } from "./kit/index.js";
import { answered, choose } from "./kit/index.js";
import { PHOTOS } from "./kit/demo.js";
import { PRODUCTS } from "./kit/catalog.js";

/** What a server without a route answers. */
const NOTHING = { status: 404, contentType: "application/problem+json", body: JSON.stringify({ status: 404, code: "no_such_route", detail: "there is nothing here" }) };

test("the catalog says how large it is and which fields it has", async ({ page }) => {
  await open(page, "/?view=catalog");
  await expect(page.locator(".number b").first()).toHaveText(String(PRODUCTS));
  await expect(page.locator(".encoders strong").first()).toHaveText("look-1");
  await expect(page.locator(".field-list strong", { hasText: "Price" })).toBeVisible();
});

test("a server that takes no imports, counts no facets and tells of no products is enough to search", async ({ page }) => {
  for (const path of ["**/v1/jobs", "**/v1/catalog/facets?*", "**/v1/products/*"]) await page.route(path, (route) => route.fulfill(NOTHING));
  await open(page, "/?view=catalog");
  await expect(page.locator("lk-imports")).toContainText("lookalike index");
  await open(page);
  await choose(page, await PHOTOS.other());
  await answered(page);
  await expect(page.locator("fieldset.filter .count").first()).not.toHaveText("0");
  await page.locator(".card-main").first().click();
  await expect(page.locator("dialog.product .fields dt").first()).toBeVisible();
});

test("imports that a key does not allow say which key does", async ({ page }) => {
  await page.route("**/v1/jobs", (route) => route.fulfill({ ...NOTHING, status: 403, body: JSON.stringify({ status: 403, code: "forbidden", detail: "" }) }));
  await open(page, "/?view=catalog");
  await expect(page.locator("lk-imports")).toContainText("admin");
  await expect(page.locator("lk-imports").getByRole("button", { name: "Enter a key" })).toBeVisible();
});
