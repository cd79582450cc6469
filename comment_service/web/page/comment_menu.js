import { AnchoredPopover } from "./anchored_popover.js";
import { button } from "./elements.js";

/** @typedef {{label: string, danger?: boolean, run: () => void}} MenuItem */

/** What else can be done with one comment. */
export class CommentMenu {
  #popover;

  /** @param {HTMLElement} element  with `popover` and role="menu" */
  constructor(element) {
    this.#popover = new AnchoredPopover(element);
  }

  /**
   * @param {HTMLElement} anchor
   * @param {MenuItem[]} items
   */
  show(anchor, items) {
    this.#popover.element.replaceChildren(
      ...items.map(({ label, danger = false, run }) => {
        const item = button(danger ? "menu__item menu__item--danger" : "menu__item", label);
        item.setAttribute("role", "menuitem");
        item.addEventListener("click", () => {
          this.#popover.hide();
          run();
        });
        return item;
      }),
    );
    this.#popover.show(anchor);
  }
}
