import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { Accounts } from "../../../comment_service/web/client/accounts_api.js";
import { Moderation } from "../../../comment_service/web/client/moderation_api.js";
import { LiveComments, Problem } from "../../../comment_service/web/livecomments.js";
import { ScriptedServer, comment, frame, frames, until } from "./server.mjs";

// A suite, so that the hooks are of these tests alone: all modules run in one process.
describe("calls", () => {
  /** @type {ScriptedServer} */
  let server;
  /** @type {LiveComments} */
  let live;

  beforeEach(async () => {
    server = await new ScriptedServer().start();
    live = new LiveComments("v", { baseUrl: server.url, token: "t", random: () => 0 });
  });

  afterEach(async () => {
    live.close();
    await server.close();
  });

  const asked = () => server.requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`);

  test("each call asks what the API says, with the token", async () => {
    server.rest = ({ method }) => (["PUT", "DELETE"].includes(method) ? { status: 204 } : { body: comment(1) });
    await live.reply("7", "yes", { media: ["m1"] });
    await live.edit("7", "no");
    await live.react("7", "love");
    await live.unreact("7", "love");
    await live.reactToVideo("wow");
    await live.report("7", "Spam");
    await live.delete("7");
    assert.deepEqual(asked(), [
      "POST /comments/v",
      "PATCH /comments/v/7",
      "PUT /comments/v/7/reactions/love",
      "DELETE /comments/v/7/reactions/love",
      "POST /videos/v/reactions",
      "POST /comments/v/7/reports",
      "DELETE /comments/v/7",
    ]);
    const bodies = server.requests.map(({ body }) => body);
    assert.deepEqual(bodies[0], { content: "yes", replyTo: "7", media: ["m1"] });
    assert.deepEqual([bodies[1], bodies[4], bodies[5]], [{ content: "no" }, { kind: "wow" }, { reason: "Spam" }]);
    assert.ok(server.requests.every(({ headers }) => headers.authorization === "Bearer t"));
  });

  test("an image goes as one part named file, and its address is the server's", async () => {
    const answer = { mediaId: "abc", contentType: "image/png", width: 1, height: 2 };
    server.rest = () => ({ status: 201, body: answer });
    assert.deepEqual(await live.upload(new File(["bytes"], "a.png", { type: "image/png" })), answer);
    assert.match(server.requests[0].headers["content-type"], /^multipart\/form-data; boundary=/);
    assert.match(server.requests[0].body, /name="file"; filename="a\.png"[^]*bytes/);
    assert.equal(live.mediaUrl("a/c"), `${server.url}media/a%2Fc`);
  });

  test("what changes nothing twice is tried again while the server is away for a moment; a post is not", async () => {
    let calls = 0;
    server.rest = () => (++calls % 3 === 0 ? { status: 204 } : { status: 503, body: {} });
    await live.react("7", "like");
    assert.equal(calls, 3);
    await assert.rejects(live.post("hi"), { status: 503 });
    assert.equal(calls, 4);
  });

  test("a refusal is not tried again, and too many requests are for whoever asked", async () => {
    server.rest = () => ({ status: 429, headers: { "Retry-After": "7" }, body: { detail: "slow" } });
    await assert.rejects(live.react("7", "like"), (problem) => problem instanceof Problem && problem.retryAfterMs === 7000);
    assert.equal(server.requests.length, 1);
  });

  test("what is deleted already is deleted", async () => {
    server.rest = () => ({ status: 404, body: {} });
    await live.delete("7");
    server.rest = () => ({ status: 403, body: { detail: "not yours" } });
    await assert.rejects(live.delete("7"), { status: 403, detail: "not yours" });
  });

  test("changes are applied to what comes only after them, by the stream and by REST", async () => {
    const seen = [];
    const deleted = [];
    live.on("comment", ({ commentId, content }) => seen.push(`${commentId}:${content}`));
    live.on("delete", ({ commentId }) => deleted.push(commentId));
    const edited = { ...comment(2), content: "edited", editedAt: "2026-11-21T12:00:00Z" };
    const gone = frame("delete", { commentId: "1" });
    server.script = [({ send }) => send(gone + gone + frame("edit", edited) + frames(1, 2, 3))];
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ["2:edited", "3:c3"]);
    assert.deepEqual(deleted, ["1"]);
    server.rest = () => ({ body: { comments: [comment(1), comment(2)], nextCursor: null, hasMore: false } });
    assert.deepEqual((await live.older(null)).comments, [edited]);
    assert.deepEqual((await live.replies("9", { cursor: "1", pageSize: 5 })).comments, [edited]);
    assert.equal(asked().at(-1), "GET /comments/v/9/replies?pageSize=5&cursor=1");
  });

  test("moderation", async () => {
    const moderation = new Moderation({ baseUrl: server.url, token: "m" });
    server.rest = ({ method, url }) =>
      method === "DELETE" ? { status: 204 } : { body: url.pathname.includes("bans") ? { bans: [] } : { seconds: 5 } };
    await moderation.reports({ cursor: "3" });
    await moderation.resolve("4", "ban", { everywhere: true, durationS: 60 });
    assert.deepEqual(await moderation.bans("u/1"), []);
    await moderation.ban("u/1", { liveVideoId: "v", durationS: 60, reason: "rude" });
    await moderation.ban("u/1");
    await moderation.unban("u/1", "v");
    assert.equal(await moderation.slowMode("v"), 5);
    await moderation.setSlowMode("v", 30);
    await moderation.endVideo("v");
    assert.deepEqual(asked(), [
      "GET /moderation/reports?status=open&pageSize=50&cursor=3",
      "POST /moderation/reports/4/resolve",
      "GET /moderation/bans/u%2F1",
      "PUT /moderation/bans/u%2F1",
      "PUT /moderation/bans/u%2F1",
      "DELETE /moderation/bans/u%2F1?liveVideoId=v",
      "GET /moderation/slow-mode/v",
      "PUT /moderation/slow-mode/v",
      "POST /videos/v/end",
    ]);
    const bodies = server.requests.map(({ body }) => body);
    assert.deepEqual(bodies[1], { action: "ban", everywhere: true, durationS: 60 });
    assert.deepEqual(bodies.slice(3, 5), [{ liveVideoId: "v", durationS: 60, reason: "rude" }, {}]);
    assert.ok(server.requests.every(({ headers }) => headers.authorization === "Bearer m"));
  });

  test("accounts", async () => {
    const accounts = new Accounts({ baseUrl: server.url });
    server.rest = ({ url }) => (url.pathname === "/auth/logout" ? { status: 204 } : { body: { token: "t" } });
    await accounts.offers();
    assert.deepEqual(await accounts.register("ada", "secret secret"), { token: "t" });
    await accounts.login("ada", "secret secret");
    await accounts.join("Ada");
    await accounts.logout();
    const mine = new Accounts({ baseUrl: server.url, token: () => "a" });
    assert.deepEqual(await mine.changePassword("secret secret", "another secret"), { token: "t" });
    const paths = ["GET /auth", "POST /auth/register", "POST /auth/login", "POST /auth/dev-token", "POST /auth/logout"];
    assert.deepEqual(asked(), [...paths, "POST /auth/password"]);
    assert.deepEqual(server.requests[5].body, { password: "secret secret", newPassword: "another secret" });
    assert.equal(server.requests[5].headers.authorization, "Bearer a");
    assert.deepEqual(server.requests[1].body, { username: "ada", password: "secret secret" });
    assert.deepEqual(server.requests[3].body, { name: "Ada" });
  });
});
