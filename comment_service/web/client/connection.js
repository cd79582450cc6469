/** The stream of one video, opened again and again until it is ended. */

import { boundedMs, reconnectDelayMs } from "./backoff.js";
import { EventStream, STREAM_FAULT, StreamError } from "./event_stream.js";

/** @typedef {import("./sse_parser.js").SseMessage} SseMessage */
/** @typedef {"connecting" | "live" | "reconnecting" | "ended" | "closed"} State */

/**
 * @typedef {object} StateChange
 * @property {State} state
 * @property {string | null} reason     why it is not live: unreachable, refused, not_a_stream, silent, broken, closed
 *                                      (by the server), draining, offline; null otherwise
 * @property {number | null} status     the HTTP status, where the server refused
 * @property {number | null} retryInMs  when the next attempt is, while reconnecting
 */

/** A stream that stays open so long is live even if nobody comments; a full node closes at once. */
const SETTLED_MS = 300;

export class Connection {
  /** @type {State} */
  state = "connecting";
  /** Whether a stream has been live before. */
  beenLive = false;

  #options;
  #ending = new AbortController();
  /** Ends the present stream only. */
  #dropping = new AbortController();
  /** Cuts the present wait short. */
  #wake = () => {};
  #failures = 0;
  /** @type {number | null} */
  #retryMs = null;
  /** When the server wants this viewer back, by `performance.now()`. @type {number | null} */
  #comeBackAt = null;

  /**
   * @param {object} options
   * @param {() => URL} options.url                    where to, asked before each attempt
   * @param {() => Promise<Object<string, string>>} options.headers  to send along, asked before each attempt
   * @param {(message: SseMessage, signal: AbortSignal) => void | Promise<void>} options.receive  the stream waits for
   *   it; when it throws, the stream is given up and opened again
   * @param {(change: StateChange) => void} options.changed
   * @param {typeof fetch} options.fetch
   * @param {number} options.silenceMs
   * @param {() => number} options.random
   */
  constructor(options) {
    this.#options = options;
  }

  /** Aborted once the connection is ended for good. */
  get signal() {
    return this.#ending.signal;
  }

  start() {
    globalThis.addEventListener?.("offline", this.#onOffline);
    globalThis.addEventListener?.("online", this.#onOnline);
    void this.#run();
  }

  /**
   * The server closes soon and wants this viewer back after `ms`, instead of after `retry:`.
   *
   * @param {number} ms
   */
  comeBackIn(ms) {
    this.#comeBackAt = performance.now() + boundedMs(ms);
  }

  /** Ends the present wait, if there is one. */
  retry() {
    this.#wake();
  }

  /**
   * Ends it for good. Idempotent.
   *
   * @param {"ended" | "closed"} state
   */
  end(state) {
    if (this.#ending.signal.aborted) return;
    globalThis.removeEventListener?.("offline", this.#onOffline);
    globalThis.removeEventListener?.("online", this.#onOnline);
    this.#ending.abort();
    this.#wake();
    this.#enter(state);
  }

  async #run() {
    while (!this.signal.aborted) {
      const { reason, status = null } = await this.#watch();
      if (this.signal.aborted) return;
      const retryInMs = this.#nextAttemptInMs();
      this.#enter("reconnecting", { reason, status, retryInMs });
      await this.#pause(retryInMs);
    }
  }

  /**
   * One stream from its opening to its end, whatever ends it.
   *
   * @returns {Promise<{reason: string, status?: number}>}
   */
  async #watch() {
    this.#dropping = new AbortController();
    const signal = AbortSignal.any([this.signal, this.#dropping.signal]);
    const { url, headers, receive, fetch, silenceMs } = this.#options;
    let stream;
    let settled;
    try {
      stream = await EventStream.open(url(), { fetch, signal, silenceMs, headers: await headers() });
      settled = setTimeout(() => this.#live(), SETTLED_MS);
      for await (const batch of stream.batches()) {
        this.#live();
        for (const message of batch) {
          if (!signal.aborted) await receive(message, signal);
        }
      }
      return { reason: this.#comeBackAt === null ? "closed" : "draining" };
    } catch (error) {
      if (signal.aborted) return { reason: "offline" };
      if (error instanceof StreamError) return { reason: error.reason, status: error.status };
      return { reason: STREAM_FAULT.broken };
    } finally {
      clearTimeout(settled);
      this.#retryMs = stream?.retryMs ?? this.#retryMs;
    }
  }

  #nextAttemptInMs() {
    const comeBackAt = this.#comeBackAt;
    this.#comeBackAt = null;
    // The server spreads its viewers itself when it drains.
    if (comeBackAt !== null) return Math.max(0, Math.round(comeBackAt - performance.now()));
    return reconnectDelayMs(this.#failures++, this.#retryMs, this.#options.random);
  }

  /** @param {number} ms */
  async #pause(ms) {
    if (this.signal.aborted) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  #live() {
    if (this.signal.aborted || this.state === "live") return;
    this.#failures = 0;
    this.beenLive = true;
    this.#enter("live");
  }

  // A network that the browser knows to be gone takes its connections with it, without a word from them.
  #onOffline = () => this.#dropping.abort();

  #onOnline = () => this.#wake();

  /**
   * @param {State} state
   * @param {Partial<StateChange>} [detail]
   */
  #enter(state, detail = {}) {
    this.state = state;
    this.#options.changed({ reason: null, status: null, retryInMs: null, ...detail, state });
  }
}
