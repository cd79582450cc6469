import assert from "node:assert/strict";
import { test } from "node:test";

import { CommentWindow, compareIds } from "../../../comment_service/web/page/comment_window.js";

const LIMIT = 10;

/** @param {number} id */
const comment = (id) => ({ commentId: String(id), content: `c${id}` });

/** @param {CommentWindow} window */
const shown = (window) => window.shown.map(({ commentId }) => Number(commentId));

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, k) => from + k);

/** @param {number[]} ids @param {boolean} following */
function windowOf(ids, following = true) {
  const window = new CommentWindow(LIMIT);
  for (const id of ids) window.arrive(comment(id), following);
  return window;
}

test("ids are compared as numbers, though they are larger than a Number holds", () => {
  assert.ok(compareIds("9", "10") < 0);
  assert.ok(compareIds("7301458392012345345", "7301458392012345344") > 0);
  assert.equal(compareIds("5", "5"), 0);
});

test("comments are in the order of their ids, each once", () => {
  assert.deepEqual(shown(windowOf([1, 3, 2, 3, 5, 4])), [1, 2, 3, 4, 5]);
});

test("who follows sees the newest, and as many as the limit", () => {
  const window = windowOf(range(1, 25));
  assert.deepEqual(shown(window), range(16, 25));
  assert.equal(window.fromBeginning, false);
});

test("a latecomer older than a full window is left to the older pages", () => {
  const window = windowOf(range(11, 25));
  assert.equal(window.arrive(comment(3), true), false);
  assert.deepEqual(shown(window), range(16, 25));
});

test("for who reads further up nothing moves, and the newer ones wait", () => {
  const window = windowOf(range(1, 10));
  for (const id of range(11, 18)) window.arrive(comment(id), false);
  assert.deepEqual(shown(window), range(1, 10));
  assert.ok(window.hasNewer);
  window.advance(5);
  assert.deepEqual(shown(window), range(6, 15));
  window.follow();
  assert.deepEqual(shown(window), range(9, 18));
  assert.equal(window.hasNewer, false);
});

test("when too many waited, the reader comes to the newest, and no two neighbours have a gap between them", () => {
  const window = windowOf(range(1, 10));
  for (const id of range(11, 60)) window.arrive(comment(id), false);
  assert.deepEqual(shown(window), range(1, 10));
  window.advance(5);
  assert.deepEqual(shown(window), range(51, 60));
});

test("an older page goes on top; what is too much waits below", () => {
  const window = windowOf(range(11, 20));
  window.prepend(range(6, 10).map(comment), true);
  assert.deepEqual(shown(window), range(6, 15));
  assert.ok(window.hasNewer);
  window.prepend(range(1, 5).map(comment), false);
  assert.deepEqual(shown(window), range(1, 10));
  assert.ok(window.fromBeginning);
  window.advance(100);
  assert.deepEqual(shown(window), range(11, 20));
});

test("older pages above a gap do not carry comments across it", () => {
  const window = windowOf(range(21, 30));
  window.tear(false);
  for (const id of range(51, 55)) window.arrive(comment(id), false);
  window.prepend(range(16, 20).map(comment), true);
  assert.deepEqual(shown(window), range(16, 25));
  window.follow();
  assert.deepEqual(shown(window), range(51, 55));
  assert.equal(window.fromBeginning, false);
});

test("who follows through a gap sees only what came after it", () => {
  const window = windowOf(range(1, 5));
  window.tear(true);
  for (const id of range(21, 23)) window.arrive(comment(id), true);
  assert.deepEqual(shown(window), [21, 22, 23]);
});

test("edits and deletions reach those shown and those that wait", () => {
  const window = windowOf(range(1, 10));
  window.arrive(comment(11), false);
  window.replace({ ...comment(11), content: "better" });
  window.replace({ ...comment(4), content: "best" });
  window.remove("5");
  window.remove("99");
  window.follow();
  assert.deepEqual(shown(window), [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
  assert.equal(window.shown[3].content, "best");
  assert.equal(window.shown[9].content, "better");
});

test("any history keeps it bounded, in order, and without a gap between neighbours", () => {
  let seed = 7;
  const random = (/** @type {number} */ n) => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let run = 0; run < 200; run += 1) {
    const window = new CommentWindow(LIMIT);
    let newest = 100;
    for (let step = 0; step < 60; step += 1) {
      const action = random(6);
      if (action < 3) for (let k = random(8); k > 0; k -= 1) window.arrive(comment((newest += 1)), random(2) === 0);
      else if (action === 3) window.advance(1 + random(6));
      else if (action === 4) window.follow();
      else if (window.shown.length > 0) {
        const oldest = Number(window.shown[0].commentId);
        window.prepend(range(Math.max(1, oldest - 5), oldest - 1).map(comment), oldest > 6);
      }
      const ids = shown(window);
      assert.ok(ids.length <= LIMIT);
      for (const [at, id] of ids.entries()) if (at > 0) assert.equal(id, ids[at - 1] + 1, `run ${run}: ${ids}`);
      if (window.fromBeginning) assert.equal(ids[0], 1);
    }
    window.follow();
    assert.equal(shown(window).at(-1), newest > 100 ? newest : undefined);
  }
});
