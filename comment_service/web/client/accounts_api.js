/** Signing in: accounts of the server's own, and the names alone that it may give for development. */

import { Requests } from "./requests.js";

/**
 * @typedef {object} User
 * @property {string} userId
 * @property {string} name
 * @property {string[]} roles
 */

/**
 * @typedef {object} SignedIn
 * @property {User} user
 * @property {string} token
 * @property {string} expiresAt
 */

/**
 * @typedef {object} Offers
 * @property {boolean} accounts   register and log in
 * @property {boolean} devTokens  a name alone is enough
 */

export class Accounts {
  #requests;

  /** @param {import("./requests.js").Access} [access] */
  constructor(access = {}) {
    this.#requests = new Requests(access);
  }

  /**
   * What the server offers.
   *
   * @returns {Promise<Offers>}
   */
  async offers() {
    return this.#requests.read("auth");
  }

  /**
   * @param {string} username
   * @param {string} password
   * @returns {Promise<SignedIn>}
   * @throws {import("./problem.js").Problem} 409 where the name is taken, 404 where there are no accounts
   */
  async register(username, password) {
    return this.#requests.send("POST", "auth/register", { body: { username, password } });
  }

  /**
   * @param {string} username
   * @param {string} password
   * @returns {Promise<SignedIn>}
   * @throws {import("./problem.js").Problem} 401, 429 after too many attempts, 404 where there are no accounts
   */
  async login(username, password) {
    return this.#requests.send("POST", "auth/login", { body: { username, password } });
  }

  /**
   * A new viewer of that name, without a password; for development.
   *
   * @param {string} name
   * @returns {Promise<SignedIn>}
   */
  async join(name) {
    return this.#requests.send("POST", "auth/dev-token", { body: { name } });
  }

  /**
   * Of whom the token speaks for. Tokens that there are stay good until they expire.
   *
   * @param {string} password     the one until now
   * @param {string} newPassword  8 to 128 characters
   * @returns {Promise<SignedIn>}
   * @throws {import("./problem.js").Problem} 403 where `password` is wrong, 429 after too many attempts, 404 where the
   *   user has no account here
   */
  async changePassword(password, newPassword) {
    return this.#requests.send("POST", "auth/password", { body: { password, newPassword } });
  }

  /** Takes the cookie away. The token itself is good until it expires: forget it. */
  async logout() {
    await this.#requests.send("POST", "auth/logout");
  }
}
