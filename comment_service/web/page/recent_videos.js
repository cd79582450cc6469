const KEY = "livecomments.recentVideos";
const LIMIT = 6;

/** The pattern of CONTRACT's `liveVideoId`. */
export const LIVE_VIDEO_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The videos watched last at this browser, the latest first. */
export class RecentVideos {
  #storage;

  /** @param {import("./storage.js").KeyValueStorage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @returns {string[]} */
  list() {
    try {
      const found = JSON.parse(this.#storage.getItem(KEY) ?? "[]");
      return found.filter((/** @type {unknown} */ id) => typeof id === "string" && LIVE_VIDEO_ID.test(id)).slice(0, LIMIT);
    } catch {
      return [];
    }
  }

  /** @param {string} liveVideoId */
  remember(liveVideoId) {
    const others = this.list().filter((id) => id !== liveVideoId);
    try {
      this.#storage.setItem(KEY, JSON.stringify([liveVideoId, ...others].slice(0, LIMIT)));
    } catch {
      // A full storage costs the convenience, not the page.
    }
  }
}
