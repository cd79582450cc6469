/** Where a moderator has slowed the video down: says so, and holds the composer back after each comment. */
export class SlowMode {
  #options;
  #seconds = 0;

  /**
   * @param {object} options
   * @param {() => Promise<number>} options.read  the seconds between two comments of a user; 0: none
   * @param {() => boolean} options.exempt        moderators need not wait
   * @param {import("./composer.js").Composer} options.composer
   */
  constructor(options) {
    this.#options = options;
  }

  /** Asks how it stands. */
  async refresh() {
    try {
      this.#seconds = await this.#options.read();
    } catch {
      return; // The server tells with the next comment that is too early.
    }
    this.#options.composer.slowed(this.#options.exempt() ? 0 : this.#seconds);
  }

  /** A comment was posted. */
  posted() {
    if (this.#seconds > 0 && !this.#options.exempt()) this.#options.composer.hold(this.#seconds * 1000);
  }

  /**
   * A comment came too early.
   *
   * @param {number | null} retryAfterMs
   */
  refused(retryAfterMs) {
    if (retryAfterMs) this.#options.composer.hold(retryAfterMs);
    void this.refresh();
  }
}
