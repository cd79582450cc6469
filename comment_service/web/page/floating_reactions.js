/** Of one event so many float at most, of all together so many at a time: a storm must not cost the browser more. */
const AT_ONCE = 12;
const ALOFT = 40;
/** Those of one event are spread over the time to the next. */
const SPREAD_MS = 500;

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Emoji that rise over the video and fade. Nothing moves for whoever asked for that. */
export class FloatingReactions {
  #sky;

  /** @param {HTMLElement} sky */
  constructor(sky) {
    this.#sky = sky;
    sky.addEventListener("animationend", ({ target }) => /** @type {Element} */ (target).remove());
  }

  /**
   * @param {string} emoji
   * @param {number} count
   */
  launch(emoji, count) {
    if (STILL.matches || document.hidden) return;
    const room = Math.min(count, AT_ONCE, ALOFT - this.#sky.childElementCount);
    for (let at = 0; at < room; at += 1) {
      const floating = document.createElement("span");
      floating.className = "floating";
      floating.textContent = emoji;
      floating.style.setProperty("--at", `${8 + Math.random() * 84}%`);
      floating.style.setProperty("--sway", `${Math.random() * 60 - 30}px`);
      floating.style.animationDelay = `${(at / room) * SPREAD_MS}ms`;
      this.#sky.append(floating);
    }
  }
}
