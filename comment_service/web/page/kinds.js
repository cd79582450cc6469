/** The six reactions as the page shows them, in the order that they are offered in. */
export const KINDS = Object.freeze([
  { kind: "like", emoji: "👍", label: "Like" },
  { kind: "love", emoji: "❤️", label: "Love" },
  { kind: "haha", emoji: "😂", label: "Haha" },
  { kind: "wow", emoji: "😮", label: "Wow" },
  { kind: "sad", emoji: "😢", label: "Sad" },
  { kind: "angry", emoji: "😡", label: "Angry" },
]);

/** @typedef {import("../livecomments.js").ReactionKind} ReactionKind */

/**
 * Totals after one user's reaction went from one kind to another; null: none.
 *
 * @param {Object<string, number>} totals
 * @param {string | null} from
 * @param {string | null} to
 * @returns {Object<string, number>}
 */
export function adjusted(totals, from, to) {
  const result = { ...totals };
  if (from !== null) result[from] = (result[from] ?? 0) - 1;
  if (to !== null) result[to] = (result[to] ?? 0) + 1;
  return Object.fromEntries(Object.entries(result).filter(([, count]) => count > 0));
}
