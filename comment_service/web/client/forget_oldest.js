/**
 * Takes out what was put in first, where there are more than `limit`.
 *
 * @param {Map<string, unknown> | Set<string>} collection
 * @param {number} limit
 */
export function forgetOldest(collection, limit) {
  if (collection.size > limit) collection.delete(/** @type {string} */ (collection.keys().next().value));
}
