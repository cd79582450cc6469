import { button } from "./elements.js";
import { explain } from "./explain.js";

/** @typedef {import("../client/comments_api.js").Media} Media */

/** CONTRACT's limits. */
const MAX_IMAGES = 4;
const MAX_BYTES = 5 * 1024 * 1024;
const TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** An image that goes with a comment: shown from this machine, sent at once. */
class TrayImage {
  /** @type {Media | null} */
  media = null;
  sending = new AbortController();

  /** @param {File} file */
  constructor(file) {
    this.file = file;
    this.url = URL.createObjectURL(file);
    this.element = document.createElement("li");
    this.element.className = "tray__image";
    const image = document.createElement("img");
    image.src = this.url;
    image.alt = file.name;
    this.progress = document.createElement("progress");
    this.progress.setAttribute("aria-label", `Sending ${file.name}`);
    this.remove = button("tray__remove", "×");
    this.remove.setAttribute("aria-label", `Remove ${file.name}`);
    this.element.append(image, this.progress, this.remove);
  }

  forget() {
    this.sending.abort();
    this.element.remove();
    URL.revokeObjectURL(this.url);
  }
}

/** The images that are attached to the comment being written. */
export class ImageTray {
  #list;
  #options;
  /** @type {TrayImage[]} */
  #images = [];

  /**
   * @param {HTMLElement} list
   * @param {object} options
   * @param {(file: File, options: {progress: (share: number) => void, signal: AbortSignal}) => Promise<Media>} options.upload
   * @param {() => void} options.changed
   * @param {(text: string) => void} options.refused  why an image is not taken
   */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  get empty() {
    return this.#images.length === 0;
  }

  /** Whether all images are at the server. */
  get ready() {
    return this.#images.every(({ media }) => media !== null);
  }

  /** @returns {Media[]} */
  get media() {
    return this.#images.flatMap(({ media }) => media ?? []);
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const problem = this.#problemOf(file);
      if (problem) this.#options.refused(problem);
      else void this.#send(file);
    }
  }

  /** Takes all away: they were sent, or are no longer wanted. */
  clear() {
    for (const image of this.#images.splice(0)) image.forget();
    this.#show();
  }

  /** @param {File} file */
  #problemOf(file) {
    if (this.#images.length >= MAX_IMAGES) return `A comment takes ${MAX_IMAGES} images at most.`;
    if (!TYPES.has(file.type)) return `${file.name} is not a PNG, JPEG, GIF or WebP image.`;
    if (file.size > MAX_BYTES) return `${file.name} is larger than 5 MiB.`;
    return null;
  }

  /** @param {File} file */
  async #send(file) {
    const image = new TrayImage(file);
    image.remove.addEventListener("click", () => this.#drop(image));
    this.#images.push(image);
    this.#list.append(image.element);
    this.#show();
    try {
      const progress = (/** @type {number} */ share) => void (image.progress.value = share);
      image.media = await this.#options.upload(file, { progress, signal: image.sending.signal });
      image.progress.hidden = true;
    } catch (error) {
      if (!this.#images.includes(image)) return;
      this.#drop(image);
      this.#options.refused(`${file.name} was not taken: ${explain(error)}.`);
    }
    this.#show();
  }

  /** @param {TrayImage} image */
  #drop(image) {
    this.#images = this.#images.filter((other) => other !== image);
    image.forget();
    this.#show();
  }

  #show() {
    this.#list.hidden = this.empty;
    this.#options.changed();
  }
}
