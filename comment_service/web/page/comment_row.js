import { hue, initials } from "./avatar.js";
import { fullTime, relativeTime } from "./relative_time.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */

/** Lines beyond this stay folded until asked for: a wall of newlines must not push everyone else off the page. */
const FOLD_LINES = 8;

/** One comment on the page. Replies, reactions and images get their place in `.comment__body`. */
export class CommentRow {
  #own;
  #content;
  #time;
  #edited;
  #fold;
  #createdAt;

  /**
   * @param {HTMLTemplateElement} template
   * @param {Comment} comment
   * @param {boolean} own  written by the person at this page
   */
  constructor(template, comment, own) {
    const fragment = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    /** @readonly */
    this.element = /** @type {HTMLElement} */ (fragment.firstElementChild);
    this.comment = comment;
    this.#own = own;
    this.#createdAt = new Date(comment.createdAt);
    this.#content = part(this.element, ".comment__content");
    this.#time = /** @type {HTMLTimeElement} */ (part(this.element, "time"));
    this.#edited = part(this.element, ".comment__edited");
    this.#fold = part(this.element, ".comment__fold");
    this.#fold.addEventListener("click", () => this.#setFolded(this.#fold.getAttribute("aria-expanded") === "true"));
    this.#fill();
  }

  /**
   * Shows the comment as it now stands.
   *
   * @param {Comment} comment
   */
  update(comment) {
    this.comment = comment;
    this.#fill();
  }

  /** @param {Date} now */
  tick(now) {
    const text = relativeTime(this.#createdAt, now);
    if (this.#time.textContent !== text) this.#time.textContent = text;
  }

  #fill() {
    const { commentId, authorId, authorName, content, createdAt, editedAt } = this.comment;
    const author = part(this.element, ".comment__author");
    const avatar = part(this.element, ".avatar");
    this.element.dataset.commentId = commentId;
    this.element.dataset.hue = String(hue(authorId));
    this.element.classList.toggle("comment--own", this.#own);
    avatar.textContent = initials(authorName);
    author.textContent = authorName;
    // Text, never markup: nothing that a viewer wrote is ever parsed as HTML.
    this.#content.textContent = content;
    this.#time.dateTime = createdAt;
    this.#time.title = fullTime(this.#createdAt);
    this.#edited.hidden = editedAt === null;
    part(this.element, ".comment__you").hidden = !this.#own;
    this.#fold.hidden = content.split("\n", FOLD_LINES + 1).length <= FOLD_LINES;
    this.#setFolded(!this.#fold.hidden);
    this.tick(new Date());
  }

  /** @param {boolean} folded */
  #setFolded(folded) {
    this.#content.classList.toggle("comment__content--folded", folded);
    this.#fold.setAttribute("aria-expanded", String(!folded));
    this.#fold.textContent = folded ? "Show more" : "Show less";
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} selector
 */
function part(element, selector) {
  return /** @type {HTMLElement} */ (element.querySelector(selector));
}
