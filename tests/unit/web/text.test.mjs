import assert from "node:assert/strict";
import { test } from "node:test";

import { hue, initials } from "../../../comment_service/web/page/avatar.js";
import { graphemes } from "../../../comment_service/web/page/graphemes.js";
import { LIVE_VIDEO_ID, RecentVideos } from "../../../comment_service/web/page/recent_videos.js";
import { relativeTime } from "../../../comment_service/web/page/relative_time.js";
import { memoryStorage } from "../../../comment_service/web/page/storage.js";

test("characters are counted as people see them", () => {
  assert.equal(graphemes("👨‍👩‍👧‍👦e\u0301🇩🇪a").length, 4);
});

test("initials are of the first and the last word, in any script", () => {
  const names = { "Ada Lovelace": "AL", grace: "G", "kenji_42": "K4", "Lucía de la Cruz": "LC", נועה: "נ", "🦊": "🦊" };
  for (const [name, expected] of Object.entries(names)) assert.equal(initials(name), expected);
  assert.equal(initials("…"), "?");
});

test("an author's colour is one of twelve, and always the same", () => {
  const hues = new Set(Array.from({ length: 400 }, (_, k) => hue(`u-${k}`)));
  assert.deepEqual([...hues].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(hue("u-17"), hue("u-17"));
});

test("ages are short, and a clock that is behind says now", () => {
  const then = new Date("2026-11-21T12:00:00Z");
  const after = (/** @type {number} */ seconds) => relativeTime(then, new Date(then.getTime() + seconds * 1000));
  assert.deepEqual([-30, 3, 12, 90, 7200].map(after), ["now", "now", "12s ago", "1m ago", "2h ago"]);
  assert.match(after(200_000), /2026/);
});

test("recent videos: the latest first, each once, no more than six, and junk in the storage is no harm", () => {
  const storage = memoryStorage();
  const recent = new RecentVideos(storage);
  for (const id of ["a", "b", "c", "d", "e", "f", "g", "b"]) recent.remember(id);
  assert.deepEqual(recent.list(), ["b", "g", "f", "e", "d", "c"]);
  storage.setItem("livecomments.recentVideos", '["ok", "<b>", 7]');
  assert.deepEqual(recent.list(), ["ok"]);
  storage.setItem("livecomments.recentVideos", "{");
  assert.deepEqual(recent.list(), []);
  assert.ok(!LIVE_VIDEO_ID.test("a b") && !LIVE_VIDEO_ID.test("x".repeat(65)) && LIVE_VIDEO_ID.test("match-42_B"));
});
