// Logs that follow what a command writes, and a search in them.

import { patiently } from "./patience.js";

const WAIT = 50;
const TAIL = 200000;
const LATER = 3000;

const followed = new Map();

export function logs() {
  follow();
  document.addEventListener("awed:shown", follow);
  document.addEventListener("input", (event) => event.target.matches("[data-find]") && find(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-find]")) {
      event.preventDefault();
      find(event.target);
    }
  });
}

/** Each pane that is shown is followed once; those that are gone no more. */
function follow() {
  for (const [id, ends] of followed) {
    if (document.getElementById(id)) continue;
    ends.abort();
    followed.delete(id);
  }
  for (const pane of document.querySelectorAll("[data-source]")) {
    if (followed.has(pane.id)) continue;
    const ends = new AbortController();
    followed.set(pane.id, ends);
    read(pane, ends.signal).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }
}

async function read(pane, signal) {
  const ask = async (query, headers = {}) => {
    const answer = await patiently(`${pane.dataset.source}${query}`, { wait: WAIT, signal, headers });
    if (answer.status >= 500) throw new Error(answer.statusText); // it passes: asked again later
    return answer;
  };
  let offset = null;
  let attempt = null;
  let decoder = new TextDecoder();
  while (!signal.aborted) {
    try {
      const query = offset === null ? "&offset=0" : `&offset=${offset}&wait=${WAIT}`;
      const answer = await ask(query, offset === null ? { Range: "bytes=0-0" } : {});
      if (!answer.ok) return;
      const told = (name) => answer.headers.get(`Awe-Log-${name}`);
      if (told("Offset") === null) return;
      if (offset === null || attempt !== told("Attempt")) {
        attempt = told("Attempt");
        offset = Math.max(0, Number(told("End")) - TAIL);
        decoder = new TextDecoder();
        if (Number(told("End"))) pane.replaceChildren();
        pane.setAttribute("data-keep", "");
        const again = await ask(`&offset=${offset}`);
        offset = await add(pane, again, decoder);
        if (again.headers.get("Awe-Log-Complete") === "true") return;
        continue;
      }
      offset = await add(pane, answer, decoder);
      if (told("Complete") === "true" && offset >= Number(told("End"))) return;
    } catch (error) {
      if (signal.aborted) throw error;
      await new Promise((resume) => setTimeout(resume, LATER));
    }
  }
}

/** Add what came; the pane stays at its end if it was there. Says where what follows begins. */
async function add(pane, answer, decoder) {
  const bytes = await answer.arrayBuffer();
  const atEnd = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 8;
  const text = decoder.decode(bytes, { stream: true });
  if (text) {
    pane.append(text);
    pane.normalize();
    if (pane.textContent.length > 4 * TAIL) pane.textContent = pane.textContent.slice(-2 * TAIL);
    if (atEnd) pane.scrollTop = pane.scrollHeight;
  }
  return Number(answer.headers.get("Awe-Log-Offset")) + bytes.byteLength;
}

/** Select the next place where the text occurs. */
function find(input) {
  const pane = document.querySelector(`[data-log=${input.dataset.find}]`);
  const node = pane.firstChild;
  if (!node || !input.value) return;
  const text = node.data.toLowerCase();
  const from = input.dataset.last === input.value ? Number(input.dataset.at) + 1 : 0;
  let at = text.indexOf(input.value.toLowerCase(), from);
  if (at < 0) at = text.indexOf(input.value.toLowerCase());
  input.dataset.last = input.value;
  input.dataset.at = at;
  input.toggleAttribute("aria-invalid", at < 0);
  if (at < 0) return;
  const range = document.createRange();
  range.setStart(node, at);
  range.setEnd(node, at + input.value.length);
  CSS.highlights?.set("found", new Highlight(range));
  const box = range.getBoundingClientRect();
  const place = pane.getBoundingClientRect();
  pane.scrollTop += box.top - place.top - place.height / 2;
}
