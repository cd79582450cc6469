import { graphemes } from "./graphemes.js";

/** CONTRACT's limit, in characters as people count them. */
const MAX_CHARACTERS = 500;
/** From here on the counter shows. */
const COUNT_FROM = 400;

/** Where a comment is written: Enter sends it, Shift and Enter begin a new line. */
export class Composer {
  #form;
  #text;
  #counter;
  #send;
  #submit;

  /**
   * @param {HTMLFormElement} form
   * @param {(content: string) => boolean} submit  takes a comment, or not (false): then the text stays
   */
  constructor(form, submit) {
    this.#form = form;
    this.#submit = submit;
    this.#text = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
    this.#counter = /** @type {HTMLElement} */ (form.querySelector(".composer__counter"));
    this.#send = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#trySend();
    });
    this.#text.addEventListener("input", () => this.#update());
    this.#text.addEventListener("keydown", (event) => this.#onKey(event));
    this.#update();
  }

  focus() {
    this.#text.focus();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.#form.hidden = !shown;
    this.#grow();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // While an input method composes, Enter chooses a word; keyCode 229 is how Safari says so.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#trySend();
  }

  #trySend() {
    const content = this.#text.value.trim();
    if (content === "" || this.#tooLong(content) || !this.#submit(content)) return;
    this.#text.value = "";
    this.#update();
  }

  #update() {
    const content = this.#text.value.trim();
    const count = graphemes(content).length;
    const tooLong = count > MAX_CHARACTERS;
    this.#counter.textContent = count >= COUNT_FROM ? `${count}/${MAX_CHARACTERS}` : "";
    this.#counter.classList.toggle("composer__counter--over", tooLong);
    this.#text.setAttribute("aria-invalid", String(tooLong));
    this.#send.setAttribute("aria-disabled", String(tooLong || content === ""));
    this.#grow();
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  /** @param {string} content */
  #tooLong(content) {
    return graphemes(content).length > MAX_CHARACTERS;
  }
}
