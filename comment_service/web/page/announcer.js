/** @typedef {import("../client/comments_api.js").Comment} Comment */

/** A screen reader hears at most one announcement in this time, whatever the rate of comments. */
const INTERVAL_MS = 4_000;
/** After a silence one is made this soon. */
const SOON_MS = 500;
/** More comments than this in one announcement are only counted. */
const SPOKEN = 2;

/** Tells a polite live region what came: a few comments in full, of many only how many. */
export class Announcer {
  #region;
  /** @type {Comment[]} */
  #spoken = [];
  #count = 0;
  #lastAt = -INTERVAL_MS;
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
    const wait = Math.max(SOON_MS, this.#lastAt + INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#announce(), wait);
  }

  #announce() {
    const full = this.#spoken.map(({ authorName, content }) => `${authorName}: ${content}`).join(". ");
    this.#region.textContent = this.#count > SPOKEN ? `${this.#count} new comments` : full;
    this.#lastAt = performance.now();
    this.#spoken = [];
    this.#count = 0;
    this.#timer = undefined;
  }
}
