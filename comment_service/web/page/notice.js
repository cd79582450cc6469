const SHOWN_MS = 6_000;

/** A line that says what came of something, and goes by itself. */
export class Notice {
  #element;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} element  with role="status" */
  constructor(element) {
    this.#element = element;
  }

  /** @param {string} text */
  say(text) {
    clearTimeout(this.#timer);
    this.#element.textContent = text;
    this.#timer = setTimeout(() => (this.#element.textContent = ""), SHOWN_MS);
  }
}
