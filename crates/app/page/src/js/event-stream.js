// Server-sent events out of a response's body. The browser's own EventSource cannot send a key, so they are read here.

/**
 * Cuts text that comes in pieces into events.
 * @returns {(piece: string) => {event: string, data: string}[]}
 */
export function eventCutter() {
  let rest = "";
  return (piece) => {
    rest = (rest + piece).replaceAll("\r\n", "\n");
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let event = "message";
      const data = [];
      for (const line of block.split("\n")) {
        const [, name = "", value = ""] = /^(\w+):? ?(.*)$/.exec(line) ?? [];
        if (name === "event") event = value;
        if (name === "data") data.push(value);
      }
      return data.length > 0 ? [{ event, data: data.join("\n") }] : [];
    });
  };
}

/** Hands every event of `response` to `take` until it ends. @param {Response} response @param {(event: {event: string, data: string}) => void} take */
export async function readEvents(response, take) {
  if (!response.body) return;
  const cut = eventCutter();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    cut(value).forEach(take);
  }
}
