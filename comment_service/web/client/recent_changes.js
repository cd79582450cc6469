import { forgetOldest } from "./forget_oldest.js";

/** @typedef {import("./comments_api.js").Comment} Comment */

/**
 * The edits and deletions heard of last, as many as `limit`: they may name a comment that comes only afterwards, by
 * another way, as it was before.
 */
export class RecentChanges {
  #limit;
  /** By id, the comment as it was last said to stand, or null once it is deleted. @type {Map<string, Comment | null>} */
  #changed = new Map();

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {Comment} comment  as it now stands
   * @returns {boolean} false where a later edit, or its deletion, is known
   */
  edited(comment) {
    const known = this.#changed.get(comment.commentId);
    if (known === null || (known && isLater(known, comment))) return false;
    this.#note(comment.commentId, comment);
    return true;
  }

  /**
   * @param {string} commentId
   * @returns {boolean} false where that is known
   */
  deleted(commentId) {
    if (this.#changed.get(commentId) === null) return false;
    this.#note(commentId, null);
    return true;
  }

  /**
   * The comment as it stands after all that is known, or null where it is deleted.
   *
   * @param {Comment} comment
   * @returns {Comment | null}
   */
  applied(comment) {
    const known = this.#changed.get(comment.commentId);
    return known === undefined || (known !== null && !isLater(known, comment)) ? comment : known;
  }

  /**
   * @param {string} commentId
   * @param {Comment | null} comment
   */
  #note(commentId, comment) {
    // Taken out first, so that it is the youngest again.
    this.#changed.delete(commentId);
    this.#changed.set(commentId, comment);
    forgetOldest(this.#changed, this.#limit);
  }
}

/**
 * Whether `a` was edited after `b`.
 *
 * @param {Comment} a
 * @param {Comment} b
 */
function isLater(a, b) {
  return (a.editedAt ?? "") > (b.editedAt ?? "");
}
