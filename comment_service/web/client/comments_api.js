/** The REST side of one video's comments. */

/** @typedef {import("./requests.js").Requests} Requests */

/** The kinds of reactions, as CONTRACT names them. */
export const REACTION_KINDS = Object.freeze(["like", "love", "haha", "wow", "sad", "angry"]);

/** @typedef {"like" | "love" | "haha" | "wow" | "sad" | "angry"} ReactionKind */

/**
 * An image.
 *
 * @typedef {object} Media
 * @property {string} mediaId
 * @property {string} contentType
 * @property {number} width   in pixels
 * @property {number} height
 */

/**
 * A comment, as the server sends it.
 *
 * @typedef {object} Comment
 * @property {string} commentId         decimal, 64 bits: never a Number
 * @property {string} liveVideoId
 * @property {string} authorId
 * @property {string} authorName
 * @property {string} content           text, never markup
 * @property {string} createdAt         RFC 3339, UTC
 * @property {string | null} replyTo    the first comment of its thread
 * @property {Media[]} media            images that it carries
 * @property {Object<string, number>} reactions  how many users, by kind
 * @property {string | null} editedAt
 * @property {number} [replyCount]      absent: 0
 */

/**
 * @typedef {object} CommentPage
 * @property {Comment[]} comments
 * @property {string | null} nextCursor
 * @property {boolean} hasMore
 */

export class CommentsApi {
  #requests;
  #path;
  #videoPath;

  /**
   * @param {Requests} requests
   * @param {string} liveVideoId
   */
  constructor(requests, liveVideoId) {
    this.#requests = requests;
    this.#path = `comments/${liveVideoId}`;
    this.#videoPath = `videos/${liveVideoId}`;
  }

  /**
   * The stream's address.
   *
   * @param {Object<string, string>} parameters
   */
  streamUrl(parameters) {
    return this.#requests.url(`${this.#path}/stream`, parameters);
  }

  /**
   * A page of history.
   *
   * @param {object} options
   * @param {string | null} [options.cursor]              a comment's id; null for the newest page
   * @param {"before" | "after"} [options.direction]
   * @param {number} [options.pageSize]                   1 to 200
   * @param {"asc" | "desc"} [options.sort]
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<CommentPage>}
   */
  async list({ cursor = null, direction = "before", pageSize = 50, sort = "desc", signal }) {
    const position = cursor === null ? {} : { cursor };
    return this.#requests.read(this.#path, { direction, pageSize: String(pageSize), sort, ...position }, signal);
  }

  /**
   * A page of a thread, oldest first, strictly newer than the cursor.
   *
   * @param {string} commentId
   * @param {{cursor?: string | null, pageSize?: number}} options
   * @param {AbortSignal} signal
   * @returns {Promise<CommentPage>}
   */
  async replies(commentId, { cursor = null, pageSize = 50 }, signal) {
    const position = cursor === null ? {} : { cursor };
    return this.#requests.read(`${this.#of(commentId)}/replies`, { pageSize: String(pageSize), ...position }, signal);
  }

  /**
   * Posts a comment; resolves once it is durably stored.
   *
   * @param {object} body
   * @param {string} idempotencyKey  the same for each attempt to post this comment
   * @param {string | null} ticket   what the stream handed out last, where it hands out any
   * @returns {Promise<Comment>}
   */
  async post(body, idempotencyKey, ticket) {
    const shown = ticket === null ? {} : { "Livecomments-Ticket": ticket };
    const headers = { "Idempotency-Key": idempotencyKey, ...shown };
    return this.#requests.send("POST", this.#path, { body, headers });
  }

  /**
   * @param {string} commentId
   * @param {string} content
   * @returns {Promise<Comment>} as it now stands
   */
  async edit(commentId, content) {
    return this.#requests.send("PATCH", this.#of(commentId), { body: { content } });
  }

  /** @param {string} commentId */
  async delete(commentId) {
    await this.#requests.send("DELETE", this.#of(commentId));
  }

  /**
   * @param {string} commentId
   * @param {string} kind
   * @param {boolean} chosen
   */
  async react(commentId, kind, chosen) {
    const path = `${this.#of(commentId)}/reactions/${encodeURIComponent(kind)}`;
    await this.#requests.send(chosen ? "PUT" : "DELETE", path);
  }

  /** @param {string} kind */
  async reactToVideo(kind) {
    await this.#requests.send("POST", `${this.#videoPath}/reactions`, { body: { kind } });
  }

  /**
   * @param {string} commentId
   * @param {string} reason
   */
  async report(commentId, reason) {
    await this.#requests.send("POST", `${this.#of(commentId)}/reports`, { body: { reason } });
  }

  /** @param {string} commentId */
  #of(commentId) {
    return `${this.#path}/${encodeURIComponent(commentId)}`;
  }
}
