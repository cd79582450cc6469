const GAP_PX = 6;
const MARGIN_PX = 8;

/**
 * Shows a popover beside what it belongs to, within the window, and moves the focus along `items` by arrow keys. The
 * browser closes it on Escape or a click elsewhere, and gives the focus back.
 */
export class AnchoredPopover {
  /** @param {HTMLElement} element  with `popover` */
  constructor(element) {
    /** @readonly */
    this.element = element;
    element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {HTMLElement} anchor */
  show(anchor) {
    const { element } = this;
    element.hidePopover();
    element.showPopover();
    const beside = anchor.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const above = beside.top - height - GAP_PX;
    const top = above >= MARGIN_PX ? above : beside.bottom + GAP_PX;
    const left = Math.max(MARGIN_PX, Math.min(beside.right - width, innerWidth - width - MARGIN_PX));
    element.style.left = `${left}px`;
    element.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - height - MARGIN_PX))}px`;
    this.#items()[0]?.focus();
  }

  hide() {
    this.element.hidePopover();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const items = this.#items();
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = (at + 1) % items.length;
    const previous = (at - 1 + items.length) % items.length;
    const keys = { ArrowRight: next, ArrowDown: next, ArrowLeft: previous, ArrowUp: previous, Home: 0 };
    const to = { ...keys, End: items.length - 1 }[event.key];
    if (event.key === "Tab") this.hide();
    if (to === undefined) return;
    event.preventDefault();
    items[to]?.focus();
  }

  /** @returns {HTMLElement[]} */
  #items() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll("button"))];
  }
}
