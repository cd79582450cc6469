/** A fresh `Idempotency-Key`: a comment that is posted again under the same one is stored once. */
export function newIdempotencyKey() {
  // Not crypto.randomUUID: a page that came over plain http from another machine does not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
