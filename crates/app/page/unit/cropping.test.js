import assert from "node:assert/strict";
import { test } from "node:test";
import { WHOLE, drawn, meant, pulled } from "../src/js/cropping.js";

const box = { x: 0.2, y: 0.2, width: 0.4, height: 0.4 };
const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-9;

test("a box is moved within the picture and keeps its size", () => {
  const moved = pulled(box, "move", 0.9, -0.9);
  assert.ok(near(moved.x, 0.6) && near(moved.y, 0));
  assert.deepEqual([moved.width, moved.height], [0.4, 0.4]);
});

test("a corner is pulled no further than the picture, and not across the opposite one", () => {
  const wide = pulled(box, "se", 5, 5);
  assert.ok(near(wide.x + wide.width, 1) && near(wide.y + wide.height, 1));
  for (const grip of /** @type {const} */ (["nw", "ne", "sw", "se"])) {
    for (const by of [-3, 3]) {
      const { x, y, width, height } = pulled(box, grip, by, by);
      assert.ok(x >= 0 && y >= 0 && x + width <= 1 + 1e-9 && y + height <= 1 + 1e-9, grip);
      assert.ok(width >= 0.08 - 1e-9 && height >= 0.08 - 1e-9, grip);
    }
  }
});

test("a box is drawn from any corner, and a slip of the hand draws none", () => {
  assert.deepEqual(drawn([0.5, 0.75], [0.25, 0.25]), { x: 0.25, y: 0.25, width: 0.25, height: 0.5 });
  assert.deepEqual(drawn([-1, -1], [0.5, 2]), { x: 0, y: 0, width: 0.5, height: 1 });
  assert.equal(drawn([0.5, 0.5], [0.52, 0.9]), null);
});

test("all of the picture is no crop", () => {
  assert.equal(meant(WHOLE), null);
  assert.equal(meant(box), box);
});
