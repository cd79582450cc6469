import { copyOf, part } from "./elements.js";
import { explain } from "./explain.js";
import { graphemes } from "./graphemes.js";
import { MAX_CHARACTERS, sends } from "./writing.js";

/** @typedef {import("./comment_row.js").CommentRow} CommentRow */

/**
 * Turns a comment's content into a field until it is saved (Enter) or left (Escape).
 *
 * @param {CommentRow} row
 * @param {HTMLTemplateElement} template
 * @param {(content: string) => Promise<void>} save
 */
export function editInPlace(row, template, save) {
  if (row.element.querySelector(".edit")) return;
  const form = copyOf(template);
  const text = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
  const problem = part(form, ".edit__problem");
  const content = row.part(".comment__content");

  const leave = () => {
    row.element.classList.remove("comment--editing");
    form.remove();
    row.element.focus({ preventScroll: true });
  };
  const submit = async () => {
    const written = text.value.trim();
    const count = graphemes(written).length;
    if (written === "" || count > MAX_CHARACTERS) {
      problem.textContent = written === "" ? "Write something." : `${count} of ${MAX_CHARACTERS} characters.`;
      return;
    }
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    try {
      if (written !== row.comment.content) await save(written);
      leave();
    } catch (error) {
      problem.textContent = `Not saved: ${explain(error)}.`;
    } finally {
      form.removeAttribute("aria-busy");
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") leave();
    if (event.target !== text || !sends(event)) return;
    event.preventDefault();
    void submit();
  });
  form.querySelector("[data-cancel]")?.addEventListener("click", leave);
  text.value = row.comment.content;
  row.element.classList.add("comment--editing");
  content.after(form);
  text.style.height = `${text.scrollHeight + 2}px`;
  text.focus();
}
