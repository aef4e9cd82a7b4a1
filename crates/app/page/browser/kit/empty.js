// A catalog with nothing in it, such as a new shop has.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM, run, startServer } from "../../tools/server.mjs";
import { CATALOG } from "./catalog.js";

/** A server over a catalog with the encoders of the demo's and no products. @returns {Promise<{url: string, folder: string, stop: () => Promise<void>}>} */
export async function serveEmpty() {
  const folder = await mkdtemp(join(tmpdir(), "lookalike-empty-"));
  const [lines, catalog] = [join(folder, "nothing.jsonl"), join(folder, "new.lookalike")];
  const [head = ""] = (await run(PROGRAM, ["export", CATALOG, "--to", "-"])).split("\n", 1);
  const { catalog: facts } = JSON.parse(head);
  await writeFile(lines, `${JSON.stringify({ catalog: { ...facts, products: 0, images: 0 } })}\n`);
  await run(PROGRAM, ["import", catalog, lines]);
  const server = await startServer(PROGRAM, catalog);
  return {
    url: server.url,
    folder,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
