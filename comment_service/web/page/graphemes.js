const segmenter = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/**
 * The characters of `text` as people see them: a family emoji is one.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function graphemes(text) {
  return segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : Array.from(text);
}
