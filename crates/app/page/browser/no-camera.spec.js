// A machine without a camera.

import { expect, open, test } from "./kit/index.js";

test("where there is no camera a file is offered", async ({ page, context }) => {
  await context.grantPermissions(["camera"]);
  await open(page);
  await page.getByRole("button", { name: "Take a photo" }).click();
  await expect(page.locator("lk-notice h2")).toHaveText("No camera was found");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a file instead" }).click();
  await chooser;
});
