/** One image as large as the window allows. */
export class Lightbox {
  #dialog;
  #image;
  #link;

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#image = /** @type {HTMLImageElement} */ (dialog.querySelector("img"));
    this.#link = /** @type {HTMLAnchorElement} */ (dialog.querySelector("a"));
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog || (target instanceof Element && target.closest("[data-cancel]"))) dialog.close();
    });
  }

  /** @param {HTMLImageElement} image  as it is in the comment */
  show(image) {
    this.#image.src = image.src;
    this.#image.alt = image.alt;
    for (const name of ["width", "height"]) this.#image.setAttribute(name, image.getAttribute(name) ?? "");
    this.#image.style.setProperty("--ratio", image.style.getPropertyValue("--ratio"));
    this.#link.href = image.src;
    this.#dialog.setAttribute("aria-label", image.alt);
    this.#dialog.showModal();
  }
}
