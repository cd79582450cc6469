/** The page at `/`: without `?video=` it asks which one, with it it is the page of that video. */

import { LIVE_VIDEO_ID, RecentVideos } from "./recent_videos.js";
import { Session } from "./session.js";
import { storage } from "./storage.js";
import { Watch } from "./watch.js";

const wanted = new URLSearchParams(location.search).get("video");
const recent = new RecentVideos(storage("localStorage"));
const valid = wanted !== null && LIVE_VIDEO_ID.test(wanted);

if (valid) recent.remember(wanted);
for (const list of document.querySelectorAll(".recent")) listRecent(list);
for (const form of document.querySelectorAll("form.choose-video")) offerVideo(/** @type {HTMLFormElement} */ (form));

show("watch", valid);
show("choose", !valid);
show("bar-video", valid);
if (valid) {
  const baseUrl = new URL("./", document.baseURI);
  new Watch(wanted, new Session(baseUrl, storage("sessionStorage")), baseUrl);
} else {
  show("choose-invalid", wanted !== null && wanted !== "");
}

/** @param {HTMLFormElement} form */
function offerVideo(form) {
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("video"));
  input.value = wanted ?? "";
  form.addEventListener("submit", (event) => {
    // Not the browser's own submission: a policy of `form-action 'none'` forbids that.
    event.preventDefault();
    location.search = new URLSearchParams({ video: input.value }).toString();
  });
}

/** @param {Element} list */
function listRecent(list) {
  const others = recent.list().filter((id) => id !== wanted);
  const items = others.map((id) => {
    const link = document.createElement("a");
    link.href = `?${new URLSearchParams({ video: id })}`;
    link.textContent = id;
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  list.replaceChildren(...items);
  /** @type {HTMLElement} */ (list.closest(".recent-block") ?? list).hidden = others.length === 0;
}

/**
 * @param {string} id
 * @param {boolean} shown
 */
function show(id, shown) {
  /** @type {HTMLElement} */ (document.getElementById(id)).hidden = !shown;
}
