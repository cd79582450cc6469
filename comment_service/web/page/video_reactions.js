import { button, part } from "./elements.js";
import { FloatingReactions } from "./floating_reactions.js";
import { KINDS } from "./kinds.js";

/** The buttons that cheer the video, the totals of all who do, and what floats up when they grow. */
export class VideoReactions {
  #bar;
  #react;
  #floating;
  /** As last told. @type {Object<string, number>} */
  #totals = {};
  /** Own ones that have floated already and are yet to be told. @type {Object<string, number>} */
  #ahead = {};

  /**
   * @param {HTMLElement} bar
   * @param {HTMLElement} sky     where they float
   * @param {(kind: string) => boolean} react  false where it cannot be done
   */
  constructor(bar, sky, react) {
    this.#bar = bar;
    this.#react = react;
    this.#floating = new FloatingReactions(sky);
    bar.replaceChildren(...KINDS.map((kind) => this.#button(kind)));
  }

  /**
   * @param {Object<string, number>} totals
   * @param {boolean} float  they have grown just now, and were not there when the page was opened
   */
  show(totals, float) {
    for (const { kind, emoji, label } of KINDS) {
      const total = totals[kind] ?? 0;
      const before = this.#totals[kind] ?? 0;
      const grown = Math.max(0, total - before);
      const own = Math.min(this.#ahead[kind] ?? 0, grown);
      this.#ahead[kind] = (this.#ahead[kind] ?? 0) - own;
      if (float) this.#floating.launch(emoji, grown - own);
      this.#showTotal(kind, label, total);
    }
    this.#totals = totals;
  }

  /** @param {boolean} enabled */
  enable(enabled) {
    for (const cheer of this.#bar.querySelectorAll("button")) cheer.disabled = !enabled;
  }

  /** @param {typeof KINDS[number]} kind */
  #button({ kind, emoji, label }) {
    const cheer = button("cheers__kind");
    cheer.dataset.kind = kind;
    const face = document.createElement("span");
    face.textContent = emoji;
    const total = document.createElement("span");
    total.className = "cheers__total";
    cheer.append(face, total);
    cheer.setAttribute("aria-label", label);
    cheer.title = label;
    cheer.addEventListener("click", () => {
      if (!this.#react(kind)) return;
      this.#ahead[kind] = (this.#ahead[kind] ?? 0) + 1;
      this.#floating.launch(emoji, 1);
    });
    return cheer;
  }

  /**
   * @param {string} kind
   * @param {string} label
   * @param {number} total
   */
  #showTotal(kind, label, total) {
    const cheer = part(this.#bar, `[data-kind="${kind}"]`);
    const text = total === 0 ? "" : total.toLocaleString("en", { notation: "compact" });
    cheer.children[1].textContent = text;
    cheer.setAttribute("aria-label", total === 0 ? label : `${label}, ${total}`);
  }
}
