// A device with a camera on either side, as phones have.

import { hasNoBarriers } from "./kit/axe.js";
import { answered, expect, open, test } from "./kit/index.js";

/** Which camera is on, as the browser calls it. @param {import("@playwright/test").Page} page */
const cameraOf = (page) =>
  page.locator(".camera-stage video").evaluate((/** @type {HTMLVideoElement} */ video) =>
    video.srcObject instanceof MediaStream ? (video.srcObject.getVideoTracks()[0]?.getSettings().deviceId ?? "") : "");

test("front and back are changed over, and the photo is taken with the one that is on", async ({ page, context }) => {
  await context.grantPermissions(["camera"]);
  // What the page asks the browser for, in turn.
  await page.addInitScript(() => {
    const asked = Reflect.set(window, "askedFor", []) ? /** @type {unknown[]} */ (Reflect.get(window, "askedFor")) : [];
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wanted) => {
      asked.push(wanted && typeof wanted.video === "object" ? wanted.video.facingMode : undefined);
      return ask(wanted);
    };
  });
  await open(page);
  await page.getByRole("button", { name: "Take a photo" }).click();
  const shutter = page.getByRole("button", { name: "Take the photo" });
  const turn = page.getByRole("button", { name: "Front or back camera" });
  await expect(shutter).toBeEnabled();
  await expect(turn).toBeVisible();
  await hasNoBarriers(page);
  const first = await cameraOf(page);
  expect(first).not.toBe("");
  await turn.click();
  await expect.poll(() => cameraOf(page)).not.toBe(first);
  const asked = await page.evaluate(() => /** @type {unknown[]} */ (Reflect.get(window, "askedFor")));
  expect(asked.slice(0, 2)).toEqual(["environment", "user"]);
  await turn.click();
  await expect.poll(() => cameraOf(page)).toBe(first);
  await shutter.click();
  await expect(page.locator(".camera")).toBeHidden();
  await answered(page);
  await expect(page.locator(".crop-stage img")).toBeVisible();
});

test("the camera is let go when its window is closed", async ({ page, context }) => {
  await context.grantPermissions(["camera"]);
  await open(page);
  await page.getByRole("button", { name: "Take a photo" }).click();
  await expect(page.getByRole("button", { name: "Take the photo" })).toBeEnabled();
  const track = await page.locator(".camera-stage video").evaluateHandle((/** @type {HTMLVideoElement} */ video) => /** @type {MediaStream} */ (video.srcObject).getVideoTracks()[0]);
  await page.keyboard.press("Escape");
  await expect(page.locator(".camera")).toHaveCount(0);
  expect(await track.evaluate((one) => one?.readyState)).toBe("ended");
});
