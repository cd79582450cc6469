/** What moderators do, in any video. Each call needs a moderator's or an admin's token; otherwise it is 403. */

import { Requests } from "./requests.js";

/**
 * @typedef {object} Report
 * @property {string} reportId
 * @property {string} liveVideoId
 * @property {string} commentId
 * @property {string} authorId    of the comment
 * @property {string} content     as it was when it was reported
 * @property {string} reporterId
 * @property {string} reason
 * @property {"open" | "dismissed" | "deleted" | "banned"} status
 * @property {string | null} resolvedBy
 * @property {string} createdAt
 */

/**
 * @typedef {object} Ban
 * @property {string} userId
 * @property {string | null} liveVideoId  null: everywhere
 * @property {string | null} until        null: for good
 * @property {string} reason
 * @property {string} moderatorId
 * @property {string} createdAt
 */

/**
 * How far a ban goes.
 *
 * @typedef {object} BanOrder
 * @property {string | null} [liveVideoId]  default: everywhere
 * @property {number | null} [durationS]    seconds; default: for good
 * @property {string} [reason]
 */

export class Moderation {
  #requests;

  /** @param {import("./requests.js").Access} access */
  constructor(access) {
    this.#requests = new Requests({ ...access, readWithToken: true });
  }

  /**
   * A page of the queue, oldest first.
   *
   * @param {object} [options]
   * @param {string} [options.status]
   * @param {string | null} [options.cursor]
   * @param {number} [options.pageSize]
   * @returns {Promise<{reports: Report[], nextCursor: string | null, hasMore: boolean}>}
   */
  async reports({ status = "open", cursor = null, pageSize = 50 } = {}) {
    const position = cursor === null ? {} : { cursor };
    return this.#requests.read("moderation/reports", { status, pageSize: String(pageSize), ...position });
  }

  /**
   * @param {string} reportId
   * @param {"dismiss" | "delete" | "ban"} action
   * @param {{everywhere?: boolean, durationS?: number}} [ban]  how far, where the action is `ban`
   * @returns {Promise<Report>} as it now stands
   */
  async resolve(reportId, action, ban = {}) {
    const path = `moderation/reports/${encodeURIComponent(reportId)}/resolve`;
    return this.#requests.send("POST", path, { body: { action, ...ban } });
  }

  /**
   * The bans of a user that are in force.
   *
   * @param {string} userId
   * @returns {Promise<Ban[]>}
   */
  async bans(userId) {
    return (await this.#requests.read(ofUser(userId))).bans;
  }

  /**
   * @param {string} userId
   * @param {BanOrder} [order]
   * @returns {Promise<Ban>}
   */
  async ban(userId, { liveVideoId = null, durationS = null, reason = "" } = {}) {
    const body = {
      ...(liveVideoId === null ? {} : { liveVideoId }),
      ...(durationS === null ? {} : { durationS }),
      ...(reason === "" ? {} : { reason }),
    };
    return this.#requests.send("PUT", ofUser(userId), { body });
  }

  /**
   * @param {string} userId
   * @param {string | null} [liveVideoId]  null: the ban from everywhere
   */
  async unban(userId, liveVideoId = null) {
    await this.#requests.send("DELETE", ofUser(userId), { parameters: liveVideoId === null ? {} : { liveVideoId } });
  }

  /**
   * The seconds that a user waits between two comments; 0: none. Anyone may ask.
   *
   * @param {string} liveVideoId
   * @returns {Promise<number>}
   */
  async slowMode(liveVideoId) {
    return (await this.#requests.read(`moderation/slow-mode/${liveVideoId}`)).seconds;
  }

  /**
   * @param {string} liveVideoId
   * @param {number} seconds  0 turns it off; at most 3,600
   */
  async setSlowMode(liveVideoId, seconds) {
    await this.#requests.send("PUT", `moderation/slow-mode/${liveVideoId}`, { body: { seconds } });
  }

  /**
   * For good. A token whose claim `videos` names the video may, too.
   *
   * @param {string} liveVideoId
   */
  async endVideo(liveVideoId) {
    await this.#requests.send("POST", `videos/${liveVideoId}/end`);
  }
}

/** @param {string} userId */
function ofUser(userId) {
  return `moderation/bans/${encodeURIComponent(userId)}`;
}
