import { part } from "./elements.js";
import { explain } from "./explain.js";

/**
 * A dialog with a form: stays open until what was asked for is done, and says why where it cannot be. Escape and the
 * button marked `data-cancel` leave it.
 */
export class FormDialog {
  #act = async (/** @type {FormData} */ _data) => {};
  #saysItself = (/** @type {unknown} */ _error) => false;
  #problem;

  /** @param {HTMLDialogElement} element */
  constructor(element) {
    /** @readonly */
    this.element = element;
    /** @readonly */
    this.form = /** @type {HTMLFormElement} */ (element.querySelector("form"));
    this.#problem = part(element, ".dialog__problem");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    for (const button of element.querySelectorAll("[data-cancel]")) {
      button.addEventListener("click", () => element.close());
    }
    // Nothing of what was typed stays in a form that nobody sees.
    element.addEventListener("close", () => this.form.reset());
    // A click on what is behind it: the dialog's own box is covered by its form.
    element.addEventListener("click", ({ target }) => target === element && element.close());
  }

  /**
   * @param {(data: FormData) => Promise<void>} act
   * @param {(error: unknown) => boolean} [saysItself]  what the caller says of it: then nothing is said here
   */
  open(act, saysItself = () => false) {
    this.#act = act;
    this.#saysItself = saysItself;
    this.#problem.textContent = "";
    this.form.reset();
    this.element.showModal();
  }

  async #submit() {
    if (this.form.getAttribute("aria-busy") === "true") return;
    this.form.setAttribute("aria-busy", "true");
    this.#problem.textContent = "";
    try {
      await this.#act(new FormData(this.form));
      this.element.close();
    } catch (error) {
      if (!this.#saysItself(error)) this.#problem.textContent = `Not done: ${explain(error)}.`;
    } finally {
      this.form.removeAttribute("aria-busy");
    }
  }
}
