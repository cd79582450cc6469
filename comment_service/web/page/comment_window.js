/**
 * Which comments are on the page, of all that came: a bounded run of them in the order of their ids, and behind it a
 * bounded tail of newer ones that wait while someone reads further up. Pure: knows no DOM.
 */

/** @typedef {import("../client/comments_api.js").Comment} Comment */

/**
 * Ids are 64-bit decimals, more than a Number holds: of two, the longer is the larger.
 *
 * @param {string} a
 * @param {string} b
 * @returns {number} negative, zero or positive
 */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export class CommentWindow {
  /** On the page, oldest first. @type {Comment[]} */
  shown = [];
  /** Whether `shown` starts with the video's very first comment. */
  fromBeginning = false;

  #limit;
  /** Newer than `shown`, oldest first. @type {Comment[]} */
  #tail = [];
  /** Comments are missing between `shown` and the tail. */
  #torn = false;
  /** @type {Set<string>} */
  #ids = new Set();

  /** @param {number} limit  of comments shown, and of those that wait */
  constructor(limit) {
    this.#limit = limit;
  }

  /** Whether newer comments wait below those shown. */
  get hasNewer() {
    return this.#tail.length > 0;
  }

  /** @param {string} id */
  has(id) {
    return this.#ids.has(id);
  }

  /**
   * @param {string} id
   * @returns {Comment | undefined}
   */
  find(id) {
    if (!this.#ids.has(id)) return undefined;
    return [this.shown, this.#tail].flatMap((list) => list.find(({ commentId }) => commentId === id) ?? [])[0];
  }

  /**
   * A comment came. Someone who follows sees it now, and the oldest goes; for someone who reads further up nothing
   * above moves. A repeat replaces what it repeats.
   *
   * @param {Comment} comment
   * @param {boolean} following
   * @returns {boolean} false for a repeat, or for one older than a full window
   */
  arrive(comment, following) {
    if (this.#ids.has(comment.commentId)) {
      this.replace(comment);
      return false;
    }
    const full = this.shown.length >= this.#limit;
    const oldest = this.shown[0];
    if (full && compareIds(comment.commentId, oldest.commentId) < 0) return false;
    if (following) this.follow();
    const waits = !following && (full || this.hasNewer || this.#torn) && this.#isNewerThanShown(comment);
    insert(waits ? this.#tail : this.shown, comment);
    this.#ids.add(comment.commentId);
    this.#trimTop();
    this.#trimTail();
    return true;
  }

  /**
   * A page of older comments goes on top; what is too much leaves at the bottom and waits there.
   *
   * @param {Comment[]} comments
   * @param {boolean} hasMore
   */
  prepend(comments, hasMore) {
    for (const comment of comments) {
      if (this.#ids.has(comment.commentId)) continue;
      insert(this.shown, comment);
      this.#ids.add(comment.commentId);
    }
    this.fromBeginning = !hasMore;
    const surplus = this.shown.splice(this.#limit);
    if (this.#torn) this.#forget(surplus);
    else this.#tail.unshift(...surplus);
    this.#trimTail();
  }

  /**
   * The reader came to the bottom: the next `count` of those that wait.
   *
   * @param {number} count
   */
  advance(count) {
    if (this.#torn) {
      this.follow();
      return;
    }
    this.shown.push(...this.#tail.splice(0, count));
    this.#trimTop();
  }

  /** The newest, whatever was shown before. */
  follow() {
    if (this.#tail.length === 0 && !this.#torn) return;
    if (this.#torn) {
      this.#forget(this.shown.splice(0));
      this.fromBeginning = false;
      this.#torn = false;
    }
    this.shown.push(...this.#tail.splice(0));
    this.#trimTop();
  }

  /**
   * What came between those known so far and those that follow is not going to be sent.
   *
   * @param {boolean} following
   */
  tear(following) {
    this.#forget(this.#tail.splice(0));
    this.#torn = true;
    if (following) this.follow();
  }

  /**
   * The comment as it now stands.
   *
   * @param {Comment} comment
   */
  replace(comment) {
    for (const list of [this.shown, this.#tail]) {
      const at = list.findIndex(({ commentId }) => commentId === comment.commentId);
      if (at >= 0) list[at] = comment;
    }
  }

  /** @param {string} id */
  remove(id) {
    if (!this.#ids.delete(id)) return;
    for (const list of [this.shown, this.#tail]) {
      const at = list.findIndex(({ commentId }) => commentId === id);
      if (at >= 0) list.splice(at, 1);
    }
  }

  /**
   * Holds what is shown against a page that was just read: within its reach, what it lacks is gone, and what it has
   * stands as it says.
   *
   * @param {Comment[]} page  oldest first, without a gap
   */
  compare(page) {
    const [first, last] = [page[0], page[page.length - 1]];
    if (!first) return;
    const read = new Map(page.map((comment) => [comment.commentId, comment]));
    for (const { commentId } of [...this.shown]) {
      const within = compareIds(first.commentId, commentId) <= 0 && compareIds(commentId, last.commentId) <= 0;
      const comment = read.get(commentId);
      if (comment) this.replace(comment);
      else if (within) this.remove(commentId);
    }
  }

  /** @param {Comment} comment */
  #isNewerThanShown(comment) {
    const newest = this.shown.at(-1);
    return !newest || compareIds(comment.commentId, newest.commentId) > 0;
  }

  #trimTop() {
    if (this.shown.length <= this.#limit) return;
    this.#forget(this.shown.splice(0, this.shown.length - this.#limit));
    this.fromBeginning = false;
  }

  #trimTail() {
    if (this.#tail.length <= this.#limit) return;
    this.#forget(this.#tail.splice(0, this.#tail.length - this.#limit));
    this.#torn = true;
  }

  /** @param {Comment[]} comments */
  #forget(comments) {
    for (const { commentId } of comments) this.#ids.delete(commentId);
  }
}

/**
 * Puts `comment` where its id belongs; nearly always that is the end.
 *
 * @param {Comment[]} list
 * @param {Comment} comment
 */
function insert(list, comment) {
  let at = list.length;
  while (at > 0 && compareIds(list[at - 1].commentId, comment.commentId) > 0) at -= 1;
  list.splice(at, 0, comment);
}
