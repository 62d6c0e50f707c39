// Keeps the page up to date: waits for events, and loads the page again when one concerns it. Without events it loads
// the page every few seconds.

import { morph } from "./morph.js";
import { patiently } from "./patience.js";
import { dress, heard } from "./times.js";

const GAP = 1000;
const GAPS = { farm: 5000 };
/** Pages that are loaded again after so many seconds, though nothing happens. */
const AGES = { workers: 10 };
const LOOK = 3000;
const WAIT = 50;
const KINDS = {
  jobs: ["job", "task"],
  job: ["job", "task", "work"],
  workers: ["client", "work"],
  queue: ["work", "task", "client", "job"],
  farm: ["work", "client"],
};

let busy = null;
let last = 0;
let waits = null;
let moves = 0;

/**
 * Shows the page at *address* in place of this one, changing only what differs. With *push* the browser goes there,
 * with *force* rows are moved in any case. Nothing is done if the reader has gone elsewhere meanwhile.
 */
export async function show(address, { push = false, force = push } = {}) {
  const move = push ? ++moves : moves;
  const response = await patiently(address, { headers: { Accept: "text/html" } });
  heard(response);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (move !== moves || (!push && address !== location.href)) return;
  absolute(page, response.url);
  const main = page.querySelector("main");
  if (!main) return;
  if (push) history.pushState(null, "", response.url);
  else if (response.redirected) history.replaceState(null, "", response.url);
  dress(main);
  document.title = page.title;
  morph(document.querySelector("link[rel=icon]"), page.querySelector("link[rel=icon]"));
  for (const name of ["live", "job", "events"]) {
    if (page.body.dataset[name] === undefined) delete document.body.dataset[name];
    else document.body.dataset[name] = page.body.dataset[name];
  }
  settle(document.querySelector("main"), main, force);
  document.dispatchEvent(new CustomEvent("awed:shown"));
}

/** Addresses are relative to the page that they stand on, which another one may take the place of: make them whole. */
export function absolute(page, base) {
  for (const name of ["href", "action", "formaction", "data-source", "data-events"]) {
    for (const one of page.querySelectorAll(`[${name}]`)) {
      one.setAttribute(name, new URL(one.getAttribute(name), base).href);
    }
  }
}

/** Rows are not moved while the pointer is over them or one is chosen: then a button shows the new order. */
function settle(main, fresh, force) {
  const rows = main.querySelector("#rows");
  const other = fresh.querySelector("#rows");
  if (rows && other && !force && !same(rows, other) && inUse(rows)) {
    const known = new Map([...other.children].map((row) => [row.id, row]));
    other.replaceChildren(...[...rows.children].map((row) => known.get(row.id) ?? row.cloneNode(true)));
    fresh.append(newer(rows));
  }
  morph(main, fresh);
}

function newer(rows) {
  const button = Object.assign(document.createElement("button"), { type: "button", id: "newer", className: "newer" });
  button.textContent = "The list has changed: show it";
  button.addEventListener("click", () => {
    rows.querySelectorAll(":checked").forEach((box) => (box.checked = false));
    show(location.href, { force: true });
  });
  return button;
}

function same(rows, other) {
  return [...rows.children].map((row) => row.id).join() === [...other.children].map((row) => row.id).join();
}

function inUse(rows) {
  return rows.matches(":hover") || rows.contains(document.activeElement) || rows.querySelector(":checked");
}

function tell(text) {
  let notice = document.querySelector(".notice");
  if (!text) return notice?.remove();
  if (!notice) {
    notice = document.createElement("p");
    notice.className = "notice";
    notice.setAttribute("role", "status");
    document.body.append(notice);
  }
  notice.textContent = text;
}

/** Loads this page again, at most once in its gap of milliseconds, and once more if it was called meanwhile. */
export function refresh() {
  if (busy) {
    busy.again = true;
    return;
  }
  busy = { again: false };
  setTimeout(async () => {
    let again = LOOK;
    try {
      if (!document.hidden) await show(location.href);
      tell("");
      again = 0;
    } catch {
      tell("The server does not answer. Trying again …");
    }
    last = Date.now();
    const wanted = busy.again || again;
    busy = null;
    if (wanted) setTimeout(refresh, again);
  }, Math.max(0, last + (GAPS[document.body.dataset.live] ?? GAP) - Date.now()));
}

const pause = (time) => new Promise((resume) => setTimeout(resume, time));

/** Waits for events, until the page is left. */
export async function listen() {
  let since = null;
  for (;;) {
    if (document.hidden) {
      await new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
      refresh();
    }
    const { live, events } = document.body.dataset;
    if (!live) {
      await pause(LOOK);
      continue;
    }
    try {
      waits = new AbortController();
      const wait = AGES[live] ?? WAIT;
      const query = since === null ? "" : `?since=${since}&wait=${wait}`;
      const options = { wait, headers: { Accept: "application/json" }, signal: waits.signal };
      const response = await patiently(events + query, options);
      const answer = await response.json();
      if (response.status === 410) {
        since = null;
        refresh();
      } else if (!response.ok) {
        await pause(LOOK);
        refresh();
      } else {
        // What happened after the page was made and before the first answer is in no event.
        if (since === null || live in AGES || answer.data.some(concerns)) refresh();
        since = answer.last;
      }
      tell("");
    } catch (error) {
      if (error.name === "AbortError") continue;
      since = null;
      await pause(LOOK);
      refresh();
    }
  }
}

function concerns(event) {
  const { live, job } = document.body.dataset;
  return KINDS[live].includes(event.kind) && (!job || event.job === job);
}

document.addEventListener("visibilitychange", () => document.hidden && waits?.abort());
