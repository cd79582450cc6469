import assert from "node:assert/strict";
import { test } from "node:test";

import { RecentChanges } from "../../../comment_service/web/client/recent_changes.js";
import { CommentWindow } from "../../../comment_service/web/page/comment_window.js";
import { adjusted } from "../../../comment_service/web/page/kinds.js";
import { OwnReactions } from "../../../comment_service/web/page/own_reactions.js";
import { offered } from "../../../comment_service/web/page/permissions.js";
import { ReplyCounts } from "../../../comment_service/web/page/reply_counts.js";
import { memoryStorage } from "../../../comment_service/web/page/storage.js";

const comment = (id, other = {}) => ({ commentId: id, replyTo: null, editedAt: null, content: `c${id}`, ...other });

test("an edit or deletion heard of before its comment is applied to it, and an older edit is not", () => {
  const changes = new RecentChanges(3);
  const [first, second] = ["2026-11-21T12:00:01Z", "2026-11-21T12:00:02Z"].map((at) => comment("1", { editedAt: at }));
  assert.ok(changes.edited(second));
  assert.ok(!changes.edited(first));
  assert.equal(changes.applied(comment("1")), second);
  assert.ok(changes.deleted("1"));
  assert.ok(!changes.deleted("1") && !changes.edited(second));
  assert.equal(changes.applied(comment("1")), null);
  for (const id of ["2", "3", "4"]) changes.deleted(id);
  const forgotten = comment("1");
  assert.equal(changes.applied(forgotten), forgotten);
});

test("replies: the server's count and the backlog's overlap, later ones add", () => {
  const counts = new ReplyCounts();
  counts.came(comment("1", { replyCount: 2 }), false);
  counts.came(comment("2", { replyTo: "1" }), false);
  counts.came(comment("3", { replyTo: "1" }), false);
  assert.equal(counts.of("1"), 2);
  counts.came(comment("4", { replyTo: "1" }), true);
  counts.came(comment("4", { replyTo: "1" }), true);
  assert.equal(counts.of("1"), 3);
  counts.gone("4");
  counts.gone("3");
  counts.gone("3");
  assert.equal(counts.of("1"), 1);
  counts.settle("1", 7);
  counts.came(comment("5", { replyTo: "1" }), true);
  assert.equal(counts.of("1"), 8);
  assert.equal(counts.of("9"), 0);
  counts.settle("1", 2, ["5", "6"]);
  counts.came(comment("6", { replyTo: "1" }), true);
  assert.equal(counts.of("1"), 2);
  counts.came(comment("7", { replyTo: "1" }), false);
  assert.equal(counts.of("1"), 3);
});

test("totals after a reaction was chosen, changed or taken back", () => {
  assert.deepEqual(adjusted({}, null, "like"), { like: 1 });
  assert.deepEqual(adjusted({ like: 1, wow: 2 }, "like", "wow"), { wow: 3 });
  assert.deepEqual(adjusted({ wow: 3 }, "wow", null), { wow: 2 });
});

test("own reactions are each user's, survive a reload and are bounded", () => {
  const storage = memoryStorage();
  const own = new OwnReactions(storage);
  own.choose("ada", "1", "love");
  assert.equal(new OwnReactions(storage).of("ada", "1"), "love");
  assert.equal(own.of("bob", "1"), null);
  for (let id = 2; id <= 501; id += 1) own.choose("ada", String(id), "like");
  assert.equal(own.of("ada", "1"), null);
  own.choose("ada", "501", null);
  assert.equal(own.of("ada", "501"), null);
  storage.setItem("livecomments.reactions", "{");
  assert.equal(new OwnReactions(storage).of("ada", "2"), null);
});

test("what is offered: by whose comment it is, its age, and who asks", () => {
  const now = new Date("2026-11-21T12:10:00Z");
  const by = (/** @type {string} */ authorId, minute) => ({ authorId, createdAt: `2026-11-21T12:0${minute}:00Z` });
  const user = (/** @type {string[]} */ ...roles) => ({ userId: "ada", name: "Ada", roles });
  assert.deepEqual(offered(null, by("ada", 9), now), ["report"]);
  assert.deepEqual(offered(user("viewer"), by("ada", 9), now), ["edit", "delete"]);
  assert.deepEqual(offered(user("viewer"), by("ada", 4), now), ["delete"]);
  assert.deepEqual(offered(user("viewer"), by("bob", 9), now), ["report"]);
  assert.deepEqual(offered(user("moderator"), by("bob", 1), now), ["edit", "delete", "report", "ban"]);
});

test("what was read again is held against what is shown, as far as it reaches", () => {
  const window = new CommentWindow(10);
  for (const id of ["1", "2", "3", "4", "5"]) window.arrive(comment(id), true);
  window.compare([]);
  window.compare([comment("2"), comment("4", { content: "edited" })]);
  assert.deepEqual(window.shown.map(({ commentId }) => commentId), ["1", "2", "4", "5"]);
  assert.equal(window.find("4").content, "edited");
  assert.equal(window.find("3"), undefined);
});
