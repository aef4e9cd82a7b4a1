// The catalog: what it holds, and how the page does where a server offers less.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM, startServer } from "../tools/server.mjs";
import { CATALOG, PRODUCTS } from "./kit/catalog.js";
import { PHOTOS } from "./kit/demo.js";
import { answered, choose, expect, open, test } from "./kit/index.js";

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

test("a file is imported and watched, and what it could not bring is listed with reasons", async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), "lookalike-import-"));
  await cp(CATALOG, join(folder, "shop.lookalike"), { recursive: true });
  const server = await startServer(PROGRAM, join(folder, "shop.lookalike"));
  await open(page, `${server.url}/?view=catalog`);
  await expect(page.locator("lk-imports .drop-area")).toBeVisible();
  const photo = await PHOTOS.stranger();
  const rows = `id,name,image\nnew-one,A new one,${photo}\nbroken,Without its photo,${folder}/none.jpg\n`;
  await page.locator("lk-imports input[type=file]").setInputFiles({ name: "new products.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  const job = page.locator(".job").first();
  await expect(job).toContainText("new products.csv");
  await expect(job.locator(".pill")).toHaveText("done");
  await job.locator("summary").click();
  await expect(job.locator(".failures li").first()).toContainText("none.jpg");
  await expect(page.locator(".number b").first()).toHaveText(String(PRODUCTS + 1));
  // What was imported is found at once.
  await page.locator("lk-header nav a").first().click();
  await choose(page, photo);
  await answered(page);
  await expect(page.locator(".card-main[href$='open=new-one']")).toBeVisible();
  // After a restart the import is still told of.
  await page.goto("about:blank");
  await server.stop();
  const again = await startServer(PROGRAM, join(folder, "shop.lookalike"));
  await open(page, `${again.url}/?view=catalog`);
  await expect(page.locator(".job").first()).toContainText("new products.csv");
  await page.goto("about:blank");
  await again.stop();
  await rm(folder, { recursive: true });
});

test("a file that is no catalog is refused, with the reason", async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), "lookalike-import-"));
  await cp(CATALOG, join(folder, "shop.lookalike"), { recursive: true });
  const server = await startServer(PROGRAM, join(folder, "shop.lookalike"));
  await open(page, `${server.url}/?view=catalog`);
  await page.locator("lk-imports input[type=file]").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("only words, no table\n") });
  await expect(page.locator("lk-imports").locator(".complaint, lk-notice").first()).toBeVisible();
  await page.goto("about:blank");
  await server.stop();
  await rm(folder, { recursive: true });
});
