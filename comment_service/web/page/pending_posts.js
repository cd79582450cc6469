import { newIdempotencyKey } from "../client/idempotency_key.js";
import { Problem } from "../client/problem.js";
import { Countdown } from "./countdown.js";
import { copyOf, part } from "./elements.js";
import { explain } from "./explain.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("./composer.js").Draft} Draft */

/** So many unsent comments at most; then the composer keeps its text. */
const LIMIT = 10;

/** The comments of this page that the server has not confirmed: on their way, or failed and waiting for a word. */
export class PendingPosts {
  #list;
  #template;
  #options;
  /** Oldest first. @type {PendingPost[]} */
  #posts = [];

  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLTemplateElement} options.template
   * @param {(draft: Draft, idempotencyKey: string) => Promise<Comment>} options.post
   * @param {(comment: Comment) => void} options.posted
   * @param {(problem: Problem) => void} options.failed
   * @param {() => void} options.left  the button that had the focus is gone
   */
  constructor(options) {
    this.#options = options;
    this.#list = options.list;
    this.#template = options.template;
  }

  /**
   * Posts a draft and shows it until the server has it.
   *
   * @param {Draft} draft
   * @returns {boolean} false when too many wait already
   */
  add(draft) {
    if (this.#posts.length >= LIMIT) return false;
    const post = new PendingPost(this.#template, draft);
    post.retry.addEventListener("click", () => {
      void this.#send(post);
      this.#options.left();
    });
    post.discard.addEventListener("click", () => {
      this.#drop(post);
      this.#options.left();
    });
    this.#posts.push(post);
    this.#list.append(post.element);
    void this.#send(post);
    return true;
  }

  /**
   * A comment of this person's came by the stream, and by no answer so far. One on its way with the same words may be
   * it, so the two are not shown side by side; whether it is, its answer's id says. Where an answer was lost the words
   * have to do.
   *
   * @param {Comment} comment
   */
  arrived({ content }) {
    const likely = this.#posts.filter((post) => post.maySay(content));
    const onItsWay = likely.find(({ sending }) => sending);
    if (onItsWay) onItsWay.showArrived();
    else if (likely.length > 0) this.#drop(likely[0]);
  }

  /** @param {PendingPost} post */
  async #send(post) {
    post.showSending();
    try {
      const comment = await this.#options.post(post.draft, post.idempotencyKey);
      this.#drop(post);
      this.#options.posted(comment);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, "Something went wrong");
      post.showFailure(problem);
      if (post.arrived && post.mayBeStored) this.#drop(post);
      this.#options.failed(problem);
    }
  }

  /** @param {PendingPost} post */
  #drop(post) {
    this.#posts = this.#posts.filter((other) => other !== post);
    post.countdown.stop();
    post.element.remove();
  }
}

class PendingPost {
  sending = true;
  /** On its way, or failed in a way that leaves open whether the server has it. */
  mayBeStored = true;
  /** What came by the stream may be it. */
  arrived = false;
  /** The same for each attempt, so that a comment whose answer got lost is not stored twice. */
  idempotencyKey = newIdempotencyKey();
  /** Until it may be tried again. */
  countdown = new Countdown((seconds) => this.#showWait(seconds));

  #status;
  #wait;

  /**
   * @param {HTMLTemplateElement} template
   * @param {Draft} draft
   */
  constructor(template, draft) {
    this.draft = draft;
    this.element = copyOf(template);
    this.retry = /** @type {HTMLButtonElement} */ (this.element.querySelector(".pending__retry"));
    this.discard = /** @type {HTMLButtonElement} */ (this.element.querySelector(".pending__discard"));
    this.#status = part(this.element, ".pending__status");
    this.#wait = part(this.element, ".pending__wait");
    const text = part(this.element, ".comment__content");
    text.textContent = draft.content;
    const images = draft.media.length === 0 ? "" : draft.media.length === 1 ? "1 image" : `${draft.media.length} images`;
    part(this.element, ".pending__images").textContent = images;
  }

  /**
   * Whether a comment with that content, as the server has it, may be this one.
   *
   * @param {string} content
   */
  maySay(content) {
    return this.mayBeStored && !this.arrived && this.draft.content.normalize() === content;
  }

  showSending() {
    this.mayBeStored = true;
    this.arrived = false;
    this.#show(true, "Sending…");
  }

  showArrived() {
    this.arrived = true;
    this.element.hidden = true;
  }

  /** @param {Problem} problem */
  showFailure(problem) {
    this.mayBeStored = problem.status === 0 || problem.status >= 500;
    this.#show(false, `Not sent: ${explain(problem)}`);
    if (problem.status === 429 && problem.retryAfterMs) this.countdown.start(problem.retryAfterMs);
  }

  /** @param {number} seconds */
  #showWait(seconds) {
    this.#wait.textContent = seconds === 0 ? "" : `${seconds} s`;
    this.retry.disabled = seconds > 0;
  }

  /**
   * @param {boolean} sending
   * @param {string} status
   */
  #show(sending, status) {
    this.sending = sending;
    this.element.hidden = false;
    this.element.classList.toggle("pending--failed", !sending);
    this.#status.textContent = status;
    this.retry.hidden = sending;
    this.discard.hidden = sending;
  }
}
