/** Named events and their listeners. */
export class Emitter {
  /** @type {Map<string, Set<(payload: any) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} name
   * @param {(payload: any) => void} listener
   * @returns {() => void} ends it
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * @param {string} name
   * @param {unknown} payload
   */
  emit(name, payload) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(payload);
      } catch (error) {
        // A listener's fault is its owner's to see, and must not end the stream.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
