// Writes the server's OpenAPI document as types, so that `tsc` measures every call of the page by what the server says.
//   npm run types            asks target/release/lookalike, or the program that LOOKALIKE names

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { drawDemo, startServer } from "./server.mjs";

const here = new URL("..", import.meta.url).pathname;
const program = process.env.LOOKALIKE ?? join(here, "../../../target/release/lookalike");
const folder = await mkdtemp(join(tmpdir(), "lookalike-types-"));
try {
  const types = await openapiTS(await document(), { defaultNonNullable: false });
  await writeFile(join(here, "types/openapi.d.ts"), `// Written by tools/types.mjs.\n${astToString(types)}`);
} finally {
  await rm(folder, { recursive: true });
}

/** The document of a server that is started for this alone. @returns {Promise<any>} */
async function document() {
  const catalog = await drawDemo(program, folder, 1);
  const server = await startServer(program, catalog);
  try {
    return await (await fetch(`${server.url}/openapi.json`)).json();
  } finally {
    await server.stop();
  }
}
