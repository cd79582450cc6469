import { LiveComments } from "../livecomments.js";
import { Announcer } from "./announcer.js";
import { ChatLog } from "./chat_log.js";
import { Composer } from "./composer.js";
import { ConnectionBadge } from "./connection_badge.js";
import { PendingPosts } from "./pending_posts.js";
import { SignInForm } from "./sign_in_form.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("./session.js").Session} Session */

/** Comments that arrive so soon after the first connection are the backlog, and not announced. */
const BACKLOG_MS = 1_500;
const TICK_MS = 10_000;
/** Of what a long absence missed, the newest are wanted; scrolling up brings the rest. */
const MAX_CATCH_UP = 1_000;

/** The page of one video: its live comments, and the person who reads and writes them. */
export class Watch {
  #session;
  #live;
  #log;
  #pending;
  #composer;
  #signIn;
  #announcer = new Announcer(byId("announcements"));
  #badge = new ConnectionBadge(byId("connection"));
  #title;
  #ended = false;
  #unread = 0;
  /** @type {number | null} */
  #liveSince = null;

  /**
   * @param {string} liveVideoId
   * @param {Session} session
   * @param {URL} baseUrl
   */
  constructor(liveVideoId, session, baseUrl) {
    this.#session = session;
    this.#title = `${liveVideoId} · livecomments`;
    this.#live = new LiveComments(liveVideoId, { baseUrl, token: () => session.token, maxCatchUp: MAX_CATCH_UP });
    this.#log = new ChatLog({
      scroller: byId("log"),
      list: byId("comments"),
      template: /** @type {HTMLTemplateElement} */ (byId("comment-template")),
      older: (before) => this.#live.older(before),
      isOwn: (comment) => comment.authorId === session.user?.userId,
      changed: () => this.#showLog(),
    });
    this.#pending = new PendingPosts({
      list: byId("pending"),
      template: /** @type {HTMLTemplateElement} */ (byId("pending-template")),
      post: (content, idempotencyKey) => this.#live.post(content, { idempotencyKey }),
      posted: (comment) => this.#log.add(comment),
      failed: ({ status }) => status === 401 && this.#signOut("You have been signed out. Sign in again."),
    });
    this.#composer = new Composer(/** @type {HTMLFormElement} */ (byId("composer")), (content) => this.#post(content));
    this.#signIn = new SignInForm(/** @type {HTMLFormElement} */ (byId("sign-in")), session, () => this.#signedIn());
    byId("video-title").textContent = liveVideoId;
    this.#listen();
    this.#showWho();
    this.#showTitle();
  }

  #listen() {
    this.#live.on("comment", (comment) => this.#onComment(comment));
    this.#live.on("edit", (comment) => this.#log.replace(comment));
    this.#live.on("delete", ({ commentId }) => this.#log.remove(commentId));
    this.#live.on("gap", () => this.#log.tear());
    this.#live.on("viewers", ({ count }) => this.#showViewers(count));
    this.#live.on("end", () => this.#onEnd());
    this.#live.on("state", (change) => {
      this.#badge.show(change);
      if (change.state === "live") this.#liveSince ??= performance.now();
      this.#showLog();
    });
    byId("older").addEventListener("click", () => void this.#log.loadOlder());
    byId("newest").addEventListener("click", () => {
      this.#log.follow();
      byId("log").focus({ preventScroll: true });
    });
    byId("sign-out").addEventListener("click", () => this.#signOut());
    document.addEventListener("visibilitychange", () => {
      this.#unread = 0;
      this.#showTitle();
    });
    setInterval(() => this.#log.tick(new Date()), TICK_MS);
  }

  /** @param {Comment} comment */
  #onComment(comment) {
    const own = comment.authorId === this.#session.user?.userId;
    if (own) this.#pending.arrived(comment);
    if (!this.#log.add(comment) || own) return;
    const backlog = this.#liveSince === null || performance.now() - this.#liveSince < BACKLOG_MS;
    if (!backlog) this.#announcer.comment(comment);
    if (!backlog && document.hidden) {
      this.#unread += 1;
      this.#showTitle();
    }
  }

  /** @param {string} content */
  #post(content) {
    if (this.#ended || !this.#pending.add(content)) return false;
    this.#log.follow();
    return true;
  }

  #signedIn() {
    this.#showWho();
    this.#composer.focus();
  }

  /** @param {string} [message] */
  #signOut(message) {
    this.#session.signOut();
    this.#showWho(message);
  }

  #onEnd() {
    this.#ended = true;
    document.body.classList.add("ended");
    this.#showWho();
  }

  /** @param {string} [message] */
  #showWho(message) {
    const { user } = this.#session;
    this.#composer.show(user !== null && !this.#ended);
    this.#signIn.show(user === null && !this.#ended, message);
    byId("ended").hidden = !this.#ended;
    byId("who").hidden = user === null;
    byId("who-name").textContent = user?.name ?? "";
  }

  #showLog() {
    const { following, unseen, olderState, fromBeginning, empty } = this.#log;
    const older = byId("older");
    older.hidden = empty || fromBeginning;
    older.textContent = { idle: "Older comments", loading: "Loading…", failed: "Could not load. Try again" }[olderState];
    byId("beginning").hidden = empty || !fromBeginning;
    byId("nothing").hidden = !empty || this.#liveSince === null;
    byId("newest").hidden = following;
    byId("newest-label").textContent =
      unseen === 0 ? "Newest" : unseen === 1 ? "1 new comment" : `${unseen} new comments`;
  }

  /** @param {number} count */
  #showViewers(count) {
    byId("viewers").hidden = false;
    byId("viewers-count").textContent = count.toLocaleString("en");
  }

  #showTitle() {
    document.title = this.#unread > 0 ? `(${this.#unread}) ${this.#title}` : this.#title;
  }
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
