import { button, part } from "./elements.js";
import { FormDialog } from "./form_dialog.js";
import { fullTime } from "./relative_time.js";

/** @typedef {import("../client/moderation_api.js").Moderation} Moderation */
/** @typedef {import("../client/moderation_api.js").Ban} Ban */
/** @typedef {{everywhere: boolean, durationS: number | null, reason: string}} BanChoice */

/** Where, for how long and why somebody is banned; and the bans that they have, to be lifted. */
export class BanDialog {
  #dialog;
  #bans;
  #moderation;

  /**
   * @param {HTMLDialogElement} element
   * @param {Moderation} moderation
   */
  constructor(element, moderation) {
    this.#dialog = new FormDialog(element);
    this.#bans = part(element, ".ban__present");
    this.#moderation = moderation;
  }

  /**
   * @param {object} whom
   * @param {string} whom.userId
   * @param {string} whom.name         as the title calls them
   * @param {string} [whom.where]      as the choice calls the video
   * @param {boolean} [whom.reported]  then the report says why
   * @param {(choice: BanChoice) => Promise<void>} ban
   */
  open({ userId, name, where = "this video", reported = false }, ban) {
    const { element } = this.#dialog;
    part(element, ".ban__who").textContent = name;
    part(element, ".ban__here").textContent = `In ${where}`;
    for (const why of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".ban__why"))) why.hidden = reported;
    this.#bans.replaceChildren();
    this.#dialog.open((data) => {
      const seconds = Number(data.get("duration"));
      const durationS = seconds > 0 ? seconds : null;
      return ban({ everywhere: data.get("where") === "everywhere", durationS, reason: String(data.get("reason")).trim() });
    });
    void this.#showBans(userId);
  }

  /** @param {string} userId */
  async #showBans(userId) {
    try {
      const bans = await this.#moderation.bans(userId);
      this.#bans.replaceChildren(...bans.map((ban) => this.#present(ban)));
    } catch {
      // The dialog bans all the same.
    }
  }

  /** @param {Ban} ban */
  #present(ban) {
    const item = document.createElement("li");
    const where = ban.liveVideoId === null ? "everywhere" : `in ${ban.liveVideoId}`;
    const until = ban.until === null ? "for good" : `until ${fullTime(new Date(ban.until))}`;
    const lift = button("link", "Lift");
    lift.addEventListener("click", () => {
      lift.disabled = true;
      this.#moderation.unban(ban.userId, ban.liveVideoId).then(
        () => item.remove(),
        () => (lift.disabled = false),
      );
    });
    item.append(`Banned ${where} ${until} `, lift);
    return item;
  }
}
