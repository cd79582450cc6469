import { Problem } from "../client/problem.js";

/** @typedef {import("./session.js").Session} Session */

/** Asks for a name. Where the server offers no such sign-in, it says so and the page is for reading. */
export class SignInForm {
  #form;
  #name;
  #message;
  #session;
  #signedIn;

  /**
   * @param {HTMLFormElement} form
   * @param {Session} session
   * @param {() => void} signedIn
   */
  constructor(form, session, signedIn) {
    this.#form = form;
    this.#session = session;
    this.#signedIn = signedIn;
    this.#name = /** @type {HTMLInputElement} */ (form.querySelector("input"));
    this.#message = /** @type {HTMLElement} */ (form.querySelector(".sign-in__message"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /**
   * @param {boolean} shown
   * @param {string} [message]
   */
  show(shown, message = "") {
    this.#form.hidden = !shown;
    this.#message.textContent = message;
  }

  async #submit() {
    const name = this.#name.value.trim();
    if (name === "") {
      this.#message.textContent = "Please give a name.";
      this.#name.focus();
      return;
    }
    this.#message.textContent = "";
    this.#form.setAttribute("aria-busy", "true");
    try {
      await this.#session.signIn(name);
      this.#signedIn();
    } catch (error) {
      this.#message.textContent = explain(error);
    } finally {
      this.#form.removeAttribute("aria-busy");
    }
  }
}

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof Problem)) return "Something went wrong. Try again.";
  if (error.status === 404) return "Signing in by name is not offered here. You can read along.";
  return `${error.detail}. Try again.`;
}
