/**
 * A copy of the one element in a template.
 *
 * @param {HTMLTemplateElement} template
 * @returns {HTMLElement}
 */
export function copyOf(template) {
  const fragment = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {HTMLElement} */ (fragment.firstElementChild);
}

/**
 * A button that submits nothing.
 *
 * @param {string} className
 * @param {string} [text]
 */
export function button(className, text = "") {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * A part of an element that is known to be there.
 *
 * @param {Element} element
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function part(element, selector) {
  return /** @type {HTMLElement} */ (element.querySelector(selector));
}
