// How the page is driven: Debian's Chromium, a real server over a demo catalog, two at a time.

import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path)) ?? "/usr/bin/chromium";

/** A camera that is none, so that every machine has one. */
const CAMERA = ["--use-fake-device-for-media-stream"];
/** Root has no sandbox; letters are drawn alike whatever the machine's settings. */
const BROWSER = ["--no-sandbox", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"];

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** What is driven on a desktop and on a phone. */
const FLOWS = ["asking.spec.js", "products.spec.js", "many.spec.js", "catalog.spec.js", "empty.spec.js", "trouble.spec.js"];

export default defineConfig({
  testDir: "browser",
  outputDir: "browser/out",
  globalSetup: "./browser/kit/catalog.js",
  fullyParallel: true,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    launchOptions: { executablePath: CHROMIUM, args: [...BROWSER, ...CAMERA] },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: process.env.TRACE ? "retain-on-failure" : "off",
  },
  projects: [
    { name: "desktop light", testMatch: "views.spec.js", use: { ...DESKTOP, colorScheme: "light" } },
    { name: "desktop dark", testMatch: "views.spec.js", use: { ...DESKTOP, colorScheme: "dark" } },
    { name: "phone light", testMatch: "views.spec.js", use: { ...PHONE, colorScheme: "light" } },
    { name: "phone dark", testMatch: "views.spec.js", use: { ...PHONE, colorScheme: "dark" } },
    { name: "desktop", testMatch: [...FLOWS, "budget.spec.js", "keyboard.spec.js", "widths.spec.js"], use: DESKTOP },
    { name: "phone", testMatch: FLOWS, use: PHONE },
    {
      name: "two cameras",
      testMatch: "two-cameras.spec.js",
      use: { ...PHONE, launchOptions: { executablePath: CHROMIUM, args: [...BROWSER, "--use-fake-device-for-media-stream=device-count=2"] } },
    },
    {
      name: "no camera",
      testMatch: "no-camera.spec.js",
      use: { ...DESKTOP, launchOptions: { executablePath: CHROMIUM, args: BROWSER } },
    },
  ],
});
