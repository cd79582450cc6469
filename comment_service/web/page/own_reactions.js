import { forgetOldest } from "../client/forget_oldest.js";

const KEY = "livecomments.reactions";
const LIMIT = 500;

/**
 * Which reactions the people at this browser have chosen: the server tells totals alone. The last 500 are remembered.
 */
export class OwnReactions {
  #storage;
  /** By user and comment; insertion order is age. @type {Map<string, string>} */
  #kinds = new Map();

  /** @param {import("./storage.js").KeyValueStorage} storage */
  constructor(storage) {
    this.#storage = storage;
    try {
      this.#kinds = new Map(JSON.parse(storage.getItem(KEY) ?? "[]"));
    } catch {
      // Whatever else wrote there: the marks are a convenience.
    }
  }

  /**
   * @param {string | undefined} userId
   * @param {string} commentId
   * @returns {string | null} the kind
   */
  of(userId, commentId) {
    return this.#kinds.get(`${commentId} ${userId}`) ?? null;
  }

  /**
   * @param {string} userId
   * @param {string} commentId
   * @param {string | null} kind
   */
  choose(userId, commentId, kind) {
    const key = `${commentId} ${userId}`;
    this.#kinds.delete(key);
    if (kind !== null) this.#kinds.set(key, kind);
    forgetOldest(this.#kinds, LIMIT);
    try {
      this.#storage.setItem(KEY, JSON.stringify([...this.#kinds]));
    } catch {
      // A full storage costs the mark after a reload, not the reaction.
    }
  }
}
