/** A real HTTP server whose live stream a test scripts: one function per connection, in the order they come. */

import { createServer } from "node:http";

/**
 * @typedef {object} Connection
 * @property {URLSearchParams} parameters
 * @property {(text: string) => void} send
 * @property {() => void} end
 * @property {() => void} cut    breaks the connection off
 * @property {(status: number) => void} refuse
 */

export class ScriptedServer {
  /** @type {URLSearchParams[]} */
  streams = [];
  /** @type {import("node:http").IncomingHttpHeaders[]} */
  streamHeaders = [];
  /** @type {{method: string, url: URL, headers: import("node:http").IncomingHttpHeaders, body: any}[]} */
  requests = [];
  /** @type {((connection: Connection) => void)[]} */
  script = [];
  /** @type {(request: {method: string, url: URL, body: any}) => {status?: number, headers?: object, body?: object}} */
  rest = () => ({ status: 404, body: {} });

  #server = createServer((request, response) => void this.#answer(request, response));

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    this.url = `http://127.0.0.1:${this.#server.address().port}/`;
    return this;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    if (url.pathname.endsWith("/stream")) {
      this.streamHeaders.push(request.headers);
      this.#stream(url, response);
      return;
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    const isJson = request.headers["content-type"]?.startsWith("application/json");
    const seen = { method: request.method, url, headers: request.headers, body: isJson ? JSON.parse(text) : text };
    this.requests.push(seen);
    const { status = 200, headers = {}, body } = this.rest(seen);
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  #stream(url, response) {
    this.streams.push(url.searchParams);
    const act = this.script.shift() ?? (({ send }) => send(":\n\n"));
    const open = () => response.headersSent || response.writeHead(200, { "Content-Type": "text/event-stream" });
    act({
      parameters: url.searchParams,
      send: (text) => (open(), response.write(text)),
      end: () => (open(), response.end()),
      cut: () => response.destroy(),
      refuse: (status) => response.writeHead(status, { "Content-Type": "application/problem+json" }).end("{}"),
    });
  }
}

/** @param {number} id */
export function comment(id) {
  return { commentId: String(id), content: `c${id}` };
}

/** @param {number[]} ids */
export function frames(...ids) {
  return ids.map((id) => `id: ${id}\nevent: comment\ndata: ${JSON.stringify(comment(id))}\n\n`).join("");
}

/** @param {string} event @param {object} data */
export function frame(event, data) {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Waits for a condition, with a deadline. @param {() => boolean} condition */
export async function until(condition) {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
