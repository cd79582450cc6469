import { copyOf, part } from "./elements.js";
import { explain } from "./explain.js";
import { relativeTime } from "./relative_time.js";

/** @typedef {import("../client/moderation_api.js").Moderation} Moderation */
/** @typedef {import("../client/moderation_api.js").Report} Report */

const PAGE = 50;
const REFRESH_MS = 20_000;

/** The reports that nobody has settled: asked for now and then, shown in a list, settled one by one. */
export class ReportQueue {
  #list;
  #status;
  #template;
  #options;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #settled = new Set();

  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLElement} options.status
   * @param {HTMLTemplateElement} options.template
   * @param {Moderation} options.moderation
   * @param {string} options.liveVideoId
   * @param {(report: Report, settle: (ban: {everywhere?: boolean, durationS?: number}) => Promise<void>) => void} options.ban
   * @param {(count: number, more: boolean) => void} options.counted
   */
  constructor(options) {
    this.#options = options;
    this.#list = options.list;
    this.#status = options.status;
    this.#template = options.template;
  }

  /** @param {boolean} watched  whether to ask for reports every 20 s while the page is in view */
  watch(watched) {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!watched) return;
    this.#timer = setInterval(() => void (document.hidden || this.refresh()), REFRESH_MS);
    void this.refresh();
  }

  async refresh() {
    try {
      const { reports, hasMore } = await this.#options.moderation.reports({ pageSize: PAGE });
      this.#show(
        reports.filter(({ reportId }) => !this.#settled.has(reportId)),
        hasMore,
      );
    } catch (error) {
      this.#status.textContent = `The reports could not be read: ${explain(error)}.`;
    }
  }

  /**
   * @param {Report[]} reports
   * @param {boolean} more
   */
  #show(reports, more) {
    const known = new Map([...this.#list.children].map((item) => [/** @type {HTMLElement} */ (item).dataset.id, item]));
    // Those that are there stay the same elements: the focus may be in one.
    const items = reports.map((report) => known.get(report.reportId) ?? this.#item(report));
    if (items.length !== known.size || items.some((item, at) => item !== this.#list.children[at])) {
      const focused = document.activeElement;
      this.#list.replaceChildren(...items);
      if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus();
    }
    this.#showCount(more);
  }

  /** @param {boolean} more */
  #showCount(more) {
    const count = this.#list.childElementCount;
    this.#status.textContent = count === 0 ? "Nothing is reported." : "";
    this.#options.counted(count, more);
  }

  /** @param {Report} report */
  #item(report) {
    const item = copyOf(this.#template);
    const fill = (/** @type {string} */ selector, /** @type {string} */ text) => {
      part(item, selector).textContent = text;
    };
    const elsewhere = report.liveVideoId === this.#options.liveVideoId ? "" : ` in ${report.liveVideoId}`;
    item.dataset.id = report.reportId;
    fill(".report__content", report.content);
    fill(".report__reason", report.reason);
    fill(".report__when", relativeTime(new Date(report.createdAt), new Date()) + elsewhere);
    const settle = (/** @type {"dismiss" | "delete" | "ban"} */ action, ban = {}) =>
      this.#settle(report, item, action, ban);
    const on = (/** @type {string} */ name, /** @type {() => void} */ run) =>
      item.querySelector(`[data-resolve=${name}]`)?.addEventListener("click", run);
    on("dismiss", () => void settle("dismiss").catch(() => {}));
    on("delete", () => void settle("delete").catch(() => {}));
    on("ban", () => this.#options.ban(report, (ban) => settle("ban", ban)));
    return item;
  }

  /**
   * @param {Report} report
   * @param {HTMLElement} item
   * @param {"dismiss" | "delete" | "ban"} action
   * @param {{everywhere?: boolean, durationS?: number}} ban
   */
  async #settle(report, item, action, ban) {
    const problem = part(item, ".report__problem");
    problem.textContent = "";
    try {
      await this.#options.moderation.resolve(report.reportId, action, ban);
    } catch (error) {
      const settledBefore = /** @type {{status?: number}} */ (error).status === 409;
      problem.textContent = settledBefore ? "Settled already." : `Not done: ${explain(error)}.`;
      throw error;
    }
    this.#settled.add(report.reportId);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    /** @type {HTMLElement} */ (next?.querySelector("button") ?? this.#list).focus();
    this.#showCount(false);
    void this.refresh();
  }
}
