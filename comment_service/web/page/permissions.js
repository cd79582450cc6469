/** Who may do what, as far as the page can tell: it offers no more than this, and the server has the last word. */

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/accounts_api.js").User} User */

/** The server's default: an author edits for so long. */
export const EDIT_WINDOW_MS = 5 * 60 * 1000;

/** @param {User | null} user */
export function isModerator(user) {
  return user?.roles?.some((role) => role === "moderator" || role === "admin") ?? false;
}

/**
 * @param {User | null} user
 * @param {Comment} comment
 */
export function isAuthor(user, comment) {
  return user !== null && user.userId === comment.authorId;
}

/**
 * What `user` may do with a comment besides reacting and replying.
 *
 * @param {User | null} user
 * @param {Comment} comment
 * @param {Date} now
 * @returns {("edit" | "delete" | "report" | "ban")[]} as offered, in that order
 */
export function offered(user, comment, now) {
  if (user === null) return ["report"];
  const own = isAuthor(user, comment);
  const moderator = isModerator(user);
  const young = now.getTime() - Date.parse(comment.createdAt) < EDIT_WINDOW_MS;
  /** @type {["edit" | "delete" | "report" | "ban", boolean][]} */
  const all = [
    ["edit", (own && young) || moderator],
    ["delete", own || moderator],
    ["report", !own],
    ["ban", moderator && !own],
  ];
  return all.filter(([, may]) => may).map(([action]) => action);
}
