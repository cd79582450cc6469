/** @typedef {import("../client/comments_api.js").Comment} Comment */

/** A screen reader hears at most one announcement in this time, whatever the rate of comments. */
const WINDOW_MS = 4_000;
/** More than this in one window are only counted. */
const SPOKEN = 2;

/** Tells a polite live region what came: a few comments in full, of many only how many. */
export class Announcer {
  #region;
  /** @type {Comment[]} */
  #spoken = [];
  #count = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} region  with aria-live="polite" */
  constructor(region) {
    this.#region = region;
  }

  /** @param {Comment} comment */
  comment(comment) {
    this.#count += 1;
    if (this.#spoken.length < SPOKEN) this.#spoken.push(comment);
    this.#timer ??= setTimeout(() => this.#announce(), WINDOW_MS);
  }

  /** @param {string} text */
  say(text) {
    this.#region.textContent = text;
  }

  #announce() {
    const full = this.#spoken.map(({ authorName, content }) => `${authorName}: ${content}`).join(". ");
    this.say(this.#count > SPOKEN ? `${this.#count} new comments` : full);
    this.#spoken = [];
    this.#count = 0;
    this.#timer = undefined;
  }
}
