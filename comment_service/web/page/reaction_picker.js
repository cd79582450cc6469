import { AnchoredPopover } from "./anchored_popover.js";
import { button } from "./elements.js";
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
        const choice = button("picker__kind", emoji);
        choice.dataset.kind = kind;
        choice.setAttribute("aria-label", label);
        choice.title = label;
        choice.addEventListener("click", () => {
          this.#popover.hide();
          this.#choose(kind);
        });
        return choice;
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
    for (const choice of this.#popover.element.querySelectorAll("button")) {
      choice.setAttribute("aria-pressed", String(choice.dataset.kind === own));
    }
    this.#popover.show(anchor);
  }
}
