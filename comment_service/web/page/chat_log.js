import { CommentRow } from "./comment_row.js";
import { CommentWindow, compareIds } from "./comment_window.js";
import { OpenThreads } from "./open_threads.js";
import { ReplyCounts } from "./reply_counts.js";
import { RowFocus } from "./row_focus.js";
import { ScrollPosition } from "./scroll_position.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/comments_api.js").CommentPage} CommentPage */

/** Rows on the page at most. A phone scrolls through 500 without a hitch. */
const MAX_ROWS = 500;
/** So many of those that waited appear at a time when the reader reaches the bottom. */
const ADVANCE_ROWS = 100;
/** As much is read again as is shown at most. */
const READ_AGAIN_SIZE = 200;
const READ_AGAIN_PAGES = 3;
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
  #focus;
  #counts = new ReplyCounts();
  #threads;
  /** @type {import("./comment_row.js").RowContext} */
  #context;
  #window = new CommentWindow(MAX_ROWS);
  /** @type {Map<string, CommentRow>} */
  #rows = new Map();
  #scheduled = false;

  /**
   * @param {object} options
   * @param {HTMLElement} options.scroller          what scrolls
   * @param {HTMLElement} options.list              the list in it
   * @param {HTMLTemplateElement} options.template  of one comment
   * @param {(before: string | null, pageSize?: number) => Promise<CommentPage>} options.older
   * @param {(commentId: string, options: {cursor: string | null, pageSize: number}) => Promise<CommentPage>} options.replies
   * @param {(comment: Comment) => boolean} options.isOwn
   * @param {(commentId: string) => string | null} options.ownReaction
   * @param {(mediaId: string) => string} options.mediaUrl
   * @param {() => void} options.changed            called once a frame, when the log has changed
   */
  constructor(options) {
    this.#options = options;
    this.#list = options.list;
    this.#template = options.template;
    this.#position = new ScrollPosition(options.scroller, options.list, () => this.#onScroll());
    this.#focus = new RowFocus(options.scroller);
    this.#context = {
      isOwn: options.isOwn,
      ownReaction: options.ownReaction,
      mediaUrl: options.mediaUrl,
      replyCount: (commentId) => this.#counts.of(commentId),
      find: (commentId) => this.#window.find(commentId),
    };
    this.#threads = new OpenThreads({
      template: options.template,
      context: this.#context,
      replies: options.replies,
      changed: () => {
        // The same comment may be in the log and in the thread: of one age.
        this.tick(new Date());
        this.#schedule();
      },
      counted: (commentId, found) => {
        this.#counts.settle(commentId, found.length, found);
        this.#rows.get(commentId)?.refresh();
      },
    });
  }

  /** Whether the newest comment is kept in view. */
  get following() {
    return this.#position.following;
  }

  /** How many comments are shown. */
  get size() {
    return this.#window.shown.length;
  }

  /** Whether there is nothing older than what is shown. */
  get fromBeginning() {
    return this.#window.fromBeginning;
  }

  /**
   * @param {Comment} comment
   * @param {boolean} [later]  it was not there yet when the page was opened
   * @returns {boolean} false for a repeat
   */
  add(comment, later = true) {
    this.#count(comment, later);
    const isNew = this.#window.arrive(comment, this.following);
    if (isNew && !this.following && !this.#options.isOwn(comment)) this.unseen += 1;
    this.#threads.came(comment);
    this.#schedule();
    return isNew;
  }

  /**
   * The comment as it now stands.
   *
   * @param {Comment} comment
   */
  replace(comment) {
    if (comment.replyCount !== undefined) this.#counts.settle(comment.commentId, comment.replyCount);
    this.change(comment.commentId, () => comment);
  }

  /**
   * Changes a comment wherever it is shown.
   *
   * @param {string} commentId
   * @param {(comment: Comment) => Comment} change
   */
  change(commentId, change) {
    const comment = this.#window.find(commentId);
    if (comment) this.#window.replace(change(comment));
    this.#threads.update(commentId, change);
    this.#schedule();
  }

  /**
   * @param {string} commentId
   * @returns {boolean} whether it was there to be seen
   */
  remove(commentId) {
    const wasShown = this.#rows.has(commentId);
    const replyTo = this.#window.find(commentId)?.replyTo ?? null;
    this.#counts.gone(commentId);
    this.#window.remove(commentId);
    this.#threads.remove(commentId, (row) => this.#focus.leave(row));
    if (replyTo !== null) this.#rows.get(replyTo)?.refresh();
    this.#schedule();
    return wasShown;
  }

  /** Shows anew whose comments are whose: somebody signed in or out. */
  refresh() {
    for (const row of [...this.#rows.values(), ...this.#threads.rows()]) row.refresh();
  }

  /**
   * Opens or closes the thread that a comment is in, and moves the focus there.
   *
   * @param {CommentRow} row  of any comment of it
   */
  toggleThread(row) {
    const rootId = row.comment.replyTo ?? row.comment.commentId;
    // Under the comment that began it; where that is not on the page, under the one that is.
    const holder = this.#rows.get(rootId) ?? row;
    const opened = this.#threads.toggle(rootId, holder);
    if (opened) this.#position.stay();
    if (holder !== row) holder.element.focus();
    if (holder !== row) holder.element.scrollIntoView({ block: "nearest" });
    this.#schedule();
  }

  /**
   * Reads what is shown once more: edits and deletions of a long absence are not told.
   *
   * @returns {Promise<void>}
   */
  async readAgain() {
    const oldest = this.#window.shown[0]?.commentId;
    /** @type {string | null} */
    let before = null;
    for (let pages = 0; pages < READ_AGAIN_PAGES && oldest !== undefined; pages += 1) {
      const { comments, hasMore } = await this.#options.older(before, READ_AGAIN_SIZE);
      this.#window.compare(comments);
      this.#schedule();
      if (!hasMore || comments.length === 0 || compareIds(comments[0].commentId, oldest) <= 0) return;
      before = comments[0].commentId;
    }
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
    const before = this.#window.shown[0]?.commentId ?? null;
    if (this.olderState === "loading" || this.fromBeginning) return;
    this.#setOlderState("loading");
    try {
      const page = await this.#options.older(before);
      // What was on top may have gone meanwhile; then this page no longer fits to what is there. The newest page does.
      if (before === null || this.#window.shown[0]?.commentId === before) {
        for (const comment of page.comments) this.#count(comment, false);
        this.#window.prepend(page.comments, page.hasMore);
      }
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
    for (const row of [...this.#rows.values(), ...this.#threads.rows()]) row.tick(now);
  }

  /**
   * @param {Comment} comment
   * @param {boolean} later
   */
  #count(comment, later) {
    this.#counts.came(comment, later);
    if (comment.replyTo !== null) this.#rows.get(comment.replyTo)?.refresh();
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
    this.#focus.refresh();
    this.#options.changed();
  }

  /** Makes the rows those of the window, touching only what differs. */
  #reconcile() {
    const shown = new Set(this.#window.shown.map(({ commentId }) => commentId));
    for (const [id, row] of this.#rows) {
      if (shown.has(id)) continue;
      this.#focus.leave(row.element);
      row.element.remove();
      this.#rows.delete(id);
      this.#threads.closeUnder(row);
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
      row = new CommentRow(this.#template, comment, this.#context);
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
