/** @typedef {import("../client/comments_api.js").Comment} Comment */

/** A screen reader hears at most one announcement in this time, whatever the rate of comments. */
const INTERVAL_MS = 4_000;
/** After a silence one is made this soon. */
const SOON_MS = 500;
/** More comments than this in one announcement are only counted. */
const SPOKEN = 2;

/** Tells a polite live region what came and went: a few comments in full, of many only how many. */
export class Announcer {
  #region;
  /** @type {Comment[]} */
  #spoken = [];
  #count = 0;
  #removed = 0;
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
    this.#announceSoon();
  }

  /** A comment that was there is gone. */
  removed() {
    this.#removed += 1;
    this.#announceSoon();
  }

  #announceSoon() {
    const wait = Math.max(SOON_MS, this.#lastAt + INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#announce(), wait);
  }

  #announce() {
    const full = this.#spoken.map(({ authorName, content }) => `${authorName}: ${content}`).join(". ");
    const came = this.#count > SPOKEN ? `${this.#count} new comments` : full;
    const went = this.#removed === 1 ? "A comment was removed" : `${this.#removed} comments were removed`;
    this.#region.textContent = [came, this.#removed > 0 ? went : ""].filter(Boolean).join(". ");
    this.#lastAt = performance.now();
    this.#spoken = [];
    this.#count = 0;
    this.#removed = 0;
    this.#timer = undefined;
  }
}
