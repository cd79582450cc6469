import { graphemes } from "./graphemes.js";

/** How many colours styles/tokens.css has. */
const HUES = 12;

/**
 * One or two letters for a name: of its first and its last word.
 *
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{S}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => graphemes(word ?? "")[0]);
  return letters.join("").toLocaleUpperCase() || "?";
}

/**
 * The number of the colour of an author: the same everywhere and always.
 *
 * @param {string} authorId
 */
export function hue(authorId) {
  let hash = 0x811c9dc5;
  for (const char of authorId) hash = Math.imul(hash ^ /** @type {number} */ (char.codePointAt(0)), 0x01000193);
  return (hash >>> 8) % HUES;
}
