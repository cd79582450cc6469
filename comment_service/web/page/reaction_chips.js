import { button } from "./elements.js";
import { KINDS } from "./kinds.js";

/** The totals under a comment: a button for each kind there is, pressed where it is one's own. */
export class ReactionChips {
  #element;
  /** @type {Map<string, HTMLButtonElement>} */
  #chips = new Map();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * @param {Object<string, number>} totals
   * @param {string | null} own
   */
  show(totals, own) {
    for (const { kind, emoji, label } of KINDS) {
      const count = totals[kind] ?? 0;
      if (count === 0) this.#remove(kind);
      else fill(this.#chip(kind), emoji, label, count, kind === own);
    }
    this.#element.hidden = this.#chips.size === 0;
  }

  /** @param {string} kind */
  #chip(kind) {
    let chip = this.#chips.get(kind);
    if (!chip) {
      chip = button("chip");
      chip.tabIndex = -1;
      chip.dataset.action = "toggle";
      chip.dataset.kind = kind;
      chip.append(document.createElement("span"), document.createElement("span"));
      this.#chips.set(kind, chip);
      this.#element.append(chip);
    }
    return chip;
  }

  /** @param {string} kind */
  #remove(kind) {
    this.#chips.get(kind)?.remove();
    this.#chips.delete(kind);
  }
}

/**
 * @param {HTMLButtonElement} chip
 * @param {string} emoji
 * @param {string} label
 * @param {number} count
 * @param {boolean} own
 */
function fill(chip, emoji, label, count, own) {
  chip.children[0].textContent = emoji;
  chip.children[1].textContent = count.toLocaleString("en", { notation: "compact" });
  chip.setAttribute("aria-label", `${label}, ${count}`);
  chip.setAttribute("aria-pressed", String(own));
  chip.title = own ? `${label}: yours` : label;
}
