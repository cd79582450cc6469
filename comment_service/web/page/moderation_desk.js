import { part } from "./elements.js";
import { explain } from "./explain.js";
import { FormDialog } from "./form_dialog.js";
import { ReportQueue } from "./report_queue.js";

/** @typedef {import("../client/moderation_api.js").Moderation} Moderation */

/** What a moderator does for the whole video: the queue of reports, slow mode, the end. */
export class ModerationDesk {
  #button;
  #dialog;
  #slowMode;
  #status;
  #queue;
  #options;

  /**
   * @param {object} options
   * @param {HTMLElement} options.button          opens it
   * @param {HTMLDialogElement} options.dialog
   * @param {HTMLDialogElement} options.confirmEnd
   * @param {HTMLTemplateElement} options.template  of a report
   * @param {Moderation} options.moderation
   * @param {import("./ban_dialog.js").BanDialog} options.banDialog
   * @param {string} options.liveVideoId
   * @param {() => void} options.slowModeChanged
   */
  constructor(options) {
    this.#options = options;
    this.#button = options.button;
    this.#dialog = options.dialog;
    this.#slowMode = /** @type {HTMLSelectElement} */ (this.#part("select"));
    this.#status = this.#part(".desk__slow-status");
    const confirmEnd = new FormDialog(options.confirmEnd);
    this.#queue = new ReportQueue({
      list: this.#part(".desk__reports"),
      status: this.#part(".desk__reports-status"),
      template: options.template,
      moderation: options.moderation,
      liveVideoId: options.liveVideoId,
      ban: (report, settle) => this.#banAuthor(report, settle),
      counted: (count, more) => this.#showCount(count, more),
    });
    this.#button.addEventListener("click", () => this.#open());
    this.#part("[data-cancel]").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
    this.#slowMode.addEventListener("change", () => void this.#setSlowMode());
    this.#part(".desk__end").addEventListener("click", () =>
      confirmEnd.open(async () => {
        await options.moderation.endVideo(options.liveVideoId);
        this.#dialog.close();
      }),
    );
  }

  /**
   * @param {object} who
   * @param {boolean} who.moderator
   * @param {boolean} who.mayEnd  the video, while it runs
   */
  offer({ moderator, mayEnd }) {
    this.#button.hidden = !moderator && !mayEnd;
    this.#part(".desk__moderator").hidden = !moderator;
    this.#part(".desk__ending").hidden = !mayEnd;
    this.#queue.watch(moderator);
    if (this.#button.hidden) this.#dialog.close();
  }

  #open() {
    this.#dialog.showModal();
    this.#status.textContent = "";
    if (this.#part(".desk__moderator").hidden) return;
    void this.#queue.refresh();
    void this.#showSlowMode();
  }

  /**
   * In the video of the report, which need not be this one, and with the report's reason.
   *
   * @param {import("../client/moderation_api.js").Report} report
   * @param {(ban: {everywhere?: boolean, durationS?: number}) => Promise<void>} settle
   */
  #banAuthor({ authorId, liveVideoId }, settle) {
    const where = liveVideoId === this.#options.liveVideoId ? undefined : liveVideoId;
    const whom = { userId: authorId, name: "the author", where, reported: true };
    this.#options.banDialog.open(whom, ({ everywhere, durationS }) =>
      settle({ everywhere, ...(durationS === null ? {} : { durationS }) }),
    );
  }

  async #showSlowMode() {
    // What is chosen before the answer would be overwritten by it.
    this.#slowMode.disabled = true;
    try {
      const seconds = await this.#options.moderation.slowMode(this.#options.liveVideoId);
      const value = String(seconds);
      if (![...this.#slowMode.options].some((option) => option.value === value)) {
        this.#slowMode.add(new Option(`every ${seconds} s`, value));
      }
      this.#slowMode.value = value;
    } catch (error) {
      this.#status.textContent = `Could not be read: ${explain(error)}.`;
    } finally {
      this.#slowMode.disabled = false;
    }
  }

  async #setSlowMode() {
    try {
      await this.#options.moderation.setSlowMode(this.#options.liveVideoId, Number(this.#slowMode.value));
      this.#status.textContent = "Saved.";
      this.#options.slowModeChanged();
    } catch (error) {
      this.#status.textContent = `Not saved: ${explain(error)}.`;
    }
  }

  /**
   * @param {number} count
   * @param {boolean} more
   */
  #showCount(count, more) {
    const text = more ? `${count}+` : String(count);
    const badge = part(this.#button, ".desk-button__count");
    badge.hidden = count === 0;
    badge.textContent = text;
    this.#button.setAttribute("aria-label", count === 0 ? "Moderate" : `Moderate, ${text} reports`);
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #part(selector) {
    return part(this.#dialog, selector);
  }
}
