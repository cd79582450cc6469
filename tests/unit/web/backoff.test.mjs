import assert from "node:assert/strict";
import { test } from "node:test";

import { boundedMs, reconnectDelayMs } from "../../../comment_service/web/client/backoff.js";
import { RecentIds } from "../../../comment_service/web/client/recent_ids.js";

test("the wait is never shorter than the server said, and spreads further with each failure", () => {
  assert.equal(reconnectDelayMs(0, 2000, () => 0), 2000);
  const spreads = [0, 1, 2, 3].map((failures) => reconnectDelayMs(failures, 2000, () => 0.999) - 2000);
  assert.deepEqual(spreads, [499, 999, 1998, 3996]);
});

test("the wait is bounded, whatever the server says and however often it failed", () => {
  assert.ok(reconnectDelayMs(10_000, 1e12, () => 0.999) <= 330_000);
  assert.equal(boundedMs(Number.NaN), 1000);
  assert.equal(boundedMs(-5), 0);
});

test("without a word from the server it waits a second", () => {
  assert.equal(reconnectDelayMs(0, null, () => 0), 1000);
});

test("recent ids drop repeats and forget the oldest", () => {
  const recent = new RecentIds(3);
  assert.deepEqual(["1", "2", "2", "3", "4"].map((id) => recent.add(id)), [true, true, false, true, true]);
  assert.equal(recent.size, 3);
  assert.equal(recent.add("4"), false);
  assert.equal(recent.add("1"), true);
});
