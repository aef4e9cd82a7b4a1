// The page from disk in front of a running server, for whoever works on it: a change shows at the next reload.
//   npm run serve -- [PORT] [SERVER]        (8200, http://127.0.0.1:8000)

import { createReadStream, existsSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../src/", import.meta.url).pathname;
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

/**
 * Serves the page from disk and passes everything else to `server`.
 * @param {string} server @param {number} port 0 takes a free one
 * @returns {Promise<{url: string, stop: () => void}>}
 */
export function pageFromDisk(server, port) {
  const door = createServer((asked, reply) => answer(server, asked, reply));
  return new Promise((ready) => door.listen(port, "127.0.0.1", () => {
    const address = /** @type {import("node:net").AddressInfo} */ (door.address());
    ready({ url: `http://127.0.0.1:${address.port}`, stop: () => { door.closeAllConnections(); door.close(); } });
  }));
}

/** @param {string} server @param {import("node:http").IncomingMessage} asked @param {import("node:http").ServerResponse} reply */
function answer(server, asked, reply) {
  const path = new URL(asked.url ?? "/", "http://page").pathname;
  const file = path === "/" ? join(root, "index.html") : path.startsWith("/page/") ? join(root, normalize(path.slice(6))) : "";
  if (file.startsWith(root) && existsSync(file)) {
    reply.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain", "cache-control": "no-store" });
    createReadStream(file).pipe(reply);
    return;
  }
  // The server sees a page of its own: what changes something is taken from no other.
  const origin = asked.headers.origin ? { origin: server } : {};
  const passed = request(new URL(asked.url ?? "/", server), { method: asked.method, headers: { ...asked.headers, host: new URL(server).host, ...origin } }, (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  passed.on("error", () => reply.destroy());
  asked.pipe(passed);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port = "8200", server = "http://127.0.0.1:8000"] = process.argv.slice(2);
  const { url } = await pageFromDisk(server, Number(port));
  process.stdout.write(`${url}\n`);
}
