// The demo catalog that every test looks at, the same on every machine. What `demo` indexes has its photos in the order in
// which its threads were done with them, and the samples on the first page are spread over that order; so everything is
// taken out again, put in the order of the products' ids and brought into the catalog that is served.

import { existsSync } from "node:fs";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { PROGRAM, drawDemo, run } from "../../tools/server.mjs";

export const FOLDER = new URL("../../../../../target/page-demo", import.meta.url).pathname;
export const CATALOG = `${FOLDER}/in-order.lookalike`;
export const PRODUCTS = 120;

export default async function draw() {
  if (existsSync(CATALOG) && !(await isServed())) await rm(FOLDER, { recursive: true });
  const drawn = await drawDemo(PROGRAM, FOLDER, PRODUCTS);
  if (existsSync(CATALOG)) return;
  const [lines, unfinished] = [`${FOLDER}/in-order.jsonl`, `${CATALOG}.unfinished`];
  await run(PROGRAM, ["export", drawn, "--to", lines]);
  await writeFile(lines, inOrder(await readFile(lines, "utf8")));
  await rm(unfinished, { recursive: true, force: true });
  await run(PROGRAM, ["import", unfinished, lines]);
  await rename(unfinished, CATALOG);
}

/** Whether the program takes what an earlier one made. @returns {Promise<boolean>} */
async function isServed() {
  const [picture = ""] = await readdir(`${FOLDER}/queries`);
  return run(PROGRAM, ["search", CATALOG, `${FOLDER}/queries/${picture}`]).then(() => true, () => false);
}

/** An export with its products in the order of their ids, each with its photos after it. @param {string} lines */
function inOrder(lines) {
  /** @type {{id: string, lines: string[]}[]} */
  const products = [];
  const [head = "", ...rest] = lines.trimEnd().split("\n");
  for (const line of rest) {
    const { product } = JSON.parse(line);
    if (product) products.push({ id: product.id, lines: [] });
    products.at(-1)?.lines.push(line);
  }
  products.sort((a, b) => (a.id < b.id ? -1 : 1));
  return [head, ...products.flatMap((product) => product.lines), ""].join("\n");
}

/** A photo of the demo's that is not in the catalog. @param {RegExp} like @returns {Promise<string>} its path */
export async function query(like) {
  const names = (await readdir(`${FOLDER}/queries`)).sort();
  const found = names.find((name) => like.test(name));
  if (!found) throw new Error(`the demo has no query like ${like}: ${names.join(", ")}`);
  return `${FOLDER}/queries/${found}`;
}
