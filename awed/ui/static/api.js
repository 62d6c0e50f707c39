// The forms of the API's page: makes the call that a form describes, and shows the answer.

const MOST = 200000;

const running = new WeakMap();

/** What the form of a call says: its address in the API, and its body. */
function read(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const parts = new FormData();
  let body = "";
  for (const field of form.elements) {
    const [where, name] = split(field.name);
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(field.value));
    else if (where === "query" && field.type === "checkbox") field.checked && query.append(name, "");
    else if (where === "query" && field.value) query.append(name, field.value);
    else if (where === "part") for (const file of field.files) parts.append(name, file);
    else if (where === "body") body = field.value;
  }
  const text = query.toString().replaceAll(/=(?=&|$)/g, "");
  return { address: path.slice(1) + (text && `?${text}`), parts: [...parts].length ? parts : null, body };
}

function split(name) {
  const at = name.indexOf(".");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same call for a shell. */
function curl(form) {
  const { address, parts, body } = read(form);
  const words = ["curl"];
  if (form.dataset.try !== "GET") words.push("-X", form.dataset.try);
  if (document.querySelector("#authorization").value) words.push("-H", `"Authorization: $TOKEN"`);
  for (const [name, file] of parts ?? []) words.push("-F", quoted(`${name}=@${file.name}`));
  if (body) words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(body));
  words.push(quoted(`${form.dataset.base}/${address}`));
  form.querySelector(".curl").textContent = words.join(" ");
}

async function call(form) {
  running.get(form)?.abort();
  const ends = new AbortController();
  running.set(form, ends);
  const { address, parts, body } = read(form);
  const headers = { "Awe-Form-Token": form.elements.form_token.value };
  const authorization = document.querySelector("#authorization").value;
  if (authorization) headers.Authorization = authorization;
  if (body) headers["Content-Type"] = "application/json";
  const pane = form.parentNode.querySelector("[data-answer]");
  const told = Object.assign(document.createElement("p"), { textContent: "Asking …" });
  const stop = Object.assign(document.createElement("button"), { type: "button", textContent: "Stop" });
  stop.addEventListener("click", () => ends.abort());
  const text = Object.assign(document.createElement("pre"), { className: "document", tabIndex: 0 });
  pane.replaceChildren(told, stop, text);
  const began = performance.now();
  try {
    const options = { method: form.dataset.try, headers, body: parts ?? (body || undefined), signal: ends.signal };
    const answer = await fetch(form.dataset.api + address, options);
    const took = Math.round(performance.now() - began);
    told.textContent = `${answer.status} ${answer.statusText} · ${answer.headers.get("content-type") ?? "no content"} · ${took} ms`;
    told.dataset.status = answer.status;
    await show(answer, text);
  } catch (error) {
    if (error.name !== "AbortError") told.textContent = `No answer: ${error.message}`;
  }
  stop.remove();
}

/** Adds what comes as it comes, up to MOST characters; JSON that is whole is indented. */
async function show(answer, pane) {
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pane.append(decoder.decode(value, { stream: true }));
    if (pane.textContent.length < MOST) continue;
    pane.textContent = `${pane.textContent.slice(0, MOST)}\n… the rest is not shown`;
    await reader.cancel();
    return;
  }
  if (!/json/.test(answer.headers.get("content-type"))) return;
  pane.textContent = JSON.stringify(JSON.parse(pane.textContent), null, 2);
}

export function trying() {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-try]") || event.defaultPrevented) return;
    event.preventDefault();
    call(event.target);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-try]");
    if (form) curl(form);
    else if (event.target.id === "authorization") document.querySelectorAll("[data-try]").forEach(curl);
  });
}
