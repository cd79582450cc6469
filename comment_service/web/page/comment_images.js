/** @typedef {import("../client/comments_api.js").Comment} Comment */
/** @typedef {import("../client/comments_api.js").Media} Media */

/**
 * Fills `element` with a comment's images. Each has its size from the start, so nothing moves when it arrives; each is a
 * link to itself, so that it can be opened beside the page.
 *
 * @param {HTMLElement} element
 * @param {Comment} comment
 * @param {(mediaId: string) => string} mediaUrl
 */
export function showImages(element, { media, authorName }, mediaUrl) {
  element.hidden = media.length === 0;
  element.classList.toggle("images--several", media.length > 1);
  element.replaceChildren(
    ...media.map((image, at) => {
      const number = media.length > 1 ? ` ${at + 1} of ${media.length}` : "";
      return link(image, `Image${number} from ${authorName}`, mediaUrl(image.mediaId));
    }),
  );
}

/**
 * @param {Media} image
 * @param {string} description
 * @param {string} url
 */
function link({ width, height }, description, url) {
  const img = document.createElement("img");
  img.width = width;
  img.height = height;
  // A bound on the height is one on the width, so that the two stay in proportion while there is nothing to show.
  img.style.setProperty("--ratio", String(width / height));
  img.alt = description;
  img.loading = "lazy";
  img.decoding = "async";
  img.src = url;
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  anchor.tabIndex = -1;
  anchor.className = "images__item";
  anchor.dataset.action = "image";
  anchor.append(img);
  return anchor;
}
