// The demo catalog that every test looks at: drawn once, the same on every machine.

import { PROGRAM, drawDemo } from "../../tools/server.mjs";

export const FOLDER = new URL("../../../../../target/page-demo", import.meta.url).pathname;
export const CATALOG = `${FOLDER}/shop.lookalike`;
export const PRODUCTS = 120;

export default async function draw() {
  await drawDemo(PROGRAM, FOLDER, PRODUCTS);
}

/** A photo of the demo's that is not in the catalog. @param {RegExp} like @returns {Promise<string>} its path */
export async function query(like) {
  const { readdir } = await import("node:fs/promises");
  const names = (await readdir(`${FOLDER}/queries`)).sort();
  const found = names.find((name) => like.test(name));
  if (!found) throw new Error(`the demo has no query like ${like}: ${names.join(", ")}`);
  return `${FOLDER}/queries/${found}`;
}
