/**
 * Server-sent events from text, as the HTML standard says (https://html.spec.whatwg.org/#event-stream-interpretation).
 * Pure: no I/O, no timers.
 */

/** An event of more characters than this is taken for a broken stream: memory stays bounded. */
const MAX_EVENT_CHARS = 1 << 20;

/**
 * @typedef {object} SseMessage
 * @property {string} event  the event's name, "message" where the server gave none
 * @property {string} data   its data lines, joined by newlines
 * @property {string} id     the last event id at that point, "" when there was none yet
 */

export class SseParser {
  /** What the server last said in `retry:`, in milliseconds; null while it said nothing. @type {number | null} */
  retryMs = null;

  #rest = "";
  #first = true;
  #endedInCr = false;
  #event = "";
  /** @type {string[]} */
  #data = [];
  #dataChars = 0;
  #id = "";

  /**
   * Takes the next piece of the stream, cut anywhere, and returns the events that it completes.
   *
   * @param {string} text
   * @returns {SseMessage[]}
   * @throws {RangeError} an event is larger than a mebibyte of characters
   */
  push(text) {
    /** @type {SseMessage[]} */
    const messages = [];
    for (const line of this.#lines(text)) this.#take(line, messages);
    if (this.#rest.length + this.#dataChars > MAX_EVENT_CHARS) throw new RangeError("an event is too large");
    return messages;
  }

  /** @param {string} text */
  *#lines(text) {
    if (text === "") return;
    if (this.#first) {
      this.#first = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    // A CR that ended the last piece may have its LF at the start of this one: together they are one line end.
    if (this.#endedInCr && text.startsWith("\n")) text = text.slice(1);
    this.#endedInCr = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = /** @type {string} */ (lines.pop());
    yield* lines;
  }

  /**
   * @param {string} line
   * @param {SseMessage[]} messages
   */
  #take(line, messages) {
    if (line === "") {
      this.#dispatch(messages);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length + 1;
    } else if (field === "event") {
      this.#event = value;
    } else if (field === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (field === "retry") {
      if (/^[0-9]+$/.test(value)) this.retryMs = Number(value);
    }
  }

  /** @param {SseMessage[]} messages */
  #dispatch(messages) {
    if (this.#data.length > 0) {
      messages.push({ event: this.#event || "message", data: this.#data.join("\n"), id: this.#id });
    }
    this.#event = "";
    this.#data = [];
    this.#dataChars = 0;
  }
}
