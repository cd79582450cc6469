import { RecentChanges } from "./recent_changes.js";
import { RecentIds } from "./recent_ids.js";

/** @typedef {import("./comments_api.js").Comment} Comment */
/** @typedef {import("./comments_api.js").CommentPage} CommentPage */

/** More than a server replays (1000) and what a hot video has in the 2 s that may repeat (2000), together. */
const REMEMBERED = 4096;
const CATCH_UP_PAGE = 200;

/** What comes of one video: each comment once and as it now stands, and by REST what the stream could not replay. */
export class Feed {
  /** The comment to resume after; null before the first. @type {string | null} */
  lastEventId;

  #api;
  #emit;
  #maxCatchUp;
  #seen = new RecentIds(REMEMBERED);
  #changes = new RecentChanges(REMEMBERED);

  /**
   * @param {object} options
   * @param {import("./comments_api.js").CommentsApi} options.api
   * @param {(name: string, payload: any) => void} options.emit
   * @param {string | null} options.lastEventId
   * @param {number} options.maxCatchUp  comments read by REST after a `resync`, about
   */
  constructor({ api, emit, lastEventId, maxCatchUp }) {
    this.#api = api;
    this.#emit = emit;
    this.lastEventId = lastEventId;
    this.#maxCatchUp = maxCatchUp;
  }

  /**
   * An event of the stream, which waits until it is done with.
   *
   * @param {string} event
   * @param {any} payload
   * @param {AbortSignal} signal
   */
  async take(event, payload, signal) {
    if (event === "comment") this.#deliver(payload);
    else if (event === "edit") this.#change(payload);
    else if (event === "delete") this.#remove(payload);
    else this.#emit(event, payload);
    if (event === "resync") await this.#catchUp(payload.after, signal);
  }

  /**
   * A page that was read before a change was heard of must not bring back what it changed.
   *
   * @param {CommentPage} page
   * @returns {CommentPage}
   */
  asTheyStand(page) {
    const comments = page.comments.map((comment) => this.#changes.applied(comment)).filter((comment) => comment !== null);
    return { ...page, comments };
  }

  /** @param {Comment} comment */
  #deliver(comment) {
    this.lastEventId = comment.commentId;
    const standing = this.#changes.applied(comment);
    if (this.#seen.add(comment.commentId) && standing !== null) this.#emit("comment", standing);
  }

  /** @param {Comment} comment */
  #change(comment) {
    if (this.#changes.edited(comment)) this.#emit("edit", comment);
  }

  /** @param {{commentId: string}} deletion */
  #remove(deletion) {
    if (this.#changes.deleted(deletion.commentId)) this.#emit("delete", deletion);
  }

  /**
   * Reads by REST what the stream could not replay. The stream waits meanwhile, so the order holds; what both bring
   * comes once. A failure ends the present stream, and the next one goes on from where this got to.
   *
   * @param {string} after
   * @param {AbortSignal} signal
   */
  async #catchUp(after, signal) {
    let cursor = after;
    let read = 0;
    for (;;) {
      const page = await this.#api.list({
        cursor,
        direction: "after",
        sort: "asc",
        pageSize: CATCH_UP_PAGE,
        signal,
      });
      for (const comment of page.comments) this.#deliver(comment);
      if (!page.hasMore || page.comments.length === 0) return;
      cursor = page.comments[page.comments.length - 1].commentId;
      read += page.comments.length;
      if (read >= this.#maxCatchUp) {
        this.#emit("gap", { after: cursor });
        return;
      }
    }
  }
}
