/**
 * One connection to a live stream, read with `fetch`.
 *
 * Why not `EventSource`: it shows neither an error's status nor the heartbeats, gives up for good on an error status,
 * and a connection that died without a word (a phone that changed networks) looks alive to it for many minutes.
 */

import { SseParser } from "./sse_parser.js";

/** @typedef {import("./sse_parser.js").SseMessage} SseMessage */

/** A stream that could not be opened, or broke. `reason` is one of STREAM_FAULT. */
export class StreamError extends Error {
  /**
   * @param {string} reason
   * @param {string} detail
   * @param {number} [status]  the HTTP status, where there was an answer
   */
  constructor(reason, detail, status) {
    super(detail);
    this.name = "StreamError";
    this.reason = reason;
    this.status = status;
  }
}

export const STREAM_FAULT = Object.freeze({
  unreachable: "unreachable",
  refused: "refused",
  notAStream: "not_a_stream",
  silent: "silent",
  broken: "broken",
});

export class EventStream {
  #reader;
  #abort;
  #silenceMs;
  #parser = new SseParser();

  /**
   * Opens the stream at `url`; resolves once the server has accepted it.
   *
   * @param {URL} url
   * @param {object} options
   * @param {typeof fetch} options.fetch
   * @param {AbortSignal} options.signal  ends the stream, whatever it is doing
   * @param {Object<string, string>} [options.headers]
   * @param {number} options.silenceMs    a stream without a byte for so long is dead
   * @returns {Promise<EventStream>}
   * @throws {StreamError}
   */
  static async open(url, { fetch, signal, silenceMs, headers = {} }) {
    const abort = new AbortController();
    const linked = AbortSignal.any([signal, abort.signal]);
    const deadline = setTimeout(() => abort.abort(silence(silenceMs)), silenceMs);
    let response;
    try {
      response = await fetch(url, {
        headers: { ...headers, Accept: "text/event-stream" },
        cache: "no-store",
        signal: linked,
      });
    } catch (error) {
      throw asStreamError(error, linked, STREAM_FAULT.unreachable);
    } finally {
      clearTimeout(deadline);
    }
    const contentType = response.headers.get("Content-Type") ?? "";
    if (response.status !== 200 || !response.body) {
      abort.abort();
      throw new StreamError(STREAM_FAULT.refused, `the server answered ${response.status}`, response.status);
    }
    if (!contentType.startsWith("text/event-stream")) {
      abort.abort();
      throw new StreamError(STREAM_FAULT.notAStream, `the server answered with ${contentType || "no type"}`, 200);
    }
    return new EventStream(response.body, abort, linked, silenceMs);
  }

  /**
   * @private
   * @param {ReadableStream<Uint8Array>} body
   * @param {AbortController} abort
   * @param {AbortSignal} linked
   * @param {number} silenceMs
   */
  constructor(body, abort, linked, silenceMs) {
    this.#reader = body.getReader();
    this.#abort = abort;
    this.#silenceMs = silenceMs;
    this.signal = linked;
  }

  /** What the server last said in `retry:`, in milliseconds, or null. */
  get retryMs() {
    return this.#parser.retryMs;
  }

  /**
   * The events, as many at a time as arrived together; ends when the server closes. The server is read no faster than
   * the caller takes them, so a slow caller costs no memory here.
   *
   * @returns {AsyncGenerator<SseMessage[], void, void>}
   * @throws {StreamError}
   */
  async *batches() {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await this.#read();
        if (done) return;
        const messages = this.#parser.push(decoder.decode(value, { stream: true }));
        if (messages.length > 0) yield messages;
      }
    } catch (error) {
      throw asStreamError(error, this.signal, STREAM_FAULT.broken);
    } finally {
      this.close();
    }
  }

  /** Gives the connection up. Idempotent. */
  close() {
    this.#abort.abort();
  }

  async #read() {
    // Only a read that waits is on the clock: a caller that takes its time is no fault of the server's.
    const watchdog = setTimeout(() => this.#abort.abort(silence(this.#silenceMs)), this.#silenceMs);
    try {
      return await this.#reader.read();
    } finally {
      clearTimeout(watchdog);
    }
  }
}

/** @param {number} silenceMs */
function silence(silenceMs) {
  return new StreamError(STREAM_FAULT.silent, `nothing arrived for ${silenceMs} ms`);
}

/**
 * @param {unknown} error
 * @param {AbortSignal} signal
 * @param {string} reason
 */
function asStreamError(error, signal, reason) {
  if (error instanceof StreamError) return error;
  if (signal.aborted && signal.reason instanceof StreamError) return signal.reason;
  return new StreamError(reason, error instanceof Error ? error.message : String(error));
}
