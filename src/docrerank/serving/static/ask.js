// The question, where and by which model it is asked; all of it is in the address.
import { Failure, get, post } from "./api.js";
import { at, fill } from "./dom.js";
import { startFiles } from "./files.js";
import { closePage, openPage } from "./page.js";
import { showExamples, showNear } from "./examples.js";
import { buildRanking, percent, saysOdds } from "./results.js";

const TOP = 12, CANDIDATES = 24;
let asking = null, asked = "", found = [];

export async function startAsking(models, documents) {
  const names = models.map(model => [model.id, model.id]);
  const best = models.find(model => model.fused) ?? models[0];
  fill(at("model"), names, best.id);
  fill(at("other"), [["", "no other model"], ...names], "");
  fill(at("document"), documents.length
    ? [["", "all documents"], ...documents.map(one => [one.document, `${one.document} (${one.pages} pages)`])]
    : [["", "no documents yet: add a file"]], "");
  at("go").disabled = !documents.length;
  at("ask-form").addEventListener("submit", event => { event.preventDefault(); ask(); });
  for (const id of ["model", "other", "document"])
    at(id).addEventListener("change", () => { if (at("question").value.trim() && !at("go").disabled) ask(); });
  await startFiles();
  showExamples((await get("/v1/queries").catch(() => ({ queries: [] }))).queries, askThis);
  addEventListener("popstate", restore);
  if (new URLSearchParams(location.search).get("q")) await restore(); else at("question").focus();
}

export function askThis(text) {
  closePage();
  at("question").value = text;
  scrollTo({ top: 0 });
  ask();
}

// What the address says is shown: after a reload, a step back, or when someone was sent a link.
async function restore() {
  const wanted = new URLSearchParams(location.search);
  closePage();
  at("question").value = wanted.get("q") ?? "";
  for (const [id, name] of [["document", "in"], ["model", "model"], ["other", "other"]])
    if ([...at(id).options].some(option => option.value === (wanted.get(name) ?? ""))) at(id).value = wanted.get(name) ?? "";
  at("document").dispatchEvent(new Event("shown"));
  if (!at("question").value.trim()) { clear(); return; }
  await ask(false);
  const place = found[0]?.results.findIndex(hit => hit.page_id === wanted.get("page")) ?? -1;
  if (place >= 0) openPage(asked, found[0], place, askThis);
}

function clear() {
  at("rankings").replaceChildren();
  at("status").textContent = at("fault").textContent = "";
  at("near").hidden = true;
  document.body.classList.remove("answered");
  document.title = "docrerank";
}

async function ask(remember = true) {
  asking?.abort();
  const control = asking = new AbortController();
  const query = at("question").value.trim(), where = at("document").value || null;
  const models = [...new Set([at("model").value, at("other").value].filter(Boolean))];
  if (remember) keepAddress({ q: query, in: where, model: models[0], other: models[1] });
  at("fault").textContent = "";
  at("status").textContent = "Asking …";
  document.body.classList.add("busy");
  const started = performance.now();
  try {
    found = await Promise.all(models.map(model => post("/v1/search",
      { query, model, document: where, top_k: TOP, candidates: CANDIDATES }, { signal: control.signal })));
    asked = query;
    show(Math.round(performance.now() - started));
  } catch (error) {
    if (error.name === "AbortError") return;
    at("status").textContent = "";
    at("rankings").replaceChildren();
    at("fault").textContent = error instanceof Failure ? error.message : String(error);
  } finally {
    if (asking === control) document.body.classList.remove("busy");
  }
}

function keepAddress(values) {
  const address = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  if (`?${address}` !== location.search) history.pushState(null, "", `?${address}`);
}

function show(ms) {
  document.body.classList.add("answered");
  document.title = `${asked} – docrerank`;
  const box = at("rankings");
  box.classList.toggle("two", found.length > 1);
  const open = (ranking, place) => openPage(asked, ranking, place, askThis);
  box.replaceChildren(...found.map(ranking => buildRanking(asked, ranking, found, open)));
  showNear(asked, found[0], askThis);
  const count = found[0].results.length;
  const odds = found.length === 1 && saysOdds(found[0]) ? `, one of which answers with ${percent(found[0].answer.probability)} probability` : "";
  at("status").textContent = `${count} ${count === 1 ? "page" : "pages"} in ${ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`}${odds}.`;
}
