import { CommentRow } from "./comment_row.js";
import { CommentWindow } from "./comment_window.js";
import { ScrollPosition } from "./scroll_position.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/comments_api.js").CommentPage} CommentPage */

/** Rows on the page at most. A phone scrolls through 500 without a hitch. */
const MAX_ROWS = 500;
/** So many of those that waited appear at a time when the reader reaches the bottom. */
const ADVANCE_ROWS = 100;
/** More rows than this in one frame are a burst and come without an entrance of their own. */
const BURST_ROWS = 3;

/**
 * The comments on the page: what a CommentWindow holds, brought to the list once per animation frame, however many
 * came. It follows the newest comment until the reader scrolls up, and then keeps still.
 */
export class ChatLog {
  /** How the last request for older comments went. @type {"idle" | "loading" | "failed"} */
  olderState = "idle";
  /** Comments that came while the reader was further up. */
  unseen = 0;

  #list;
  #template;
  #options;
  #position;
  #window = new CommentWindow(MAX_ROWS);
  /** @type {Map<string, CommentRow>} */
  #rows = new Map();
  #scheduled = false;

  /**
   * @param {object} options
   * @param {HTMLElement} options.scroller          what scrolls
   * @param {HTMLElement} options.list              the list in it
   * @param {HTMLTemplateElement} options.template  of one comment
   * @param {(before: string) => Promise<CommentPage>} options.older
   * @param {(comment: Comment) => boolean} options.isOwn
   * @param {() => void} options.changed            called once a frame, when the log has changed
   */
  constructor(options) {
    this.#options = options;
    this.#list = options.list;
    this.#template = options.template;
    this.#position = new ScrollPosition(options.scroller, options.list, () => this.#onScroll());
  }

  /** Whether the newest comment is kept in view. */
  get following() {
    return this.#position.following;
  }

  get empty() {
    return this.#window.shown.length === 0;
  }

  /** Whether there is nothing older than what is shown. */
  get fromBeginning() {
    return this.#window.fromBeginning;
  }

  /**
   * @param {Comment} comment
   * @returns {boolean} false for a repeat
   */
  add(comment) {
    const isNew = this.#window.arrive(comment, this.following);
    if (isNew && !this.following && !this.#options.isOwn(comment)) this.unseen += 1;
    this.#schedule();
    return isNew;
  }

  /**
   * The comment as it now stands.
   *
   * @param {Comment} comment
   */
  replace(comment) {
    this.#window.replace(comment);
    this.#schedule();
  }

  /** @param {string} commentId */
  remove(commentId) {
    this.#window.remove(commentId);
    this.#schedule();
  }

  /** Comments are missing between those so far and those to come; older pages bring them to whoever scrolls up. */
  tear() {
    this.#window.tear(this.following);
    this.#schedule();
  }

  /** To the newest comment, and stays with it. */
  follow() {
    this.#window.follow();
    this.#position.follow();
    this.#render();
  }

  /** Asks for a page of older comments, unless one is on its way or there are none. */
  async loadOlder() {
    const before = this.#window.shown[0]?.commentId;
    if (before === undefined || this.olderState === "loading" || this.fromBeginning) return;
    this.#setOlderState("loading");
    try {
      const page = await this.#options.older(before);
      // What was on top may have gone meanwhile; then this page no longer fits to what is there.
      if (this.#window.shown[0]?.commentId === before) this.#window.prepend(page.comments, page.hasMore);
      this.#setOlderState("idle");
    } catch {
      this.#setOlderState("failed");
    }
  }

  /**
   * Brings the comments' ages up to date.
   *
   * @param {Date} now
   */
  tick(now) {
    for (const row of this.#rows.values()) row.tick(now);
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#scheduled = false;
    if (this.following) this.unseen = 0;
    this.#position.keep(() => this.#reconcile());
    this.#options.changed();
  }

  /** Makes the rows those of the window, touching only what differs. */
  #reconcile() {
    const shown = new Set(this.#window.shown.map(({ commentId }) => commentId));
    for (const [id, row] of this.#rows) {
      if (shown.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const fresh = [];
    let next = this.#list.firstElementChild;
    for (const comment of this.#window.shown) {
      const row = this.#row(comment);
      if (row.element === next) {
        next = next.nextElementSibling;
        continue;
      }
      if (next === null) fresh.push(row.element);
      this.#list.insertBefore(row.element, next);
    }
    if (fresh.length <= BURST_ROWS) for (const element of fresh) element.classList.add("comment--fresh");
  }

  /** @param {Comment} comment */
  #row(comment) {
    let row = this.#rows.get(comment.commentId);
    if (!row) {
      row = new CommentRow(this.#template, comment, this.#options.isOwn(comment));
      this.#rows.set(comment.commentId, row);
    } else if (row.comment !== comment) {
      row.update(comment);
    }
    return row;
  }

  #onScroll() {
    if (this.#window.hasNewer && this.#position.atBottom) {
      this.#position.following = false;
      this.#window.advance(ADVANCE_ROWS);
    }
    if (!this.following && this.#position.nearTop && this.olderState === "idle") void this.loadOlder();
    this.#schedule();
  }

  /** @param {"idle" | "loading" | "failed"} state */
  #setOlderState(state) {
    this.olderState = state;
    this.#schedule();
  }
}
