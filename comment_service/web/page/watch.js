import { Moderation } from "../client/moderation_api.js";
import { LiveComments } from "../livecomments.js";
import { Announcer } from "./announcer.js";
import { BanDialog } from "./ban_dialog.js";
import { ChatLog } from "./chat_log.js";
import { CommentActions } from "./comment_actions.js";
import { CommentMenu } from "./comment_menu.js";
import { Composer } from "./composer.js";
import { ConnectionBadge } from "./connection_badge.js";
import { explain } from "./explain.js";
import { FormDialog } from "./form_dialog.js";
import { Lightbox } from "./lightbox.js";
import { ModerationDesk } from "./moderation_desk.js";
import { Notice } from "./notice.js";
import { OwnReactions } from "./own_reactions.js";
import { PasswordDialog } from "./password_dialog.js";
import { PendingPosts } from "./pending_posts.js";
import { isModerator } from "./permissions.js";
import { ReactionPicker } from "./reaction_picker.js";
import { SignInForm } from "./sign_in_form.js";
import { SlowMode } from "./slow_mode.js";
import { storage } from "./storage.js";
import { VideoReactions } from "./video_reactions.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/problem.js").Problem} Problem */
/** @typedef {import("../livecomments.js").ReactionKind} ReactionKind */
/** @typedef {import("./session.js").Session} Session */

/** So many comments are asked for at first; fewer may be all that there are. */
const BACKLOG = 100;
/** Comments that arrive so soon after the first connection are the backlog, and not announced. */
const BACKLOG_MS = 1_500;
const TICK_MS = 10_000;
/** Of what a long absence missed, the newest are wanted; scrolling up brings the rest. */
const MAX_CATCH_UP = 1_000;

/** The page of one video: its live comments, and the person who reads and writes them. */
export class Watch {
  #liveVideoId;
  #session;
  #live;
  #log;
  #pending;
  #composer;
  #signIn;
  #slowMode;
  #desk;
  #cheers;
  #notice = new Notice(byId("notice"));
  #announcer = new Announcer(byId("announcements"));
  #badge = new ConnectionBadge(byId("connection"));
  #ended = false;
  #unread = 0;
  #wasLive = false;
  /** Whether what comes was there before the page was opened. */
  #inBacklog = true;

  /**
   * @param {string} liveVideoId
   * @param {Session} session
   * @param {URL} baseUrl
   */
  constructor(liveVideoId, session, baseUrl) {
    this.#liveVideoId = liveVideoId;
    this.#session = session;
    const token = () => session.token;
    const ownReactions = new OwnReactions(storage("localStorage"));
    const moderation = new Moderation({ baseUrl, token });
    const banDialog = new BanDialog(dialog("ban"), moderation);
    this.#live = new LiveComments(liveVideoId, { baseUrl, token, backlog: BACKLOG, maxCatchUp: MAX_CATCH_UP });
    this.#log = new ChatLog({
      scroller: byId("log"),
      list: byId("comments"),
      template: template("comment-template"),
      older: (before, pageSize) => this.#live.older(before, pageSize),
      replies: (commentId, options) => this.#live.replies(commentId, options),
      isOwn: (comment) => comment.authorId === session.user?.userId,
      ownReaction: (commentId) => ownReactions.of(session.user?.userId, commentId),
      mediaUrl: (mediaId) => this.#live.mediaUrl(mediaId),
      changed: () => this.#showLog(),
    });
    this.#pending = new PendingPosts({
      list: byId("pending"),
      template: template("pending-template"),
      post: ({ content, replyTo, media }, idempotencyKey) =>
        this.#live.post(content, {
          idempotencyKey,
          replyTo: replyTo?.commentId,
          media: media.map(({ mediaId }) => mediaId),
        }),
      posted: (comment) => {
        this.#log.add(comment);
        this.#slowMode.posted();
      },
      failed: (problem) => this.#onFailure(problem),
      left: toLog,
    });
    this.#composer = new Composer(form("composer"), {
      dropArea: byId("chat"),
      submit: (draft) => this.#post(draft),
      upload: (file, options) => this.#live.upload(file, options),
    });
    this.#signIn = new SignInForm(form("sign-in"), session, () => this.#signedIn());
    this.#slowMode = new SlowMode({
      read: () => moderation.slowMode(liveVideoId),
      exempt: () => isModerator(session.user),
      composer: this.#composer,
    });
    this.#desk = new ModerationDesk({
      button: byId("moderate"),
      dialog: dialog("desk"),
      confirmEnd: dialog("confirm-end"),
      template: template("report-template"),
      moderation,
      banDialog,
      liveVideoId,
      slowModeChanged: () => void this.#slowMode.refresh(),
    });
    this.#cheers = new VideoReactions(byId("cheers"), byId("sky"), (kind) => this.#cheer(kind));
    new CommentActions({
      scroller: byId("log"),
      live: this.#live,
      log: this.#log,
      session,
      composer: this.#composer,
      ownReactions,
      moderation,
      picker: new ReactionPicker(byId("picker")),
      menu: new CommentMenu(byId("menu")),
      reportDialog: new FormDialog(dialog("report")),
      deleteDialog: new FormDialog(dialog("confirm-delete")),
      banDialog,
      lightbox: new Lightbox(dialog("lightbox")),
      notice: this.#notice,
      editTemplate: template("edit-template"),
      signedIn: () => this.#signedInOrAsked(),
    });
    byId("video-title").textContent = liveVideoId;
    this.#listen();
    this.#showWho();
    this.#showTitle();
  }

  #listen() {
    this.#live.on("comment", (comment) => this.#onComment(comment));
    this.#live.on("edit", (comment) => this.#log.replace(comment));
    this.#live.on("delete", ({ commentId }) => this.#log.remove(commentId) && this.#announcer.removed());
    this.#live.on("reactions", (totals) => this.#onReactions(totals));
    this.#live.on("resync", () => void this.#log.readAgain().catch(() => {}));
    this.#live.on("gap", () => this.#log.tear());
    this.#live.on("viewers", ({ count }) => this.#showViewers(count));
    this.#live.on("end", () => this.#onEnd());
    this.#live.on("state", (change) => {
      this.#badge.show(change);
      if (change.state === "live" && !this.#wasLive) this.#onFirstLive();
      if (change.status === 401 && this.#session.user === null) this.#signIn.show(true, "Sign in to read along.");
      this.#showLog();
    });
    byId("older").addEventListener("click", () => void this.#log.loadOlder());
    byId("newest").addEventListener("click", () => {
      this.#log.follow();
      toLog();
    });
    const passwordDialog = new PasswordDialog(dialog("password"), this.#session);
    byId("change-password").addEventListener("click", () => {
      passwordDialog.open(() => this.#notice.say("Your password is changed."));
    });
    byId("sign-out").addEventListener("click", () => {
      this.#signOut();
      toLog();
    });
    document.addEventListener("visibilitychange", () => {
      this.#unread = 0;
      this.#showTitle();
    });
    setInterval(() => this.#log.tick(new Date()), TICK_MS);
  }

  /** Where the backlog is short, asks whether that is all. Now, and not with the first comment, which all hear at once. */
  #onFirstLive() {
    this.#wasLive = true;
    setTimeout(() => {
      this.#inBacklog = false;
      if (this.#log.size < BACKLOG) void this.#log.loadOlder();
      else this.#showLog();
    }, BACKLOG_MS);
  }

  /** @param {Comment} comment */
  #onComment(comment) {
    const own = comment.authorId === this.#session.user?.userId;
    const backlog = this.#inBacklog;
    // A repeat is what the answer to its post has brought already.
    if (!this.#log.add(comment, !backlog)) return;
    if (own) {
      this.#pending.arrived(comment);
      return;
    }
    if (!backlog) this.#announcer.comment(comment);
    if (!backlog && document.hidden) {
      this.#unread += 1;
      this.#showTitle();
    }
  }

  /** @param {{video?: Object<string, number>, comments?: Object<string, Object<string, number>>}} totals */
  #onReactions({ video, comments = {} }) {
    if (video && Object.keys(video).length > 0) this.#cheers.show(video, !this.#inBacklog);
    for (const [commentId, reactions] of Object.entries(comments)) {
      this.#log.change(commentId, (comment) => ({ ...comment, reactions }));
    }
  }

  /** @param {import("./composer.js").Draft} draft */
  #post(draft) {
    if (this.#ended || !this.#pending.add(draft)) return false;
    this.#log.follow();
    return true;
  }

  /** @param {Problem} problem */
  #onFailure(problem) {
    if (problem.status === 401) this.#signOut("You have been signed out. Sign in again.");
    if (problem.status === 409) this.#onEnd();
    if (problem.status === 429) this.#slowMode.refused(problem.retryAfterMs);
  }

  /** @param {string} kind */
  #cheer(kind) {
    if (!this.#signedInOrAsked()) return false;
    this.#live.reactToVideo(/** @type {ReactionKind} */ (kind)).catch((error) => {
      this.#notice.say(`Your reaction was not taken: ${explain(error)}.`);
    });
    return true;
  }

  #signedInOrAsked() {
    if (this.#session.user !== null) return true;
    this.#signIn.ask("Sign in first.");
    return false;
  }

  #signedIn() {
    this.#showWho();
    this.#composer.focus();
    // Where reading needs a token there was no stream until now.
    if (this.#live.state === "reconnecting") this.#live.retry();
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
    const moderator = isModerator(user);
    this.#composer.show(user !== null && !this.#ended);
    this.#signIn.show(user === null && !this.#ended, message);
    this.#cheers.enable(!this.#ended);
    this.#desk.offer({
      moderator,
      mayEnd: !this.#ended && (moderator || this.#session.mayEnd(this.#liveVideoId)),
    });
    if (user !== null && !this.#ended) void this.#slowMode.refresh();
    this.#log.refresh();
    byId("ended").hidden = !this.#ended;
    byId("who").hidden = user === null;
    byId("change-password").hidden = !this.#session.hasAccount;
    byId("who-name").textContent = user?.name ?? "";
  }

  #showLog() {
    const { following, unseen, olderState, fromBeginning, size } = this.#log;
    const empty = size === 0;
    const older = byId("older");
    const leaves = older === document.activeElement;
    older.hidden = empty || fromBeginning || this.#inBacklog;
    older.textContent = { idle: "Older comments", loading: "Loading…", failed: "Could not load. Try again" }[olderState];
    if (leaves && older.hidden) toLog();
    byId("beginning").hidden = empty || !fromBeginning;
    byId("nothing").hidden = !empty || !this.#wasLive;
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
    const title = `${this.#liveVideoId} · livecomments`;
    document.title = this.#unread > 0 ? `(${this.#unread}) ${title}` : title;
  }
}

/** Where the focus goes when what had it goes. */
function toLog() {
  byId("log").focus({ preventScroll: true });
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function form(id) {
  return /** @type {HTMLFormElement} */ (byId(id));
}

/** @param {string} id */
function dialog(id) {
  return /** @type {HTMLDialogElement} */ (byId(id));
}

/** @param {string} id */
function template(id) {
  return /** @type {HTMLTemplateElement} */ (byId(id));
}
