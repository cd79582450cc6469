import { newIdempotencyKey } from "../client/idempotency_key.js";
import { Problem } from "../client/problem.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */

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
   * @param {(content: string, idempotencyKey: string) => Promise<Comment>} options.post
   * @param {(comment: Comment) => void} options.posted
   * @param {(problem: Problem) => void} options.failed
   */
  constructor(options) {
    this.#options = options;
    this.#list = options.list;
    this.#template = options.template;
  }

  /**
   * Posts `content` and shows it until the server has it.
   *
   * @param {string} content
   * @returns {boolean} false when too many wait already
   */
  add(content) {
    if (this.#posts.length >= LIMIT) return false;
    const post = new PendingPost(this.#template, content);
    post.retry.addEventListener("click", () => void this.#send(post));
    post.discard.addEventListener("click", () => this.#drop(post));
    this.#posts.push(post);
    this.#list.append(post.element);
    void this.#send(post);
    return true;
  }

  /**
   * A comment of this person's came by the stream, perhaps before the answer to its post, or although that answer was
   * lost: it is no longer pending.
   *
   * @param {Comment} comment
   */
  arrived({ content }) {
    const post = this.#posts.find(({ mayBeStored, content: sent }) => mayBeStored && sent.normalize() === content);
    if (!post) return;
    post.arrived = true;
    this.#drop(post);
  }

  /** @param {PendingPost} post */
  async #send(post) {
    post.showSending();
    try {
      const comment = await this.#options.post(post.content, post.idempotencyKey);
      this.#drop(post);
      this.#options.posted(comment);
    } catch (error) {
      if (post.arrived) return;
      const problem = error instanceof Problem ? error : new Problem(0, "Something went wrong");
      post.showFailure(problem);
      this.#options.failed(problem);
    }
  }

  /** @param {PendingPost} post */
  #drop(post) {
    this.#posts = this.#posts.filter((other) => other !== post);
    post.element.remove();
  }
}

class PendingPost {
  /** On its way, or failed in a way that leaves open whether the server has it. */
  mayBeStored = true;
  /** It came by the stream. */
  arrived = false;
  /** The same for each attempt, so that a comment whose answer got lost is not stored twice. */
  idempotencyKey = newIdempotencyKey();

  #status;

  /**
   * @param {HTMLTemplateElement} template
   * @param {string} content
   */
  constructor(template, content) {
    const fragment = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.content = content;
    this.element = /** @type {HTMLElement} */ (fragment.firstElementChild);
    this.retry = /** @type {HTMLButtonElement} */ (this.element.querySelector(".pending__retry"));
    this.discard = /** @type {HTMLButtonElement} */ (this.element.querySelector(".pending__discard"));
    this.#status = /** @type {HTMLElement} */ (this.element.querySelector(".pending__status"));
    const text = /** @type {HTMLElement} */ (this.element.querySelector(".comment__content"));
    text.textContent = content;
  }

  showSending() {
    this.mayBeStored = true;
    this.#show(true, "Sending…");
  }

  /** @param {Problem} problem */
  showFailure(problem) {
    this.mayBeStored = problem.status === 0 || problem.status >= 500;
    this.#show(false, `Not sent: ${explain(problem)}`);
  }

  /**
   * @param {boolean} sending
   * @param {string} status
   */
  #show(sending, status) {
    this.element.classList.toggle("pending--failed", !sending);
    this.#status.textContent = status;
    this.retry.hidden = sending;
    this.discard.hidden = sending;
  }
}

/** @param {Problem} problem */
function explain({ status, detail, retryAfterMs }) {
  if (status === 0) return "no connection";
  if (status === 401) return "please sign in again";
  if (status === 403) return "you may not comment here";
  if (status === 409) return "the video has ended";
  if (status === 429) return `too fast, wait ${retryAfterMs ? `${Math.ceil(retryAfterMs / 1000)} s` : "a moment"}`;
  if (status >= 500) return "the server is busy, try again";
  return detail;
}
