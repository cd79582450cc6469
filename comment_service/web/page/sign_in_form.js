import { Problem } from "../client/problem.js";
import { button, part } from "./elements.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {"join" | "login" | "register"} Way */

/** @type {Record<Way, {label: string, submit: string, other: [Way, string][]}>} */
const WAYS = {
  join: {
    label: "Your name, to join in",
    submit: "Join",
    other: [["login", "Log in with a password"], ["register", "Register"]],
  },
  login: { label: "Username", submit: "Log in", other: [["register", "Register instead"], ["join", "Just a name"]] },
  register: { label: "Username", submit: "Register", other: [["login", "Log in instead"], ["join", "Just a name"]] },
};

/**
 * Asks who one is, by the ways that the server offers: a name alone (development), or an account. Where it offers
 * none, users come from elsewhere and the page is for reading.
 */
export class SignInForm {
  #form;
  #name;
  #password;
  #message;
  #session;
  #signedIn;
  /** @type {Way} */
  #way = "join";
  /** @type {import("../client/accounts_api.js").Offers | null} */
  #offers = null;

  /**
   * @param {HTMLFormElement} form
   * @param {Session} session
   * @param {() => void} signedIn
   */
  constructor(form, session, signedIn) {
    this.#form = form;
    this.#session = session;
    this.#signedIn = signedIn;
    this.#name = this.#input("name");
    this.#password = this.#input("password");
    this.#message = this.#part(".sign-in__message");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#showWay();
  }

  /**
   * @param {boolean} shown
   * @param {string} [message]
   */
  show(shown, message = "") {
    this.#form.hidden = !shown;
    this.#message.textContent = message;
    if (shown && this.#offers === null) void this.#askForOffers();
  }

  /** @param {string} message  why one should sign in */
  ask(message) {
    if (this.#form.hidden) return;
    this.#message.textContent = message;
    this.#name.focus();
  }

  async #askForOffers() {
    try {
      this.#offers = await this.#session.accounts.offers();
    } catch {
      return; // Then all ways are shown, and the server says which is none.
    }
    if (!this.#offers.devTokens && this.#offers.accounts) this.#way = "login";
    this.#showWay();
  }

  #showWay() {
    const { label, submit, other } = WAYS[this.#way];
    const withPassword = this.#way !== "join";
    const offered = { join: this.#offers?.devTokens ?? true, login: this.#offers?.accounts ?? true };
    const none = !offered.join && !offered.login;
    this.#part(".sign-in__fields").hidden = none;
    this.#part(".sign-in__none").hidden = !none;
    this.#part(".sign-in__label").textContent = label;
    this.#part("button[type=submit]").textContent = submit;
    this.#part(".sign-in__password").hidden = !withPassword;
    this.#password.required = withPassword;
    this.#password.autocomplete = this.#way === "register" ? "new-password" : "current-password";
    this.#name.autocomplete = withPassword ? "username" : "nickname";
    const ways = other.filter(([way]) => offered[way === "join" ? "join" : "login"]);
    this.#part(".sign-in__ways").replaceChildren(...ways.map(([way, text]) => this.#wayButton(way, text)));
  }

  /**
   * @param {Way} way
   * @param {string} text
   */
  #wayButton(way, text) {
    const other = button("link", text);
    other.addEventListener("click", () => {
      this.#way = way;
      this.#message.textContent = "";
      this.#showWay();
      this.#name.focus();
    });
    return other;
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
      this.#session.signIn(await this.#answer(name, this.#password.value), this.#way !== "join");
      this.#password.value = "";
      this.#signedIn();
    } catch (error) {
      this.#message.textContent = this.#explain(error);
    } finally {
      this.#form.removeAttribute("aria-busy");
    }
  }

  /**
   * @param {string} name
   * @param {string} password
   */
  #answer(name, password) {
    const { accounts } = this.#session;
    if (this.#way === "register") return accounts.register(name, password);
    return this.#way === "login" ? accounts.login(name, password) : accounts.join(name);
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof Problem)) return "Something went wrong. Try again.";
    const { status, detail, retryAfterMs } = error;
    if (status === 404) return `${WAYS[this.#way].submit}: not offered here. You can read along.`;
    if (status === 401) return "No such user, or another password.";
    if (status === 409) return "That name is taken.";
    if (status === 429) return `Too many attempts. Wait ${Math.ceil((retryAfterMs ?? 1000) / 1000)} s.`;
    return `${detail}. Try again.`;
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #part(selector) {
    return part(this.#form, selector);
  }
}
