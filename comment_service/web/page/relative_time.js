const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const DATE = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const FULL = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/**
 * "now", "12s ago", "5m ago", "3h ago"; beyond a day the date.
 *
 * @param {Date} then
 * @param {Date} now  a clock behind the server's counts as "now"
 */
export function relativeTime(then, now) {
  const seconds = Math.floor((now.getTime() - then.getTime()) / 1000);
  if (seconds < 10) return "now";
  if (seconds < 60) return RELATIVE.format(-seconds, "second");
  if (seconds < 3600) return RELATIVE.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return RELATIVE.format(-Math.floor(seconds / 3600), "hour");
  return DATE.format(then);
}

/** @param {Date} time */
export function fullTime(time) {
  return FULL.format(time);
}
