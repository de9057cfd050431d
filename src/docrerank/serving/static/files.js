// Files of one's own: their names stay in this browser, the documents on the server for an hour.
import { get, remove, upload } from "./api.js";
import { at, make } from "./dom.js";

const KEY = "docrerank-files";
const kept = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");
const names = new Map();

export function nameOf(document_) { return names.get(document_) ?? document_; }

export async function startFiles() {
  at("file").addEventListener("change", take);
  at("forget").addEventListener("click", forget);
  for (const kind of ["change", "shown"]) at("document").addEventListener(kind, offerDelete);
  const there = await Promise.all(kept().map(name => get(`/v1/documents/${encodeURIComponent(name)}`).catch(() => null)));
  there.filter(Boolean).forEach(add);
  keep();
}

function keep() { localStorage.setItem(KEY, JSON.stringify([...names.keys()])); }

function add(read) {
  names.set(read.document, read.file);
  const count = read.pages.length;
  at("document").append(make("option", { value: read.document, text: `${read.file} (${count} ${count === 1 ? "page" : "pages"}, yours)` }));
  at("go").disabled = false;
}

function offerDelete() { at("forget").hidden = !names.has(at("document").value); }

async function take() {
  const file = at("file").files[0];
  if (!file) return;
  at("fault").textContent = "";
  at("status").textContent = `Reading ${file.name} …`;
  document.body.classList.add("busy");
  try {
    const read = await upload(file);
    add(read);
    keep();
    at("document").value = read.document;
    offerDelete();
    const count = read.pages.length, lost = read.left_out.length ? ` Left out: ${read.left_out.join("; ")}.` : "";
    at("status").textContent = `${read.file}: ${count} ${count === 1 ? "page" : "pages"} read.${lost} Ask it something.`;
    at("rankings").replaceChildren();
    at("near").hidden = true;
    at("question").focus();
  } catch (error) {
    at("status").textContent = "";
    at("fault").textContent = error.message;
  } finally {
    at("file").value = "";
    document.body.classList.remove("busy");
  }
}

async function forget() {
  const name = at("document").value, file = nameOf(name);
  await remove(`/v1/documents/${encodeURIComponent(name)}`).catch(() => {});
  names.delete(name);
  keep();
  at("document").selectedOptions[0].remove();
  at("document").value = "";
  offerDelete();
  at("rankings").replaceChildren();
  at("status").textContent = `${file} is deleted.`;
  at("question").focus();
}
