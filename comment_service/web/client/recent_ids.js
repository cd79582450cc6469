import { forgetOldest } from "./forget_oldest.js";

/** The ids seen last, as many as `limit`: what drops a comment that comes a second time after a reconnect. */
export class RecentIds {
  #limit;
  /** Insertion order is age. @type {Set<string>} */
  #ids = new Set();

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  /** How many it holds. */
  get size() {
    return this.#ids.size;
  }

  /**
   * True when `id` is new; false when it is a repeat.
   *
   * @param {string} id
   */
  add(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    forgetOldest(this.#ids, this.#limit);
    return true;
  }
}
