import { hue, initials } from "./avatar.js";
import { showImages } from "./comment_images.js";
import { copyOf, part } from "./elements.js";
import { ReactionChips } from "./reaction_chips.js";
import { fullTime, relativeTime } from "./relative_time.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */

/**
 * What a row needs to know besides its comment.
 *
 * @typedef {object} RowContext
 * @property {(comment: Comment) => boolean} isOwn             written by the person at this page
 * @property {(commentId: string) => string | null} ownReaction
 * @property {(commentId: string) => number} replyCount
 * @property {(commentId: string) => Comment | undefined} find a comment on the page
 * @property {(mediaId: string) => string} mediaUrl
 */

/** Lines beyond this stay folded until asked for: a wall of newlines must not push everyone else off the page. */
const FOLD_LINES = 8;
const QUOTE_CHARACTERS = 80;

/** One comment on the page, in the log or in a thread. What its buttons do is decided where their clicks are heard. */
export class CommentRow {
  /** @type {WeakMap<Element, CommentRow>} */
  static #byElement = new WeakMap();

  #context;
  #content;
  #time;
  #fold;
  #chips;
  #createdAt;
  /** @type {Comment["media"] | null} */
  #shownMedia = null;
  #inThread;

  /**
   * The row that an element is in.
   *
   * @param {EventTarget | null} element
   * @returns {CommentRow | null}
   */
  static of(element) {
    const row = element instanceof Element ? element.closest(".comment") : null;
    return (row && CommentRow.#byElement.get(row)) ?? null;
  }

  /**
   * @param {HTMLTemplateElement} template
   * @param {Comment} comment
   * @param {RowContext} context
   * @param {boolean} [inThread]  under the comment that began the thread, so it need not say what it answers
   */
  constructor(template, comment, context, inThread = false) {
    /** @readonly */
    this.element = copyOf(template);
    CommentRow.#byElement.set(this.element, this);
    this.comment = comment;
    this.#context = context;
    this.#inThread = inThread;
    this.#createdAt = new Date(comment.createdAt);
    this.#content = this.part(".comment__content");
    this.#time = /** @type {HTMLTimeElement} */ (this.part("time"));
    this.#fold = this.part(".comment__fold");
    this.#fold.addEventListener("click", () => this.#setFolded(this.#fold.getAttribute("aria-expanded") === "true"));
    this.#chips = new ReactionChips(this.part(".comment__reactions"));
    this.#fill();
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  part(selector) {
    return part(this.element, selector);
  }

  /**
   * Shows the comment as it now stands.
   *
   * @param {Comment} comment
   */
  update(comment) {
    const sameContent = comment.content === this.comment.content && comment.editedAt === this.comment.editedAt;
    this.comment = comment;
    if (sameContent) this.refresh();
    else this.#fill();
  }

  /** Shows anew what may have changed around the comment: whose it is, reactions, replies. */
  refresh() {
    const { commentId, replyTo, reactions } = this.comment;
    const own = this.#context.isOwn(this.comment);
    this.element.classList.toggle("comment--own", own);
    this.part(".comment__you").hidden = !own;
    this.#chips.show(reactions, this.#context.ownReaction(commentId));
    this.#showQuote(replyTo);
    this.#showReplies(commentId);
  }

  /** @param {Date} now */
  tick(now) {
    const text = relativeTime(this.#createdAt, now);
    if (this.#time.textContent !== text) this.#time.textContent = text;
  }

  #fill() {
    const { commentId, authorId, authorName, content, createdAt, editedAt, media } = this.comment;
    this.element.dataset.commentId = commentId;
    this.element.dataset.hue = String(hue(authorId));
    this.part(".avatar").textContent = initials(authorName);
    this.part(".comment__author").textContent = authorName;
    // Text, never markup: nothing that a viewer wrote is ever parsed as HTML.
    this.#content.textContent = content;
    this.#time.dateTime = createdAt;
    this.#time.title = fullTime(this.#createdAt);
    const edited = this.part(".comment__edited");
    edited.hidden = editedAt === null;
    edited.title = editedAt === null ? "" : fullTime(new Date(editedAt));
    this.#fold.hidden = content.split("\n", FOLD_LINES + 1).length <= FOLD_LINES;
    this.#setFolded(!this.#fold.hidden);
    // An edit brings the same images as a new list; they must not flicker.
    if (JSON.stringify(media) !== JSON.stringify(this.#shownMedia)) {
      showImages(this.part(".images"), this.comment, this.#context.mediaUrl);
      this.#shownMedia = media;
    }
    this.tick(new Date());
    this.refresh();
  }

  /** @param {string | null} replyTo */
  #showQuote(replyTo) {
    const quote = this.part(".comment__quote");
    quote.hidden = replyTo === null || this.#inThread;
    if (quote.hidden || replyTo === null) return;
    const answered = this.#context.find(replyTo);
    const text = answered ? `${answered.authorName}: ${answered.content}` : "an earlier comment";
    this.part(".comment__quoted").textContent = text.slice(0, QUOTE_CHARACTERS);
  }

  /** @param {string} commentId */
  #showReplies(commentId) {
    const count = this.#context.replyCount(commentId);
    const toggle = this.part(".comment__replies");
    const open = toggle.getAttribute("aria-expanded") === "true";
    toggle.hidden = count === 0 && !open;
    this.part(".comment__replies-label").textContent = count === 1 ? "1 reply" : `${count} replies`;
  }

  /** @param {boolean} folded */
  #setFolded(folded) {
    this.#content.classList.toggle("comment__content--folded", folded);
    this.#fold.setAttribute("aria-expanded", String(!folded));
    this.#fold.textContent = folded ? "Show more" : "Show less";
  }
}
