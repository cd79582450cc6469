/** The REST side of one video's comments. */

import { Problem } from "./problem.js";

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
 * @property {string | null} replyTo    the comment it answers
 * @property {object[]} media           images that it carries
 * @property {Object<string, number>} reactions
 * @property {string | null} editedAt
 */

/**
 * @typedef {object} CommentPage
 * @property {Comment[]} comments
 * @property {string | null} nextCursor
 * @property {boolean} hasMore
 */

/** A request without an answer for so long has failed. */
const REQUEST_TIMEOUT_MS = 15_000;

export class CommentsApi {
  #url;
  #fetch;
  #token;
  #readWithToken;

  /**
   * @param {object} options
   * @param {URL} options.baseUrl
   * @param {string} options.liveVideoId
   * @param {typeof fetch} options.fetch
   * @param {() => string | null | Promise<string | null>} options.token
   * @param {boolean} options.readWithToken  reading sends the token, too
   */
  constructor({ baseUrl, liveVideoId, fetch, token, readWithToken }) {
    this.#url = new URL(`comments/${liveVideoId}`, baseUrl);
    this.#fetch = fetch;
    this.#token = token;
    this.#readWithToken = readWithToken;
  }

  /**
   * What a request that reads sends along.
   *
   * @returns {Promise<Object<string, string>>}
   */
  async readHeaders() {
    return this.#readWithToken ? this.#authorization() : {};
  }

  /**
   * The stream's address.
   *
   * @param {Object<string, string>} parameters
   */
  streamUrl(parameters) {
    const url = new URL(`${this.#url.pathname}/stream`, this.#url);
    url.search = new URLSearchParams(parameters).toString();
    return url;
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
   * @throws {Problem}
   */
  async list({ cursor = null, direction = "before", pageSize = 50, sort = "desc", signal }) {
    const url = new URL(this.#url);
    url.search = new URLSearchParams({
      direction,
      pageSize: String(pageSize),
      sort,
      ...(cursor === null ? {} : { cursor }),
    }).toString();
    return this.#request(url, { signal, headers: await this.readHeaders() });
  }

  /**
   * Posts a comment; resolves once it is durably stored.
   *
   * @param {object} body
   * @param {string} idempotencyKey  the same for each attempt to post this comment
   * @param {string | null} ticket   what the stream handed out last, where it hands out any
   * @returns {Promise<Comment>}
   * @throws {Problem}
   */
  async post(body, idempotencyKey, ticket) {
    return this.#request(this.#url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Idempotency-Key": idempotencyKey,
        ...(ticket === null ? {} : { "Livecomments-Ticket": ticket }),
        ...(await this.#authorization()),
      },
      body: JSON.stringify(body),
    });
  }

  /** @returns {Promise<Object<string, string>>} */
  async #authorization() {
    const token = await this.#token();
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /**
   * @param {URL} url
   * @param {RequestInit} init
   */
  async #request(url, init) {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      const response = await this.#fetch(url, { ...init, signal });
      if (!response.ok) throw await Problem.fromResponse(response);
      return await response.json();
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(0, "The server could not be reached", timeout.aborted ? "No answer in time" : undefined);
    }
  }
}
