/** Requests to one server: their addresses, the token, JSON, time limits and what may be tried again. */

import { Problem } from "./problem.js";

/**
 * What it takes to reach a server.
 *
 * @typedef {object} Access
 * @property {string | URL} [baseUrl]  the server; default: the page's own origin. Node has no page and needs it
 * @property {string | null | (() => string | null | Promise<string | null>)} [token]  the JWT
 * @property {boolean} [readWithToken] reading sends the token, too
 * @property {typeof fetch} [fetch]
 */

/** A request without an answer for so long has failed. */
const TIMEOUT_MS = 15_000;
/** What changes nothing when it happens twice is tried so often in all. */
const ATTEMPTS = 3;
const PAUSE_MS = 250;
const IDEMPOTENT = new Set(["GET", "PUT", "DELETE"]);
/** No answer, or one of a server or proxy that may well be better in a moment. A 429 is for whoever asked. */
const PASSING = new Set([0, 502, 503, 504]);

export class Requests {
  #baseUrl;
  #token;
  #readWithToken;
  #fetch;

  /**
   * @param {Access} access
   * @throws {TypeError} no base URL to be found
   */
  constructor({ baseUrl = "/", token = null, readWithToken = false, fetch = globalThis.fetch.bind(globalThis) }) {
    this.#baseUrl = directory(baseUrl);
    this.#token = token;
    this.#readWithToken = readWithToken;
    this.#fetch = fetch;
  }

  /**
   * The address of a path.
   *
   * @param {string} path  below the base URL, without a slash in front; each part is encoded by the caller
   * @param {Object<string, string>} [parameters]
   */
  url(path, parameters = {}) {
    const url = new URL(path, this.#baseUrl);
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }

  /**
   * What a request that changes something sends along.
   *
   * @returns {Promise<Object<string, string>>}
   */
  async authorization() {
    const token = await (typeof this.#token === "function" ? this.#token() : this.#token);
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /**
   * What a request that reads sends along.
   *
   * @returns {Promise<Object<string, string>>}
   */
  async readHeaders() {
    return this.#readWithToken ? this.authorization() : {};
  }

  /**
   * What everyone may read.
   *
   * @param {string} path
   * @param {Object<string, string>} [parameters]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>} the answer's JSON
   * @throws {Problem}
   */
  async read(path, parameters, signal) {
    return this.#attempts(this.url(path, parameters), { method: "GET", headers: await this.readHeaders(), signal });
  }

  /**
   * Whatever is done in somebody's name.
   *
   * @param {string} method
   * @param {string} path
   * @param {object} [options]
   * @param {object} [options.body]  becomes JSON
   * @param {Object<string, string>} [options.headers]
   * @param {Object<string, string>} [options.parameters]
   * @returns {Promise<any>} the answer's JSON; null where it has none
   * @throws {Problem}
   */
  async send(method, path, { body, headers = {}, parameters } = {}) {
    return this.#attempts(this.url(path, parameters), {
      method,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
        ...(await this.authorization()),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  /**
   * @param {URL} url
   * @param {RequestInit} init
   */
  async #attempts(url, init) {
    const attempts = IDEMPOTENT.has(init.method ?? "GET") ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(url, init);
      } catch (error) {
        const passing = error instanceof Problem && PASSING.has(error.status) && !init.signal?.aborted;
        if (!passing || attempt >= attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt * (0.5 + Math.random())));
      }
    }
  }

  /**
   * @param {URL} url
   * @param {RequestInit} init
   */
  async #once(url, init) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      const response = await this.#fetch(url, { ...init, signal });
      if (!response.ok) throw await Problem.fromResponse(response);
      const text = await response.text();
      return text === "" ? null : JSON.parse(text);
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(0, "The server could not be reached", timeout.aborted ? "No answer in time" : undefined);
    }
  }
}

/** @param {string | URL} baseUrl */
function directory(baseUrl) {
  const url = new URL(baseUrl, globalThis.location?.href);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
