import { CommentRow } from "./comment_row.js";
import { compareIds } from "./comment_window.js";
import { button } from "./elements.js";
import { explain } from "./explain.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/comments_api.js").CommentPage} CommentPage */
/** @typedef {import("./comment_row.js").RowContext} RowContext */

const PAGE = 50;
/** A thread shows no more than this; whoever wants all of a longer one reads on by the API. */
const MAX_ROWS = 500;

/** The replies to one comment, opened under it: read from the server, and kept up to date. */
export class Thread {
  #rootId;
  #options;
  #list = document.createElement("ol");
  #more = button("thread__more link");
  /** @type {Map<string, CommentRow>} */
  #rows = new Map();
  /** @type {string | null} */
  #cursor = null;
  /** Whether all older replies are there, so that a new one follows them. */
  #complete = false;
  #loading = false;
  /** Came while a page was read that may lack it. @type {Comment[]} */
  #meanwhile = [];

  /**
   * @param {string} rootId  of the comment that began it
   * @param {object} options
   * @param {HTMLTemplateElement} options.template
   * @param {RowContext} options.context
   * @param {(commentId: string, options: {cursor: string | null, pageSize: number}) => Promise<CommentPage>} options.replies
   * @param {() => void} options.changed
   * @param {(replies: string[]) => void} options.counted  the ids of all replies, once they are known
   */
  constructor(rootId, options) {
    this.#rootId = rootId;
    this.#options = options;
    /** @readonly */
    this.element = document.createElement("div");
    this.element.className = "thread";
    this.#list.className = "thread__list";
    this.#list.setAttribute("aria-label", "Replies");
    const reply = button("thread__reply link", "Reply");
    reply.dataset.action = "reply-in-thread";
    this.#more.addEventListener("click", () => void this.load());
    this.element.append(this.#list, this.#more, reply);
  }

  /** @returns {Iterable<CommentRow>} */
  get rows() {
    return this.#rows.values();
  }

  /** The next page. */
  async load() {
    if (this.#loading || this.#complete) return;
    this.#loading = true;
    this.#more.hidden = false;
    this.#more.textContent = "Loading…";
    try {
      const page = await this.#options.replies(this.#rootId, { cursor: this.#cursor, pageSize: PAGE });
      for (const comment of page.comments) this.#show(comment);
      this.#cursor = page.nextCursor;
      this.#complete = !page.hasMore || this.#rows.size >= MAX_ROWS;
      this.#more.hidden = this.#complete;
      this.#more.textContent = "More replies";
      if (this.#complete) for (const comment of this.#meanwhile) this.#show(comment);
      if (!page.hasMore) this.#options.counted([...this.#rows.keys()]);
    } catch (error) {
      this.#more.textContent = `Could not load: ${explain(error)}. Try again`;
    } finally {
      this.#loading = false;
      this.#meanwhile = [];
      this.#options.changed();
    }
  }

  /**
   * A comment came.
   *
   * @param {Comment} comment
   */
  came(comment) {
    if (comment.replyTo !== this.#rootId || this.#rows.size + this.#meanwhile.length >= MAX_ROWS) return;
    if (this.#complete) this.#show(comment);
    else if (this.#loading) this.#meanwhile.push(comment);
  }

  /**
   * @param {string} commentId
   * @param {(comment: Comment) => Comment} change
   */
  update(commentId, change) {
    const row = this.#rows.get(commentId);
    row?.update(change(row.comment));
  }

  /**
   * @param {string} commentId
   * @param {(row: HTMLElement) => void} leave  called with the row before it goes
   */
  remove(commentId, leave) {
    this.#meanwhile = this.#meanwhile.filter((comment) => comment.commentId !== commentId);
    const row = this.#rows.get(commentId);
    if (!row) return;
    leave(row.element);
    row.element.remove();
    this.#rows.delete(commentId);
  }

  /** @param {Comment} comment */
  #show(comment) {
    const known = this.#rows.get(comment.commentId);
    if (known) {
      known.update(comment);
      return;
    }
    const row = new CommentRow(this.#options.template, comment, this.#options.context, true);
    const next = [...this.#rows.values()].find((other) => compareIds(other.comment.commentId, comment.commentId) > 0);
    this.#rows.set(comment.commentId, row);
    this.#list.insertBefore(row.element, next?.element ?? null);
  }
}
