/** How long to wait before the next attempt to connect. Pure: the randomness is the caller's. */

/** Where the server has not said `retry:` yet. */
export const DEFAULT_RETRY_MS = 1_000;
/** A `retry:` or `afterMs` beyond this is cut: a wrong number must not silence a viewer for good. */
export const MAX_RETRY_MS = 300_000;

const JITTER_BASE_MS = 500;
const JITTER_MAX_MS = 30_000;

/**
 * The server's `retry:` and on top a random part that doubles with each failure, up to 30 s: viewers that lost one
 * node together do not come back together.
 *
 * @param {number} failures           attempts that failed since the stream was last live
 * @param {number | null} retryMs     what the server said, null when it never did
 * @param {() => number} random       uniform in [0, 1)
 * @returns {number} milliseconds
 */
export function reconnectDelayMs(failures, retryMs, random) {
  const spread = Math.min(JITTER_MAX_MS, JITTER_BASE_MS * 2 ** Math.min(failures, 16));
  return boundedMs(retryMs ?? DEFAULT_RETRY_MS) + Math.floor(random() * spread);
}

/** @param {number} ms */
export function boundedMs(ms) {
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_MS) : DEFAULT_RETRY_MS;
}
