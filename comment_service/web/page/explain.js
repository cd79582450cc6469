import { Problem } from "../client/problem.js";

/**
 * What went wrong, in words for whoever is at the page: a sentence's rest, without a full stop.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof Problem)) return "something went wrong";
  const { status, detail, retryAfterMs } = error;
  if (status === 0) return "no connection";
  if (status === 401) return "please sign in again";
  if (status === 409) return "the video has ended";
  if (status === 429) return `too fast, wait ${retryAfterMs ? `${Math.ceil(retryAfterMs / 1000)} s` : "a moment"}`;
  if (status >= 500) return "the server is busy, try again";
  return detail;
}
