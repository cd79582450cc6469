import { Problem } from "../client/problem.js";
import { part } from "./elements.js";
import { FormDialog } from "./form_dialog.js";

/** The password until now and the one from now on; what is wrong with either is said beside it. */
export class PasswordDialog {
  #dialog;
  #session;

  /**
   * @param {HTMLDialogElement} element
   * @param {import("./session.js").Session} session
   */
  constructor(element, session) {
    this.#dialog = new FormDialog(element);
    this.#session = session;
  }

  /** @param {() => void} changed */
  open(changed) {
    const { accounts, user } = this.#session;
    // For whoever keeps the passwords: whose it is.
    this.#input("username").defaultValue = user?.name ?? "";
    this.#clear();
    this.#dialog.open(
      async (data) => {
        this.#clear();
        this.#session.signIn(await accounts.changePassword(String(data.get("password")), String(data.get("newPassword"))));
        changed();
      },
      (error) => this.#saysBeside(error),
    );
  }

  /**
   * Whether a field is at fault, which then says so.
   *
   * @param {unknown} error
   */
  #saysBeside(error) {
    if (!(error instanceof Problem)) return false;
    if (error.status === 403) return this.#say("password", "This is not your password.");
    const [, field, problem] = (error.status === 400 && /^(password|newPassword) (.+)$/.exec(error.detail)) || [];
    return field !== undefined && this.#say(field, `It ${problem}.`);
  }

  /**
   * @param {string} field
   * @param {string} text  empty: nothing is wrong with it
   */
  #say(field, text) {
    const input = this.#input(field);
    part(this.#dialog.form, `#${input.getAttribute("aria-describedby")}`).textContent = text;
    input.setAttribute("aria-invalid", String(text !== ""));
    if (text !== "") input.focus();
    return true;
  }

  #clear() {
    for (const field of ["password", "newPassword"]) this.#say(field, "");
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.#dialog.form.elements.namedItem(name));
  }
}
