import assert from "node:assert/strict";
import { test } from "node:test";

import { SseParser } from "../../../comment_service/web/client/sse_parser.js";

const STREAM =
  "retry: 1500\n\n: heartbeat\n\nid: 7\nevent: comment\ndata: {\"a\":1}\n\nevent: end\r\ndata:{}\r\n\r\ndata: one\rdata: two\r\r";
const MESSAGES = [
  { event: "comment", data: '{"a":1}', id: "7" },
  { event: "end", data: "{}", id: "7" },
  { event: "message", data: "one\ntwo", id: "7" },
];

/** @param {string[]} pieces */
function parse(pieces) {
  const parser = new SseParser();
  return { parser, messages: pieces.flatMap((piece) => parser.push(piece)) };
}

test("events of every kind of line end are read", () => {
  const { parser, messages } = parse([STREAM]);
  assert.deepEqual(messages, MESSAGES);
  assert.equal(parser.retryMs, 1500);
});

test("the stream may be cut anywhere", () => {
  for (let size = 1; size < STREAM.length; size += 1) {
    const pieces = STREAM.match(new RegExp(`[^]{1,${size}}`, "g"));
    assert.deepEqual(parse(pieces).messages, MESSAGES, `pieces of ${size}`);
  }
});

test("a byte order mark, unknown fields, an id with NUL and a retry that is no number are passed over", () => {
  const { parser, messages } = parse(["\uFEFFid: 3\nfoo: bar\nretry: soon\nid: 4\u00005\ndata\n\n"]);
  assert.deepEqual(messages, [{ event: "message", data: "", id: "3" }]);
  assert.equal(parser.retryMs, null);
});

test("an event without data is none, and what is unfinished waits", () => {
  assert.deepEqual(parse(["event: ping\n\n", "data: a"]).messages, []);
});

test("an event without end is refused before it fills the memory", () => {
  assert.throws(() => parse(Array(30).fill("data: " + "x".repeat(65_536) + "\n")), RangeError);
  assert.throws(() => parse(Array(30).fill("x".repeat(65_536))), RangeError);
});
