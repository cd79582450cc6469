import { attachImages } from "./attach_images.js";
import { Countdown } from "./countdown.js";
import { part } from "./elements.js";
import { graphemes } from "./graphemes.js";
import { ImageTray } from "./image_tray.js";
import { MAX_CHARACTERS, sends } from "./writing.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/comments_api.js").Media} Media */

/**
 * What is about to be posted.
 *
 * @typedef {object} Draft
 * @property {string} content
 * @property {Comment | null} replyTo
 * @property {Media[]} media
 */

/** From here on the counter shows. */
const COUNT_FROM = 400;

/** Where a comment is written: Enter sends it, Shift and Enter begin a new line, Escape leaves a reply. */
export class Composer {
  #form;
  #text;
  #counter;
  #send;
  #note;
  #wait;
  #reply;
  #submit;
  #tray;
  #countdown = new Countdown((seconds) => this.#showWait(seconds));
  /** @type {Comment | null} */
  #replyTo = null;

  /**
   * @param {HTMLFormElement} form
   * @param {object} options
   * @param {HTMLElement} options.dropArea  where images may be dropped
   * @param {(draft: Draft) => boolean} options.submit  takes a comment, or not (false): then the text stays
   * @param {ConstructorParameters<typeof ImageTray>[1]["upload"]} options.upload
   */
  constructor(form, { dropArea, submit, upload }) {
    this.#form = form;
    this.#submit = submit;
    this.#text = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
    this.#counter = this.#part(".composer__counter");
    this.#send = this.#part("button[type=submit]");
    this.#note = this.#part(".composer__note");
    this.#wait = this.#part(".composer__wait");
    this.#reply = this.#part(".composer__reply");
    this.#tray = new ImageTray(this.#part(".tray"), {
      upload,
      changed: () => this.#update(),
      refused: (text) => this.note(text),
    });
    attachImages({
      button: this.#part(".composer__attach"),
      input: /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]")),
      dropArea,
      field: this.#text,
      add: (files) => this.#attach(files),
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#trySend();
    });
    this.#text.addEventListener("input", () => this.#onInput());
    this.#text.addEventListener("keydown", (event) => this.#onKey(event));
    this.#part(".composer__unreply").addEventListener("click", () => this.replyTo(null));
    this.#update();
  }

  focus() {
    this.#text.focus();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.#form.hidden = !shown;
    if (!shown) this.#tray.clear();
    this.#grow();
  }

  /**
   * What is written answers that comment; null: nothing.
   *
   * @param {Comment | null} comment
   */
  replyTo(comment) {
    this.#replyTo = comment;
    this.#reply.hidden = comment === null;
    this.#part(".composer__answered").textContent = comment?.authorName ?? "";
    this.#part(".composer__answered-content").textContent = comment?.content ?? "";
    this.focus();
  }

  /**
   * The next comment has to wait.
   *
   * @param {number} ms
   */
  hold(ms) {
    this.#countdown.start(ms);
  }

  /**
   * @param {number} seconds  between two comments of one user; 0: no slow mode
   */
  slowed(seconds) {
    const slow = this.#part(".composer__slow");
    slow.hidden = seconds === 0;
    slow.textContent = `Slow mode: one comment every ${seconds} s`;
  }

  /** @param {string} text  a line above the field */
  note(text) {
    this.#note.textContent = text;
  }

  /** @param {File[]} files */
  #attach(files) {
    if (this.#form.hidden) return;
    this.note("");
    this.#tray.add(files);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === "Escape" && this.#replyTo !== null) this.replyTo(null);
    if (!sends(event)) return;
    event.preventDefault();
    this.#trySend();
  }

  #trySend() {
    const content = this.#text.value.trim();
    if (content === "" && !this.#tray.empty) this.#askForWords();
    if (content === "" || this.#tooLong(content) || !this.#tray.ready || this.#countdown.running) return;
    if (!this.#submit({ content, replyTo: this.#replyTo, media: this.#tray.media })) return;
    this.#text.value = "";
    this.note("");
    this.#tray.clear();
    this.replyTo(null);
    this.#update();
  }

  /** A comment has content; images go with it. */
  #askForWords() {
    this.note("An image needs a few words, too.");
    this.focus();
  }

  #onInput() {
    this.note("");
    this.#update();
  }

  #update() {
    const content = this.#text.value.trim();
    const count = graphemes(content).length;
    const tooLong = count > MAX_CHARACTERS;
    const blocked = tooLong || content === "" || !this.#tray.ready || this.#countdown.running;
    this.#text.placeholder = this.#tray.empty ? "Say something…" : "Say something with it…";
    this.#counter.textContent = count >= COUNT_FROM ? `${count}/${MAX_CHARACTERS}` : "";
    this.#counter.classList.toggle("composer__counter--over", tooLong);
    this.#text.setAttribute("aria-invalid", String(tooLong));
    this.#send.setAttribute("aria-disabled", String(blocked));
    this.#grow();
  }

  /** @param {number} seconds */
  #showWait(seconds) {
    this.#wait.hidden = seconds === 0;
    this.#wait.textContent = `${seconds} s`;
    this.#update();
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  /** @param {string} content */
  #tooLong(content) {
    return graphemes(content).length > MAX_CHARACTERS;
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #part(selector) {
    return part(this.#form, selector);
  }
}
