/** So near to the bottom counts as being there, so near to the top asks for older comments. */
const BOTTOM_PX = 48;
const TOP_PX = 240;

/**
 * Where the reader is in the log: following the newest comment, or further up, where nothing may move under the eyes.
 */
export class ScrollPosition {
  /** Whether the newest comment is kept in view. */
  following = true;

  #scroller;
  #list;
  #moved;
  #lastTop = 0;

  /**
   * @param {HTMLElement} scroller  what scrolls
   * @param {HTMLElement} list      whose children are the rows
   * @param {() => void} moved      called when the reader has scrolled
   */
  constructor(scroller, list, moved) {
    this.#scroller = scroller;
    this.#list = list;
    this.#moved = moved;
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    const resized = new ResizeObserver(() => this.#pin());
    for (const element of [scroller, ...scroller.children]) resized.observe(element);
  }

  get atBottom() {
    return this.#distance() < BOTTOM_PX;
  }

  get nearTop() {
    return this.#scroller.scrollTop < TOP_PX;
  }

  /** To the bottom, and stays there. */
  follow() {
    this.following = true;
    this.#pin();
  }

  /** Something was opened to be read: nothing may move until the reader is at the bottom again. */
  stay() {
    this.following = false;
  }

  /**
   * Runs `change`, which alters the rows, and keeps in view what was in view.
   *
   * @param {() => void} change
   */
  keep(change) {
    const anchor = this.following ? null : this.#firstVisible();
    const before = anchor?.offsetTop ?? 0;
    change();
    if (anchor?.isConnected) this.#scroller.scrollTop += anchor.offsetTop - before;
    this.#lastTop = this.#scroller.scrollTop;
    if (this.#scroller.scrollHeight <= this.#scroller.clientHeight) this.following = true;
    this.#pin();
  }

  #firstVisible() {
    const top = this.#scroller.scrollTop;
    for (const row of /** @type {Iterable<HTMLElement>} */ (this.#list.children)) {
      if (row.offsetTop + row.offsetHeight > top) return row;
    }
    return null;
  }

  #pin() {
    if (!this.following) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #onScroll() {
    const up = this.#scroller.scrollTop < this.#lastTop;
    // What was scrolled here, and is told only now: meanwhile there may be more below.
    const still = this.#scroller.scrollTop === this.#lastTop;
    const distance = this.#distance();
    this.#lastTop = this.#scroller.scrollTop;
    // The smallest step up ends the following: in a burst it would be undone before it had become a larger one.
    if (!still) this.following = up ? distance < 2 : distance < BOTTOM_PX;
    this.#moved();
  }

  #distance() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }
}
