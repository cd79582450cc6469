import { Problem } from "../client/problem.js";

/**
 * @typedef {object} User
 * @property {string} userId
 * @property {string} name
 * @property {string[]} [roles]
 */

const KEY = "livecomments.session";

/** Who is at this page. The token lives as long as the tab, and is nowhere but in it. */
export class Session {
  /** @type {User | null} */
  user = null;
  /** @type {string | null} */
  token = null;

  #baseUrl;
  #storage;

  /**
   * @param {URL} baseUrl
   * @param {import("./storage.js").KeyValueStorage} storage
   */
  constructor(baseUrl, storage) {
    this.#baseUrl = baseUrl;
    this.#storage = storage;
    this.#restore();
  }

  /**
   * Signs in by a name alone, where the server offers that (development).
   *
   * @param {string} name
   * @throws {Problem} 404 where it is not offered
   */
  async signIn(name) {
    let response;
    try {
      response = await fetch(new URL("auth/dev-token", this.#baseUrl), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name }),
        signal: AbortSignal.timeout(15_000),
      });
    } catch {
      throw new Problem(0, "The server could not be reached");
    }
    if (!response.ok) throw await Problem.fromResponse(response);
    this.#take(await response.json());
  }

  /** Idempotent. */
  signOut() {
    this.user = null;
    this.token = null;
    this.#storage.removeItem(KEY);
  }

  /** @param {{user: User, token: string, expiresAt?: string}} answer */
  #take(answer) {
    this.user = answer.user;
    this.token = answer.token;
    this.#storage.setItem(KEY, JSON.stringify(answer));
  }

  #restore() {
    try {
      const { user, token, expiresAt } = JSON.parse(this.#storage.getItem(KEY) ?? "null") ?? {};
      if (!user || !token || (expiresAt && Date.parse(expiresAt) <= Date.now())) return;
      this.user = user;
      this.token = token;
    } catch {
      this.signOut();
    }
  }
}
