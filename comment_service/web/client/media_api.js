/** Images: sent to the server, and where they are. */

import { Problem } from "./problem.js";

/** @typedef {import("./comments_api.js").Media} Media */
/** @typedef {import("./requests.js").Requests} Requests */

/**
 * @typedef {object} UploadOptions
 * @property {(share: number) => void} [progress]  called with 0 to 1; in browsers alone
 * @property {AbortSignal} [signal]
 */

/** An image on a slow connection takes its time; one that does not move at all ends sooner by the server's own limit. */
const TIMEOUT_MS = 120_000;

export class MediaApi {
  #requests;
  #fetch;

  /**
   * @param {Requests} requests
   * @param {typeof fetch} fetch
   */
  constructor(requests, fetch) {
    this.#requests = requests;
    this.#fetch = fetch;
  }

  /**
   * An image's address.
   *
   * @param {string} mediaId
   */
  url(mediaId) {
    return this.#requests.url(`media/${encodeURIComponent(mediaId)}`).href;
  }

  /**
   * @param {Blob} file
   * @param {UploadOptions} options
   * @returns {Promise<Media>}
   * @throws {Problem}
   */
  async upload(file, { progress, signal }) {
    const body = new FormData();
    body.append("file", file);
    const headers = await this.#requests.authorization();
    const url = this.#requests.url("media");
    // `fetch` does not tell how far it is.
    if (progress && "XMLHttpRequest" in globalThis) return uploadWithProgress(url, headers, body, progress, signal);
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const ended = signal ? AbortSignal.any([signal, timeout]) : timeout;
      const response = await this.#fetch(url, { method: "POST", headers, body, signal: ended });
      if (!response.ok) throw await Problem.fromResponse(response);
      return await response.json();
    } catch (error) {
      throw error instanceof Problem ? error : new Problem(0, "The image could not be sent");
    }
  }
}

/**
 * @param {URL} url
 * @param {Object<string, string>} headers
 * @param {FormData} body
 * @param {(share: number) => void} progress
 * @param {AbortSignal} [signal]
 * @returns {Promise<Media>}
 */
function uploadWithProgress(url, headers, body, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(new Problem(0, "The image could not be sent"));
    request.open("POST", url);
    request.timeout = TIMEOUT_MS;
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onerror = request.onabort = request.ontimeout = fail;
    request.onload = () => {
      const answer = new Response(request.responseText, {
        status: request.status,
        headers: { "Retry-After": request.getResponseHeader("Retry-After") ?? "" },
      });
      if (request.status === 201) answer.json().then(resolve, fail);
      else Problem.fromResponse(answer).then(reject);
    };
    signal?.addEventListener("abort", () => request.abort());
    if (signal?.aborted) fail();
    else request.send(body);
  });
}
