/** What writing a comment and editing one have in common. */

/** CONTRACT's limit, in characters as people count them. */
export const MAX_CHARACTERS = 500;

/**
 * Whether a key sends: Enter, and Shift and Enter begin a new line. While an input method composes, Enter chooses a
 * word; keyCode 229 is how Safari says so.
 *
 * @param {KeyboardEvent} event
 */
export function sends(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}
