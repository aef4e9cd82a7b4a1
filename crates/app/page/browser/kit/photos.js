// Files that a person might give: real photos of the demo's, and what only looks like one.

import { deflateSync } from "node:zlib";
import { randomBytes } from "node:crypto";

/** A text. */
export const TEXT = { name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("These are only words.\n".repeat(20)) };

/** The beginning of what an iPhone writes. */
export const HEIC = {
  name: "IMG_0001.HEIC",
  mimeType: "image/heic",
  buffer: Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic"), Buffer.alloc(4), Buffer.from("mif1heic"), randomBytes(4000)]),
};

/** A picture that no compression makes smaller: `side` x `side` pixels of noise, 3 bytes each. @param {number} side */
export function noise(side) {
  const rows = Buffer.alloc((side * 3 + 1) * side);
  const grain = randomBytes(1 << 20);
  for (let at = 0; at < rows.length; at += grain.length) grain.copy(rows, at);
  for (let row = 0; row < side; row += 1) rows[row * (side * 3 + 1)] = 0;
  return { name: "noise.png", mimeType: "image/png", buffer: png(side, side, rows) };
}

/** @param {number} width @param {number} height @param {Buffer} rows each with its filter's byte before it */
function png(width, height, rows) {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", size), chunk("IDAT", deflateSync(rows, { level: 0 })), chunk("IEND", Buffer.alloc(0))]);
}

/** PNG's check sum, by its table of remainders. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** @param {Buffer} bytes */
function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (rest >>> 8) ^ (REMAINDERS[(rest ^ byte) & 0xff] ?? 0);
  return (rest ^ 0xffffffff) >>> 0;
}

/** @param {string} kind @param {Buffer} data */
function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
