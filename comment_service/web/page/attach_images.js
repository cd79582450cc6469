/**
 * The three ways by which images come to a comment: a button, dropping them, and pasting them.
 *
 * @param {object} options
 * @param {HTMLElement} options.button
 * @param {HTMLInputElement} options.input    of type file
 * @param {HTMLElement} options.dropArea      marked with `dropping` while files are over it
 * @param {HTMLElement} options.field         where one pastes
 * @param {(files: File[]) => void} options.add
 */
export function attachImages({ button, input, dropArea, field, add }) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    add([...(input.files ?? [])]);
    input.value = ""; // the same image again is a change, too
    field.focus();
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });
  dropArea.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dropArea.classList.add("dropping");
  });
  dropArea.addEventListener("dragleave", (event) => {
    if (!dropArea.contains(/** @type {Node | null} */ (event.relatedTarget))) dropArea.classList.remove("dropping");
  });
  dropArea.addEventListener("drop", (event) => {
    dropArea.classList.remove("dropping");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });
}
