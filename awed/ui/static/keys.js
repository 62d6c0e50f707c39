// The keys of the page.

const KEYS = [
  ["/", "search"],
  ["j k", "next and previous row"],
  ["x", "choose the row"],
  ["Enter", "open it"],
  ["Esc", "close the side"],
  ["?", "these keys"],
];

function rows() {
  return [...document.querySelectorAll("main tbody tr, main .graph .node")].filter((row) => row.offsetParent !== null || row.ownerSVGElement);
}

function move(step) {
  const all = rows();
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step];
  const target = next?.matches("a") ? next : next?.querySelector("a[href]");
  target?.focus();
  target?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function help() {
  let dialog = document.querySelector("dialog");
  if (!dialog) {
    dialog = document.createElement("dialog");
    const title = document.createElement("h2");
    title.textContent = "Keys";
    const list = document.createElement("dl");
    for (const [key, about] of KEYS) {
      const name = document.createElement("dt");
      for (const one of key.split(" ")) name.append(Object.assign(document.createElement("kbd"), { textContent: one }), " ");
      list.append(name, Object.assign(document.createElement("dd"), { textContent: about }));
    }
    const close = Object.assign(document.createElement("button"), { textContent: "Close" });
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, list, close);
    dialog.setAttribute("aria-label", "Keys");
    document.body.append(dialog);
  }
  dialog.showModal();
}

const ACTIONS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
  "?": help,
};

export function keys() {
  document.querySelector("[data-help-button]").addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (typing) event.target.blur();
      else document.querySelector("details.action[open]")?.removeAttribute("open") ?? document.querySelector("[data-close]")?.click();
      return;
    }
    if (typing || !ACTIONS[event.key]) return;
    event.preventDefault();
    ACTIONS[event.key]();
  });
}
