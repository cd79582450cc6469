import { CommentRow } from "./comment_row.js";

const FOCUSABLE = "button, a[href]";

/**
 * The log as one stop of the Tab key: arrows go from comment to comment, Tab from the one in focus to its buttons.
 * Otherwise hundreds of buttons would lie between the log and the field to write in.
 */
export class RowFocus {
  #log;
  /** @type {HTMLElement | null} */
  #active = null;

  /** @param {HTMLElement} log */
  constructor(log) {
    this.#log = log;
    log.addEventListener("keydown", (event) => this.#onKey(event));
    log.addEventListener("focusin", ({ target }) => this.#activate(CommentRow.of(target)?.element ?? null));
  }

  /** Lets Tab reach what has been added to the row in focus, and nothing of a row that has gone. */
  refresh() {
    if (this.#active && !this.#active.isConnected) this.#active = null;
    this.#setReachable(this.#active, true);
  }

  /**
   * Where the focus goes when `row` is about to go.
   *
   * @param {HTMLElement} row
   */
  leave(row) {
    if (!row.contains(document.activeElement)) return;
    const rows = this.#rows().filter((other) => other === row || !row.contains(other));
    const at = rows.indexOf(row);
    (rows[at + 1] ?? rows[at - 1] ?? this.#log).focus({ preventScroll: true });
  }

  /** @param {HTMLElement | null} row */
  #activate(row) {
    if (row === this.#active) return;
    this.#setReachable(this.#active, false);
    this.#active = row;
    this.#setReachable(row, true);
  }

  /**
   * @param {HTMLElement | null} row
   * @param {boolean} reachable
   */
  #setReachable(row, reachable) {
    if (!row) return;
    row.tabIndex = reachable ? 0 : -1;
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(FOCUSABLE))) {
      // A reply in an open thread has buttons of its own, reached from it.
      const own = element.closest(".comment") === row;
      if (own || !reachable) element.tabIndex = reachable ? 0 : -1;
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.altKey || event.ctrlKey || event.metaKey || target.closest("textarea, input, [popover]")) return;
    const rows = this.#rows();
    const active = CommentRow.of(target)?.element ?? null;
    const at = active ? rows.indexOf(active) : rows.length;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || rows.length === 0) return;
    event.preventDefault();
    rows[Math.min(Math.max(to, 0), rows.length - 1)].focus();
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.#log.querySelectorAll(".comment"))];
  }
}
