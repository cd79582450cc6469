import { Thread } from "./thread.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("./comment_row.js").CommentRow} CommentRow */

/** The threads that are open in the log, each under a row. */
export class OpenThreads {
  #options;
  /** By the comment that began it. @type {Map<string, {thread: Thread, holder: CommentRow}>} */
  #open = new Map();

  /**
   * @param {object} options
   * @param {HTMLTemplateElement} options.template
   * @param {import("./comment_row.js").RowContext} options.context
   * @param {(commentId: string, options: {cursor: string | null, pageSize: number}) => Promise<import("../client/comments_api.js").CommentPage>} options.replies
   * @param {() => void} options.changed
   * @param {(commentId: string, replies: string[]) => void} options.counted
   */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {CommentRow[]} of all open threads */
  rows() {
    return [...this.#open.values()].flatMap(({ thread }) => [...thread.rows]);
  }

  /**
   * @param {string} rootId
   * @param {CommentRow} holder  under which it opens
   * @returns {boolean} whether it is open now
   */
  toggle(rootId, holder) {
    const open = this.#open.get(rootId);
    if (open) {
      this.#close(rootId);
      if (open.holder === holder) return false;
    }
    const { template, context, replies, changed, counted } = this.#options;
    const thread = new Thread(rootId, {
      template,
      context,
      replies,
      changed,
      counted: (found) => counted(rootId, found),
    });
    this.#open.set(rootId, { thread, holder });
    holder.part(".comment__thread").append(thread.element);
    holder.part(".comment__replies").setAttribute("aria-expanded", "true");
    holder.refresh();
    void thread.load();
    return true;
  }

  /**
   * A row has gone from the log.
   *
   * @param {CommentRow} holder
   */
  closeUnder(holder) {
    for (const [rootId, open] of this.#open) if (open.holder === holder) this.#close(rootId);
  }

  /** @param {Comment} comment */
  came(comment) {
    if (comment.replyTo !== null) this.#open.get(comment.replyTo)?.thread.came(comment);
  }

  /**
   * @param {string} commentId
   * @param {(comment: Comment) => Comment} change
   */
  update(commentId, change) {
    for (const { thread } of this.#open.values()) thread.update(commentId, change);
  }

  /**
   * @param {string} commentId
   * @param {(row: HTMLElement) => void} leave  called with a row before it goes
   */
  remove(commentId, leave) {
    for (const { thread } of this.#open.values()) thread.remove(commentId, leave);
  }

  /** @param {string} rootId */
  #close(rootId) {
    const open = this.#open.get(rootId);
    this.#open.delete(rootId);
    open?.thread.element.remove();
    open?.holder.part(".comment__replies").setAttribute("aria-expanded", "false");
    open?.holder.refresh();
  }
}
