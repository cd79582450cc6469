import { part } from "./elements.js";

/** @typedef {import("../livecomments.js").State} State */
/** @typedef {import("../livecomments.js").StateChange} StateChange */

/** @type {Record<State, string>} */
const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  ended: "Ended",
  closed: "Disconnected",
};

/** Says in a word whether what is on the page is live. */
export class ConnectionBadge {
  #element;
  #label;

  /** @param {HTMLElement} element  with role="status" */
  constructor(element) {
    this.#element = element;
    this.#label = part(element, ".connection__label");
  }

  /** @param {StateChange} change */
  show({ state, reason, status }) {
    this.#element.dataset.state = state;
    // Set only when it differs: a screen reader would repeat it with each attempt.
    if (this.#label.textContent !== WORDS[state]) this.#label.textContent = WORDS[state];
    this.#element.title = [reason?.replaceAll("_", " "), status].filter(Boolean).join(", ");
  }
}
