/** What a request failed with: the server's `application/problem+json` (RFC 9457), or no answer at all (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status                 the HTTP status; 0 when no answer came
   * @param {string} title                  the status in words
   * @param {string} [detail]               what was wrong with this request
   * @param {number | null} [retryAfterMs]  what `Retry-After` said
   */
  constructor(status, title, detail, retryAfterMs = null) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail || title;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may well succeed later: no answer, too many requests, or the server's own trouble. */
  get transient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /**
   * @param {Response} response  one with an error status
   * @returns {Promise<Problem>}
   */
  static async fromResponse(response) {
    /** @type {{title?: unknown, detail?: unknown}} */
    let body = {};
    try {
      body = (await response.json()) ?? {};
    } catch {
      // A proxy on the way may answer with something else than problem+json; the status says enough.
    }
    const title = typeof body.title === "string" ? body.title : `HTTP ${response.status}`;
    const detail = typeof body.detail === "string" ? body.detail : undefined;
    return new Problem(response.status, title, detail, retryAfterMs(response.headers.get("Retry-After")));
  }
}

/**
 * `Retry-After`'s seconds as milliseconds; null when it is absent or a date.
 *
 * @param {string | null} value
 */
function retryAfterMs(value) {
  return value !== null && /^[0-9]+$/.test(value) ? Number(value) * 1000 : null;
}
