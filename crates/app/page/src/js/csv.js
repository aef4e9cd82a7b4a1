// A table as a CSV file (RFC 4180) that a spreadsheet opens as text: what begins like a formula is made harmless.

/** @param {string | number} cell */
function escaped(cell) {
  const text = typeof cell === "string" && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {(string | number)[][]} rows */
export const csv = (rows) => rows.map((row) => `${row.map(escaped).join(",")}\r\n`).join("");

/** Hands a text to the person as a file. @param {string} name @param {string} text @param {string} mediaType */
export function saveAs(name, text, mediaType) {
  // The mark at the start tells spreadsheets that it is UTF-8.
  const address = URL.createObjectURL(new Blob(["\uFEFF", text], { type: mediaType }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
