/**
 * Live comments of one video: an ES module without dependencies, for browsers and Node.
 *
 *     import { LiveComments } from "/assets/livecomments.js";
 *
 *     const live = new LiveComments("match-42", { token: () => sessionStorage.getItem("token") });
 *     live.on("comment", (comment) => console.log(comment.authorName, comment.content));
 *     live.on("state", ({ state }) => console.log(state));
 *     await live.post("What a goal");
 *     live.close();
 *
 * docs/js-client.md explains it at length.
 */

import { CommentsApi, REACTION_KINDS } from "./client/comments_api.js";
import { Connection } from "./client/connection.js";
import { Emitter } from "./client/emitter.js";
import { Feed } from "./client/feed.js";
import { newIdempotencyKey } from "./client/idempotency_key.js";
import { MediaApi } from "./client/media_api.js";
import { Problem } from "./client/problem.js";
import { Requests } from "./client/requests.js";

export { Problem, REACTION_KINDS };

/** @typedef {import("./client/comments_api.js").Comment} Comment */
/** @typedef {import("./client/comments_api.js").CommentPage} CommentPage */
/** @typedef {import("./client/comments_api.js").Media} Media */
/** @typedef {import("./client/comments_api.js").ReactionKind} ReactionKind */
/** @typedef {import("./client/connection.js").StateChange} StateChange */
/** @typedef {import("./client/connection.js").State} State */
/** @typedef {import("./client/sse_parser.js").SseMessage} SseMessage */

/**
 * `readWithToken` is not needed on the server's own pages, where the cookie of the log-in does it.
 *
 * @typedef {import("./client/requests.js").Access & StreamOptions} Options
 */

/**
 * @typedef {object} StreamOptions
 * @property {number} [backlog]        comments before the live ones, 0 to 1000; default 100
 * @property {string} [lastEventId]    resume after this comment instead
 * @property {number} [silenceMs]      a stream without a byte for so long is dead; default 40 s (the server's
 *                                     heartbeat comes every 15 s)
 * @property {number} [maxCatchUp]     comments read by REST after a `resync`, about; default 5000, then comes `gap`
 * @property {() => number} [random]   uniform in [0, 1)
 */

const LIVE_VIDEO_ID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_BACKLOG = 1000;

export class LiveComments {
  #api;
  #connection;
  #emitter = new Emitter();
  #feed;
  #media;
  #backlog;
  /** What shows that somebody is watching, where posting needs it. @type {{ticket: string, expiresAt: string} | null} */
  #ticket = null;

  /**
   * Connects once the present turn is over, so that listeners added right after the constructor miss nothing.
   *
   * @param {string} liveVideoId  [A-Za-z0-9_-]{1,64}
   * @param {Options} [options]
   * @throws {TypeError} a malformed id, or no base URL to be found
   */
  constructor(liveVideoId, options = {}) {
    if (!LIVE_VIDEO_ID.test(liveVideoId)) throw new TypeError(`not a liveVideoId: ${JSON.stringify(liveVideoId)}`);
    const { token, readWithToken, fetch = globalThis.fetch.bind(globalThis), random = Math.random } = options;
    const requests = new Requests({ baseUrl: options.baseUrl, token, readWithToken, fetch });
    /** @readonly */
    this.liveVideoId = liveVideoId;
    this.#backlog = options.backlog ?? 100;
    this.#api = new CommentsApi(requests, liveVideoId);
    this.#feed = new Feed({
      api: this.#api,
      emit: (name, payload) => this.#emitter.emit(name, payload),
      lastEventId: options.lastEventId ?? null,
      maxCatchUp: options.maxCatchUp ?? 5_000,
    });
    this.#media = new MediaApi(requests, fetch);
    this.#connection = new Connection({
      url: () => this.#api.streamUrl(this.#position()),
      headers: () => requests.readHeaders(),
      receive: (message, signal) => this.#receive(message, signal),
      changed: (change) => this.#emitter.emit("state", change),
      fetch,
      silenceMs: options.silenceMs ?? 40_000,
      random,
    });
    queueMicrotask(() => this.#connection.start());
  }

  /** @returns {State} */
  get state() {
    return this.#connection.state;
  }

  /** The comment to resume after; null before the first. */
  get lastEventId() {
    return this.#feed.lastEventId;
  }

  /**
   * Calls `listener` with the payload of each event of that name:
   *
   * - `comment` {Comment}: each once, in the order of their ids but for writers whose clocks differ
   * - `edit` {Comment}, `delete` {{commentId}}, `reactions`, `viewers` {{count}}: as in the server's contract
   * - `resync` {{after, reason}}: more was missed than the server replays; it follows as `comment` all the same
   * - `gap` {{after}}: more was missed than `maxCatchUp`; what lies between `after` and the next comment is left out
   * - `end` {{}}: the video ended
   * - `state` {StateChange}
   * - any other name that the server sends, with its JSON
   *
   * @param {string} name
   * @param {(payload: any) => void} listener
   * @returns {() => void} ends it
   */
  on(name, listener) {
    return this.#emitter.on(name, listener);
  }

  /**
   * Posts a comment; resolves with it once it is durably stored. It comes as `comment`, too. Nothing is retried
   * here: whoever tries again passes the same `idempotencyKey`, and it is stored once. Where only who is watching may
   * post (403 otherwise), the stream has to be live.
   *
   * @param {string} content  1 to 500 characters
   * @param {object} [options]
   * @param {string} [options.idempotencyKey]  default: a fresh one
   * @param {string} [options.replyTo]         the comment it answers
   * @param {string[]} [options.media]         the `mediaId`s of at most 4 images, from `upload`
   * @returns {Promise<Comment>}
   * @throws {Problem}
   */
  async post(content, { idempotencyKey = newIdempotencyKey(), replyTo, media = [] } = {}) {
    const body = { content, ...(replyTo === undefined ? {} : { replyTo }), ...(media.length === 0 ? {} : { media }) };
    return this.#api.post(body, idempotencyKey, this.#ticket?.ticket ?? null);
  }

  /**
   * `post` as an answer to a comment; an answer to an answer joins its thread.
   *
   * @param {string} commentId
   * @param {string} content
   * @param {{idempotencyKey?: string, media?: string[]}} [options]
   * @returns {Promise<Comment>}
   * @throws {Problem}
   */
  async reply(commentId, content, options = {}) {
    return this.post(content, { ...options, replyTo: commentId });
  }

  /**
   * Its author may for some minutes, a moderator at any time. It comes as `edit`, too.
   *
   * @param {string} commentId
   * @param {string} content
   * @returns {Promise<Comment>} as it now stands
   * @throws {Problem}
   */
  async edit(commentId, content) {
    return this.#api.edit(commentId, content);
  }

  /**
   * Its author or a moderator may. It comes as `delete`, too. One that is gone already is no problem.
   *
   * @param {string} commentId
   * @throws {Problem}
   */
  async delete(commentId) {
    try {
      await this.#api.delete(commentId);
    } catch (error) {
      // The answer to an attempt before this one may have been lost.
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
  }

  /**
   * Makes `kind` this user's reaction to the comment, in place of any other. The totals come as `reactions`.
   *
   * @param {string} commentId
   * @param {ReactionKind} kind
   * @throws {Problem}
   */
  async react(commentId, kind) {
    await this.#api.react(commentId, kind, true);
  }

  /**
   * @param {string} commentId
   * @param {ReactionKind} kind
   * @throws {Problem}
   */
  async unreact(commentId, kind) {
    await this.#api.react(commentId, kind, false);
  }

  /**
   * A reaction to the video itself: counted each time, so never tried again.
   *
   * @param {ReactionKind} kind
   * @throws {Problem}
   */
  async reactToVideo(kind) {
    await this.#api.reactToVideo(kind);
  }

  /**
   * Reports a comment to the moderators; once more by the same user changes nothing.
   *
   * @param {string} commentId
   * @param {string} reason  1 to 500 characters
   * @throws {Problem}
   */
  async report(commentId, reason) {
    await this.#api.report(commentId, reason);
  }

  /**
   * Sends an image, to be named in a `post`: PNG, JPEG, GIF or WebP, at most 5 MiB.
   *
   * @param {Blob} file
   * @param {import("./client/media_api.js").UploadOptions} [options]
   * @returns {Promise<Media>}
   * @throws {Problem}
   */
  async upload(file, options = {}) {
    return this.#media.upload(file, options);
  }

  /**
   * An image's address.
   *
   * @param {string} mediaId
   * @returns {string}
   */
  mediaUrl(mediaId) {
    return this.#media.url(mediaId);
  }

  /**
   * A page of older comments, oldest first: those nearest to `before` and strictly older.
   *
   * @param {string | null} before  a comment's id; null for the newest page
   * @param {number} [pageSize]     1 to 200
   * @returns {Promise<CommentPage>}
   * @throws {Problem}
   */
  async older(before, pageSize = 50) {
    const signal = this.#connection.signal;
    return this.#feed.asTheyStand(
      await this.#api.list({ cursor: before, direction: "before", sort: "asc", pageSize, signal }),
    );
  }

  /**
   * A page of a comment's replies, oldest first.
   *
   * @param {string} commentId
   * @param {{cursor?: string | null, pageSize?: number}} [options]  `cursor`: the `nextCursor` of the page before
   * @returns {Promise<CommentPage>}
   * @throws {Problem}
   */
  async replies(commentId, options = {}) {
    return this.#feed.asTheyStand(await this.#api.replies(commentId, options, this.#connection.signal));
  }

  /** Tries to connect at once, where it waits: somebody has just signed in, perhaps. */
  retry() {
    this.#connection.retry();
  }

  /** Ends the connection for good. Idempotent. */
  close() {
    this.#connection.end("closed");
  }

  /** @returns {Object<string, string>} */
  #position() {
    const { lastEventId } = this.#feed;
    if (lastEventId !== null) return { lastEventId };
    // Back at a video where nobody had commented before: all that is there now was missed.
    const missedAll = this.#connection.beenLive && this.#backlog > 0;
    return { backlog: String(missedAll ? MAX_BACKLOG : this.#backlog) };
  }

  /**
   * @param {SseMessage} message
   * @param {AbortSignal} signal
   */
  async #receive({ event, data }, signal) {
    const payload = parsed(data);
    if (payload === null) return;
    if (event === "ticket") this.#keep(payload);
    else await this.#feed.take(event, payload, signal);
    if (event === "reconnect") this.#connection.comeBackIn(payload.afterMs);
    if (event === "end") this.#connection.end("ended");
  }

  /**
   * Of tickets that come again with a part of the stream, the one that lasts longest is the newest.
   *
   * @param {{ticket: string, expiresAt: string}} ticket
   */
  #keep(ticket) {
    if (this.#ticket === null || ticket.expiresAt > this.#ticket.expiresAt) this.#ticket = ticket;
  }
}

/**
 * The object in `data`. One malformed event is passed over: giving the stream up would bring it again on the resume.
 *
 * @param {string} data
 * @returns {any}
 */
function parsed(data) {
  try {
    const payload = JSON.parse(data);
    return typeof payload === "object" ? payload : null;
  } catch {
    return null;
  }
}
