import { editInPlace } from "./edit_form.js";
import { explain } from "./explain.js";
import { CommentRow } from "./comment_row.js";
import { adjusted } from "./kinds.js";
import { offered } from "./permissions.js";

/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../livecomments.js").ReactionKind} ReactionKind */

/** What the buttons of a comment do. */
export class CommentActions {
  #options;

  /**
   * @param {object} options
   * @param {HTMLElement} options.scroller  in which the rows are
   * @param {import("../livecomments.js").LiveComments} options.live
   * @param {import("./chat_log.js").ChatLog} options.log
   * @param {import("./session.js").Session} options.session
   * @param {import("./composer.js").Composer} options.composer
   * @param {import("./own_reactions.js").OwnReactions} options.ownReactions
   * @param {import("../client/moderation_api.js").Moderation} options.moderation
   * @param {import("./reaction_picker.js").ReactionPicker} options.picker
   * @param {import("./comment_menu.js").CommentMenu} options.menu
   * @param {import("./form_dialog.js").FormDialog} options.reportDialog
   * @param {import("./form_dialog.js").FormDialog} options.deleteDialog
   * @param {import("./ban_dialog.js").BanDialog} options.banDialog
   * @param {import("./lightbox.js").Lightbox} options.lightbox
   * @param {import("./notice.js").Notice} options.notice
   * @param {HTMLTemplateElement} options.editTemplate
   * @param {() => boolean} options.signedIn  asks to sign in, where nobody is
   */
  constructor(options) {
    this.#options = options;
    options.scroller.addEventListener("click", (event) => this.#onClick(event));
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const { target } = event;
    const button = target instanceof Element ? target.closest("[data-action]") : null;
    const row = CommentRow.of(button);
    if (!(button instanceof HTMLElement) || row === null) return;
    const { log, picker, lightbox } = this.#options;
    switch (button.dataset.action) {
      case "react":
        picker.show(button, this.#own(row.comment), (kind) => void this.#react(row.comment, kind));
        break;
      case "toggle":
        void this.#react(row.comment, button.dataset.kind ?? "");
        break;
      case "reply":
      case "reply-in-thread":
        if (this.#options.signedIn()) this.#options.composer.replyTo(row.comment);
        break;
      case "thread":
        log.toggleThread(row);
        break;
      case "menu":
        this.#showMenu(row, button);
        break;
      case "image": {
        // With a key held down the browser opens the link as it was told to.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        lightbox.show(/** @type {HTMLImageElement} */ (button.querySelector("img")));
      }
    }
  }

  /**
   * @param {CommentRow} row
   * @param {HTMLElement} anchor
   */
  #showMenu(row, anchor) {
    const { session, menu, live, editTemplate } = this.#options;
    const { comment } = row;
    const items = {
      edit: {
        label: "Edit",
        run: () =>
          editInPlace(row, editTemplate, async (content) => {
            this.#options.log.replace(await live.edit(comment.commentId, content));
          }),
      },
      delete: { label: "Delete", danger: true, run: () => this.#delete(comment) },
      report: { label: "Report", run: () => this.#report(comment) },
      ban: { label: `Ban ${comment.authorName}…`, danger: true, run: () => this.#ban(comment) },
    };
    const actions = offered(session.user, comment, new Date());
    menu.show(anchor, actions.map((action) => items[action]));
  }

  /** @param {Comment} comment */
  #own({ commentId }) {
    return this.#options.ownReactions.of(this.#options.session.user?.userId, commentId);
  }

  /**
   * Takes the reaction back where it is one's own already. Shown at once; the totals that the server tells replace it.
   *
   * @param {Comment} comment
   * @param {string} kind
   */
  async #react(comment, kind) {
    const { live, session, notice } = this.#options;
    if (!this.#options.signedIn() || session.user === null) return;
    const { commentId } = comment;
    const { userId } = session.user;
    const before = this.#own(comment);
    const after = before === kind ? null : kind;
    this.#showReaction(userId, commentId, before, after);
    try {
      if (after === null) await live.unreact(commentId, /** @type {ReactionKind} */ (kind));
      else await live.react(commentId, /** @type {ReactionKind} */ (kind));
    } catch (error) {
      this.#showReaction(userId, commentId, after, before);
      notice.say(`Your reaction was not taken: ${explain(error)}.`);
    }
  }

  /**
   * @param {string} userId
   * @param {string} commentId
   * @param {string | null} from
   * @param {string | null} to
   */
  #showReaction(userId, commentId, from, to) {
    this.#options.ownReactions.choose(userId, commentId, to);
    this.#options.log.change(commentId, (comment) => ({
      ...comment,
      reactions: adjusted(comment.reactions, from, to),
    }));
  }

  /** @param {Comment} comment */
  #delete({ commentId }) {
    const { live, log, deleteDialog, notice } = this.#options;
    deleteDialog.open(async () => {
      await live.delete(commentId);
      log.remove(commentId);
      notice.say("The comment is deleted.");
    });
  }

  /** @param {Comment} comment */
  #report({ commentId }) {
    const { live, reportDialog, notice } = this.#options;
    if (!this.#options.signedIn()) return;
    reportDialog.open(async (data) => {
      const words = [data.get("reason"), data.get("detail")].map((value) => String(value ?? "").trim());
      await live.report(commentId, words.filter(Boolean).join(": "));
      notice.say("Thank you. A moderator will look at it.");
    });
  }

  /** @param {Comment} comment */
  #ban({ authorId, authorName }) {
    const { live, banDialog, moderation, notice } = this.#options;
    banDialog.open({ userId: authorId, name: authorName }, async ({ everywhere, durationS, reason }) => {
      await moderation.ban(authorId, { liveVideoId: everywhere ? null : live.liveVideoId, durationS, reason });
      notice.say(`${authorName} is banned ${everywhere ? "everywhere" : "from this video"}.`);
    });
  }
}
