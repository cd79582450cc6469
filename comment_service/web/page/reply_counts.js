/** How many replies each comment has, from what the server counted and what came since. Pure: knows no DOM. */

import { forgetOldest } from "../client/forget_oldest.js";

/** Comments and replies remembered; the oldest go. */
const LIMIT = 4_000;

/** @typedef {import("../client/comments_api.js").Comment} Comment */

/**
 * A comment's `replyCount` is of the moment when it was encoded, and replies of the backlog may be in it already, so
 * of those the greater number counts; a reply that came later adds one. Opening a thread tells the true number.
 */
export class ReplyCounts {
  /** `exact`: once the true number was known. @type {Map<string, {counted: number, early: number, later: number, exact: boolean}>} */
  #threads = new Map();
  /** Each reply's thread. @type {Map<string, {thread: string, later: boolean}>} */
  #replies = new Map();

  /** @param {string} commentId */
  of(commentId) {
    const thread = this.#threads.get(commentId);
    return thread ? Math.max(thread.counted, thread.early) + thread.later : 0;
  }

  /**
   * A comment came; if it is a reply, it counts for its thread.
   *
   * @param {Comment} comment
   * @param {boolean} later  after the page had got what was there before it
   */
  came({ commentId, replyTo, replyCount = 0 }, later) {
    if (replyCount > 0) this.#thread(commentId).counted = replyCount;
    if (replyTo === null || this.#replies.has(commentId)) return;
    const thread = this.#thread(replyTo);
    const adds = later || thread.exact;
    this.#note(commentId, replyTo, adds);
    thread[adds ? "later" : "early"] += 1;
  }

  /** @param {string} commentId */
  gone(commentId) {
    this.#threads.delete(commentId);
    const reply = this.#replies.get(commentId);
    if (!reply || !this.#replies.delete(commentId)) return;
    const thread = this.#thread(reply.thread);
    if (reply.later) thread.later = Math.max(0, thread.later - 1);
    else {
      thread.early = Math.max(0, thread.early - 1);
      thread.counted = Math.max(0, thread.counted - 1);
    }
  }

  /**
   * The true number, now.
   *
   * @param {string} commentId
   * @param {number} count
   * @param {string[]} [replies]  their ids, where they are known: none of them adds to it any more
   */
  settle(commentId, count, replies = []) {
    Object.assign(this.#thread(commentId), { counted: count, early: 0, later: 0, exact: true });
    for (const id of replies) this.#note(id, commentId, false);
  }

  /**
   * @param {string} reply
   * @param {string} thread
   * @param {boolean} later
   */
  #note(reply, thread, later) {
    this.#replies.set(reply, { thread, later });
    forgetOldest(this.#replies, LIMIT);
  }

  /** @param {string} commentId */
  #thread(commentId) {
    let thread = this.#threads.get(commentId);
    if (!thread) {
      thread = { counted: 0, early: 0, later: 0, exact: false };
      this.#threads.set(commentId, thread);
      forgetOldest(this.#threads, LIMIT);
    }
    return thread;
  }
}
