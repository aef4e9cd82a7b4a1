// The page from disk in front of a running server, for whoever works on it: a change shows at the next reload.
//   npm run serve -- [PORT] [SERVER]        (8200, http://127.0.0.1:8000)

import { createReadStream, existsSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";

const [port = "8200", server = "http://127.0.0.1:8000"] = process.argv.slice(2);
const root = new URL("../src/", import.meta.url).pathname;
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

createServer((asked, reply) => {
  const path = new URL(asked.url ?? "/", "http://page").pathname;
  const file = path === "/" ? join(root, "index.html") : path.startsWith("/page/") ? join(root, normalize(path.slice(6))) : "";
  if (file.startsWith(root) && existsSync(file)) {
    reply.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain", "cache-control": "no-store" });
    createReadStream(file).pipe(reply);
    return;
  }
  const passed = request(new URL(asked.url ?? "/", server), { method: asked.method, headers: { ...asked.headers, host: new URL(server).host } }, (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  passed.on("error", () => reply.destroy());
  asked.pipe(passed);
}).listen(Number(port), "127.0.0.1");
