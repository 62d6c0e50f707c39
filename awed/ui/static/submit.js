// The form for submissions: files can be dropped on it, and the document is checked while it is typed.

import { dress } from "./times.js";

const PAUSE = 500;
let timer = 0;
let asked = null;

function named(form) {
  return [...form.elements.files.files].map((file) => file.name);
}

async function check(form) {
  asked?.abort();
  asked = new AbortController();
  const body = new FormData();
  body.append("form_token", form.elements.form_token.value);
  body.append("document", new Blob([form.elements.document.value]), "document.json");
  body.append("named", named(form).join("\n"));
  try {
    const address = form.querySelector("[data-check]").formAction;
    const response = await fetch(address, { method: "POST", body, signal: asked.signal });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const told = page.querySelector("#told") ?? page.querySelector("[role=alert]");
    dress(told);
    document.querySelector("#told").replaceChildren(...told.childNodes);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function soon(form) {
  clearTimeout(timer);
  if (form.elements.document.value.trim()) timer = setTimeout(check, PAUSE, form);
}

/** A file with tasks in it is the document, all others are inputs. */
async function take(form, files) {
  const kept = new DataTransfer();
  for (const file of [...form.elements.files.files, ...files]) {
    const text = /\.(json|awf)$/i.test(file.name) ? await file.text() : "";
    if (text.includes('"tasks"')) form.elements.document.value = text;
    else kept.items.add(file);
  }
  form.elements.files.files = kept.files;
  list(form);
  soon(form);
}

function list(form) {
  const lines = [...form.elements.files.files].map((file) => Object.assign(document.createElement("li"), { textContent: file.name }));
  form.querySelector("#files").replaceChildren(...lines);
}

export function submitting() {
  const form = document.querySelector("form#submit");
  if (!form) return;
  form.addEventListener("input", (event) => event.target.name === "document" && soon(form));
  form.elements.files.addEventListener("change", () => take(form, []));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    take(form, event.dataTransfer.files);
  });
  // The server limits fields without a file name: a long document is sent as a file.
  form.addEventListener("formdata", (event) => {
    const text = event.formData.get("document");
    if (text.length > 30000) event.formData.set("document", new Blob([text]), "document.json");
  });
}
