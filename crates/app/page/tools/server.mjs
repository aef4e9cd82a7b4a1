// A real server over a demo catalog, for whoever drives the page.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pageFromDisk } from "./serve.mjs";

/** The program under test. */
export const PROGRAM = process.env.LOOKALIKE ?? new URL("../../../../target/release/lookalike", import.meta.url).pathname;

/** @param {string[]} parameters @returns {Promise<string>} what it printed */
export function run(/** @type {string} */ program, parameters) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let complained = "";
    child.stdout.on("data", (text) => { said += text; });
    child.stderr.on("data", (text) => { complained += text; });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve(said) : reject(new Error(`${program} ${parameters.join(" ")}: ${code}\n${complained}`))));
  });
}

/** Draws a demo shop, once. @param {string} program @param {string} folder @param {number} products @returns {Promise<string>} its catalog */
export async function drawDemo(program, folder, products) {
  const catalog = join(folder, "shop.lookalike");
  if (!existsSync(catalog)) await run(program, ["demo", folder, "--products", String(products), "--no-serve"]);
  return catalog;
}

/** With PAGE_FROM_DISK=1 the page is what is on disk, not what the program was built with: for whoever works on it. */
const FROM_DISK = process.env.PAGE_FROM_DISK === "1";

/**
 * Serves a catalog until `stop` is called.
 * @param {string} program @param {string} catalog @param {string[]} [flags] @param {string} [listen]
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startServer(program, catalog, flags = [], listen = "127.0.0.1:0") {
  if (!FROM_DISK) return serve(program, catalog, flags, listen);
  const server = await serve(program, catalog, flags, "127.0.0.1:0");
  const door = await pageFromDisk(server.url, Number(listen.split(":")[1]));
  return { url: door.url, stop: async () => { door.stop(); await server.stop(); } };
}

/** @param {string} program @param {string} catalog @param {string[]} flags @param {string} listen @returns {Promise<{url: string, stop: () => Promise<void>}>} */
function serve(program, catalog, flags, listen) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["serve", catalog, "--listen", listen, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
    const gone = new Promise((ended) => child.on("exit", ended));
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      const [, url] = /on (http:\/\/\S+?)\/?\s/.exec(said) ?? [];
      if (url) resolve({ url, stop: async () => { child.kill("SIGKILL"); await gone; } });
    });
    child.on("error", reject);
    void gone.then((code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
}
