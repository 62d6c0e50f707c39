// The script of all pages. Pages work without it; it keeps them up to date, and adds keys and quick panels.

import { trying } from "./api.js";
import { keys } from "./keys.js";
import { absolute, listen, show } from "./live.js";
import { logs } from "./logs.js";
import { submitting } from "./submit.js";
import { dress, tick } from "./times.js";

absolute(document, location.href);
dress(document);
setInterval(tick, 1000);
keys();
listen();
submitting();
logs();

document.querySelector("[data-theme-button]").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("awed-theme", root.dataset.theme);
});

// Links between the views of one job change only what differs, so that scrolling stays.
document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[href]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.defaultPrevented) return;
  const to = new URL(link.href?.baseVal ?? link.href, location.href);
  const job = document.body.dataset.job;
  if (!job || to.origin !== location.origin || !to.pathname.includes(`/ui/job/${job}`)) return;
  event.preventDefault();
  show(to.href, { push: true }).catch(() => (location.href = to.href));
});
addEventListener("popstate", () => show(location.href, { force: true }).catch(() => location.reload()));

// A box that checks all boxes, and a question before a form that cannot be undone.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  for (const box of document.querySelectorAll("#rows input[name=job]")) box.checked = event.target.checked;
});
document.addEventListener("submit", (event) => {
  const sure = event.submitter?.dataset.sure;
  if (sure && !confirm(sure)) event.preventDefault();
});

trying();

// A menu closes at a click outside of it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.action[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
