import { AnchoredPopover } from "./anchored_popover.js";
import { KINDS } from "./kinds.js";

/** Offers the six kinds for one comment. */
export class ReactionPicker {
  #popover;
  #choose = (/** @type {string} */ _kind) => {};

  /** @param {HTMLElement} element  with `popover` */
  constructor(element) {
    this.#popover = new AnchoredPopover(element);
    element.replaceChildren(
      ...KINDS.map(({ kind, emoji, label }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "picker__kind";
        button.dataset.kind = kind;
        button.textContent = emoji;
        button.setAttribute("aria-label", label);
        button.title = label;
        button.addEventListener("click", () => {
          this.#popover.hide();
          this.#choose(kind);
        });
        return button;
      }),
    );
  }

  /**
   * @param {HTMLElement} anchor
   * @param {string | null} own  marked as chosen
   * @param {(kind: string) => void} choose
   */
  show(anchor, own, choose) {
    this.#choose = choose;
    for (const button of this.#popover.element.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === own));
    }
    this.#popover.show(anchor);
  }
}
