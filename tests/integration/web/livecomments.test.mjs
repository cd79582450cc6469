import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { LiveComments, Problem } from "../../../comment_service/web/livecomments.js";
import { ScriptedServer, comment, frame, frames, until } from "./server.mjs";

const RETRY = "retry: 1\n\n";

/** @type {ScriptedServer} */
let server;
/** @type {LiveComments | undefined} */
let live;
/** @type {number[]} */
let seen;
/** @type {object[]} */
let states;

beforeEach(async () => {
  server = await new ScriptedServer().start();
});

afterEach(async () => {
  live?.close();
  await server.close();
});

/** @param {object} [options] */
function watch(options = {}) {
  seen = [];
  states = [];
  live = new LiveComments("v", { baseUrl: server.url, random: () => 0, ...options });
  live.on("comment", ({ commentId }) => seen.push(Number(commentId)));
  live.on("state", (change) => states.push(change));
  return live;
}

test("comes with the backlog asked for, then what is new", async () => {
  let send;
  server.script = [(connection) => ((send = connection.send), send(RETRY + frames(1, 2)))];
  watch({ backlog: 7 });
  await until(() => seen.length === 2);
  send(frames(3));
  await until(() => seen.length === 3);
  assert.equal(server.streams[0].get("backlog"), "7");
  assert.equal(live.state, "live");
});

test("resumes after the last comment when the server closes, and drops what comes twice", async () => {
  server.script = [
    ({ send, end }) => (send(RETRY + frames(1, 2, 3)), end()),
    ({ send }) => send(frames(2, 3, 4)),
  ];
  watch();
  await until(() => seen.length === 4);
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(server.streams[1].get("lastEventId"), "3");
});

test("comes back after an error status, a broken connection and an answer that is no stream", async () => {
  server.script = [
    ({ send, cut }) => (send(RETRY + frames(1)), setImmediate(cut)),
    ({ refuse }) => refuse(503),
    ({ refuse }) => refuse(404),
    ({ refuse }) => refuse(200),
    ({ send }) => send(frames(2)),
  ];
  watch();
  await until(() => seen.length === 2);
  const reasons = states.filter(({ state }) => state === "reconnecting").map(({ reason }) => reason);
  assert.deepEqual(reasons, ["broken", "refused", "refused", "not_a_stream"]);
  assert.deepEqual(states.filter(({ status }) => status).map(({ status }) => status), [503, 404, 200]);
  assert.equal(states.at(-1).state, "live");
});

test("each failure spreads the viewers further, until the stream was live again", async () => {
  server.script = [
    ({ refuse }) => refuse(503),
    ({ refuse }) => refuse(503),
    ({ send, end }) => (send(RETRY + frames(1)), end()),
    ({ send }) => send(frames(2)),
  ];
  watch({ random: () => 0.01 });
  await until(() => seen.length === 2);
  const waits = states.filter(({ state }) => state === "reconnecting").map(({ retryInMs }) => retryInMs);
  assert.deepEqual(waits, [1005, 1010, 6]);
});

test("a stream that falls silent is taken for dead", async () => {
  server.script = [({ send }) => send(RETRY + frames(1)), ({ send }) => send(frames(2))];
  watch({ silenceMs: 60 });
  await until(() => seen.length === 2);
  assert.equal(states.find(({ state }) => state === "reconnecting").reason, "silent");
});

test("waits as long as `retry:` says, also where a full node closes at once", async () => {
  server.script = [({ send, end }) => (send("retry: 30000\n\n"), end())];
  watch();
  await until(() => states.length > 0);
  assert.deepEqual(states, [{ state: "reconnecting", reason: "closed", status: null, retryInMs: 30_000 }]);
});

test("a draining node's `reconnect` sets the time instead of `retry:`", async () => {
  server.script = [
    ({ send, end }) => (send("retry: 60000\n\n" + frame("reconnect", { afterMs: 5 })), end()),
    ({ send }) => send(frames(1)),
  ];
  watch();
  await until(() => seen.length === 1);
  const { reason, retryInMs } = states.find(({ state }) => state === "reconnecting");
  assert.equal(reason, "draining");
  assert.ok(retryInMs <= 5);
});

test("`resync` is followed by what was missed, by REST, in order and once", async () => {
  const missed = [2, 3, 4, 5, 6].map(comment);
  server.rest = ({ url }) => {
    const newer = missed.filter(({ commentId }) => Number(commentId) > Number(url.searchParams.get("cursor")));
    return { body: { comments: newer.slice(0, 2), nextCursor: null, hasMore: newer.length > 2 } };
  };
  server.script = [
    ({ send }) => send(RETRY + frames(1) + frame("resync", { after: "1", reason: "too_old" }) + frames(5, 6, 7)),
  ];
  watch();
  await until(() => seen.includes(7));
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(server.requests[0].url.searchParams.get("direction"), "after");
});

test("a catch-up that fails goes on from where it got to", async () => {
  let calls = 0;
  server.rest = ({ url }) => {
    calls += 1;
    const cursor = Number(url.searchParams.get("cursor"));
    // As often as it is tried before the stream is given up.
    if (calls >= 2 && calls <= 4) return { status: 503, body: {} };
    return { body: { comments: [comment(cursor + 1)], nextCursor: null, hasMore: cursor < 3 } };
  };
  server.script = [
    ({ send }) => send(RETRY + frame("resync", { after: "1", reason: "too_old" }) + frames(5)),
    ({ send, parameters }) => send(frame("resync", { after: parameters.get("lastEventId"), reason: "too_old" }) + frames(5)),
  ];
  watch({ lastEventId: "1" });
  await until(() => seen.includes(5));
  assert.deepEqual(seen, [2, 3, 4, 5]);
});

test("a catch-up beyond its bound says where the gap is", async () => {
  server.rest = ({ url }) => {
    const cursor = Number(url.searchParams.get("cursor"));
    return { body: { comments: [comment(cursor + 1), comment(cursor + 2)], nextCursor: null, hasMore: true } };
  };
  server.script = [({ send }) => send(frame("resync", { after: "0", reason: "too_old" }) + frames(90))];
  const gaps = [];
  watch({ maxCatchUp: 4 }).on("gap", (gap) => gaps.push(gap));
  await until(() => seen.includes(90));
  assert.deepEqual(seen, [1, 2, 3, 4, 90]);
  assert.deepEqual(gaps, [{ after: "4" }]);
});

test("a return to a video that was empty asks for all that came meanwhile", async () => {
  server.script = [({ send, end }) => (send(RETRY + frame("viewers", { count: 1 })), end())];
  watch({ backlog: 5 });
  await until(() => server.streams.length === 2);
  assert.deepEqual(server.streams.map((parameters) => parameters.get("backlog")), ["5", "1000"]);
});

test("`edit`, `delete` and names of the future reach their listeners, until they are taken off", async () => {
  let send;
  server.script = [(connection) => ((send = connection.send), send(frame("edit", comment(1))))];
  const events = [];
  watch();
  const off = live.on("delete", (payload) => events.push(payload));
  live.on("edit", (payload) => events.push(payload));
  live.on("pinned", (payload) => events.push(payload));
  await until(() => events.length === 1);
  send("event: delete\ndata: not json\n\n" + frame("delete", { commentId: "1" }) + frame("pinned", { a: 1 }));
  await until(() => events.length === 3);
  off();
  send(frame("delete", { commentId: "2" }) + frame("pinned", { a: 2 }));
  await until(() => events.length === 4);
  assert.deepEqual(events, [comment(1), { commentId: "1" }, { a: 1 }, { a: 2 }]);
});

test("`end` closes for good", async () => {
  server.script = [({ send, end }) => (send(RETRY + frame("end", {})), end())];
  watch();
  await until(() => live.state === "ended");
  live.close();
  assert.equal(states.at(-1).state, "ended");
  assert.equal(server.streams.length, 1);
});

test("close ends a connection that waits to be made again, and is idempotent", async () => {
  server.script = [({ refuse }) => refuse(503)];
  watch();
  await until(() => live.state === "reconnecting");
  live.close();
  live.close();
  assert.deepEqual(states.map(({ state }) => state), ["reconnecting", "closed"]);
});

test("posts with the token, and the same key when asked to", async () => {
  server.rest = ({ body }) => ({ status: 201, body: { ...comment(9), content: body.content } });
  watch({ token: async () => "abc" });
  assert.equal((await live.post("hi", { idempotencyKey: "k1" })).content, "hi");
  await live.post("again");
  const [first, second] = server.requests;
  assert.equal(first.headers.authorization, "Bearer abc");
  assert.equal(first.headers["idempotency-key"], "k1");
  assert.match(second.headers["idempotency-key"], /^[0-9a-f]{32}$/);
  assert.deepEqual(first.body, { content: "hi" });
});

test("a refused post says why, and whether to try again", async () => {
  server.rest = () => ({
    status: 429,
    headers: { "Retry-After": "3" },
    body: { title: "Too Many Requests", detail: "slow down" },
  });
  watch();
  await assert.rejects(live.post("hi"), (problem) => {
    assert.ok(problem instanceof Problem);
    assert.deepEqual(
      [problem.status, problem.detail, problem.retryAfterMs, problem.transient],
      [429, "slow down", 3000, true],
    );
    return true;
  });
});

test("an unreachable server is a problem of status 0", async () => {
  watch({ baseUrl: "http://127.0.0.1:9/" });
  await assert.rejects(live.post("hi"), { name: "Problem", status: 0 });
});

test("older pages are asked for by the cursor, oldest first", async () => {
  server.rest = () => ({ body: { comments: [comment(1)], nextCursor: null, hasMore: false } });
  watch();
  assert.deepEqual((await live.older("5", 20)).comments, [comment(1)]);
  assert.equal(server.requests[0].url.search, "?direction=before&pageSize=20&sort=asc&cursor=5");
});

test("a malformed id and a base URL that is none are refused", () => {
  assert.throws(() => new LiveComments("a b", { baseUrl: server.url }), TypeError);
  assert.throws(() => new LiveComments("v"), TypeError);
});

test("the server may live below a path", async () => {
  server.script = [({ send }) => send(frames(1))];
  server.rest = () => ({ body: { comments: [], nextCursor: null, hasMore: false } });
  watch({ baseUrl: `${server.url}live` });
  await live.older(null);
  assert.equal(server.requests[0].url.pathname, "/live/comments/v");
});

/** @param {string} ticket @param {string} expiresAt */
function ticket(ticket, expiresAt) {
  return frame("ticket", { ticket, expiresAt });
}

test("shows the ticket that lasts longest with each post, and keeps it to itself", async () => {
  let send;
  server.script = [(connection) => ((send = connection.send), send(RETRY + ticket("first", "2026-11-21T12:02:00Z")))];
  server.rest = () => ({ status: 201, body: comment(1) });
  watch({ token: "t" });
  const heard = [];
  live.on("ticket", (payload) => heard.push(payload));
  await until(() => live.state === "live");
  await live.post("one");
  send(ticket("second", "2026-11-21T12:02:40Z") + ticket("old", "2026-11-21T12:01:20Z") + frames(1));
  await until(() => seen.length === 1);
  await live.post("two");
  assert.deepEqual(
    server.requests.map(({ headers }) => headers["livecomments-ticket"]),
    ["first", "second"],
  );
  assert.deepEqual(heard, []);
});

test("without tickets a post shows none", async () => {
  server.script = [({ send }) => send(RETRY + frames(1))];
  server.rest = () => ({ status: 201, body: comment(2) });
  watch({ token: "t" });
  await until(() => seen.length === 1);
  await live.post("one");
  assert.equal(server.requests[0].headers["livecomments-ticket"], undefined);
  assert.equal(server.streamHeaders[0].authorization, undefined);
});

test("reads and streams with the token where it is told to, a new one after each break", async () => {
  let number = 0;
  server.script = [
    ({ send, end }) => (send(RETRY + frames(1)), end()),
    ({ send }) => send(frames(2)),
  ];
  server.rest = () => ({ body: { comments: [], nextCursor: null, hasMore: false } });
  watch({ token: async () => `t${++number}`, readWithToken: true });
  await until(() => seen.length === 2);
  await live.older(null);
  const sent = [...server.streamHeaders, server.requests[0].headers].map(({ authorization }) => authorization);
  assert.deepEqual(sent, ["Bearer t1", "Bearer t2", "Bearer t3"]);
});
