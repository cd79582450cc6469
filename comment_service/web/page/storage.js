/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} KeyValueStorage */

/**
 * The browser's storage of that name, or one for this page alone where the browser withholds it.
 *
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {KeyValueStorage}
 */
export function storage(name) {
  try {
    const found = globalThis[name];
    found.getItem("");
    return found;
  } catch {
    return memoryStorage();
  }
}

/** @returns {KeyValueStorage} */
export function memoryStorage() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
