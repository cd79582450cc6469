import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../../comment_service/web/", import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, WEB), "utf8");
const all = readdirSync(WEB, { recursive: true }).map(String);

test("the page preloads exactly the modules there are", () => {
  const listed = [...read("index.html").matchAll(/rel="modulepreload" href="assets\/([^"]+)"/g)].map((match) => match[1]);
  const modules = all.filter((path) => path.endsWith(".js") && path !== "page/app.js");
  assert.deepEqual(listed.sort(), modules.sort());
});

test("nothing inline and no foreign host: the page works under a strict policy", () => {
  const html = read("index.html");
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
  for (const path of all.filter((name) => /\.(js|css|html)$/.test(name))) {
    const code = read(path).replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "");
    assert.doesNotMatch(code, /(https?:)?\/\/[a-z0-9-]+\.[a-z]/, path);
    assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, path);
  }
});

test("the client knows nothing of the page", () => {
  for (const path of all.filter((name) => name.startsWith("client/") && name.endsWith(".js"))) {
    assert.doesNotMatch(read(path), /\bdocument\.|page\//, path);
  }
});
