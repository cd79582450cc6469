import { Accounts } from "../client/accounts_api.js";

/** @typedef {import("../client/accounts_api.js").SignedIn} SignedIn */
/** @typedef {import("../client/accounts_api.js").User} User */

const KEY = "livecomments.session";

/** Who is at this page. The token lives as long as the tab, and is nowhere but in it. */
export class Session {
  /** @type {User | null} */
  user = null;
  /** @type {string | null} */
  token = null;
  /** Whether the user has an account of this server's, and so a password. */
  hasAccount = false;

  #storage;

  /**
   * @param {URL} baseUrl
   * @param {import("./storage.js").KeyValueStorage} storage
   */
  constructor(baseUrl, storage) {
    /** @readonly */
    this.accounts = new Accounts({ baseUrl, token: () => this.token });
    this.#storage = storage;
    this.#restore();
  }

  /** Whether the token itself names the video as one that its user may end. @param {string} liveVideoId */
  mayEnd(liveVideoId) {
    const videos = claims(this.token ?? "").videos;
    return Array.isArray(videos) && videos.includes(liveVideoId);
  }

  /**
   * @param {SignedIn} answer  of registering, logging in, joining or a new password
   * @param {boolean} [hasAccount]  default: as it was
   */
  signIn(answer, hasAccount = this.hasAccount) {
    this.user = answer.user;
    this.token = answer.token;
    this.hasAccount = hasAccount;
    this.#storage.setItem(KEY, JSON.stringify({ ...answer, hasAccount }));
  }

  /** Forgets the token, and the cookie if the server can be reached. Idempotent. */
  signOut() {
    if (this.token !== null) this.accounts.logout().catch(() => {});
    this.user = null;
    this.token = null;
    this.hasAccount = false;
    this.#storage.removeItem(KEY);
  }

  #restore() {
    try {
      const { user, token, expiresAt, hasAccount } = JSON.parse(this.#storage.getItem(KEY) ?? "null") ?? {};
      if (!user || !token || (expiresAt && Date.parse(expiresAt) <= Date.now())) return;
      this.user = user;
      this.token = token;
      this.hasAccount = hasAccount === true;
    } catch {
      this.signOut();
    }
  }
}

/**
 * What a token says, unchecked: only for what the page offers.
 *
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}
