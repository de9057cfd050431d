// The question, its rankings side by side, the file to ask.
import { Failure, post, showImage, upload } from "./api.js";
import { at, fill, make } from "./dom.js";
import { openPage } from "./page.js";

const TOP = 12, CANDIDATES = 24;
let asking = null;

export function startAsking(models, documents) {
  const names = models.map(model => [model.id, model.id]);
  const best = models.find(model => model.fused) ?? models[0];
  fill(at("model"), names, best.id);
  fill(at("other"), [["", "nothing"], ...names], "");
  fill(at("document"), documents.length
    ? [["", "all documents"], ...documents.map(one => [one.document, `${one.document} (${one.pages} pages)`])]
    : [["", "no documents: choose a file"]], "");
  at("go").disabled = !documents.length;
  at("ask-form").addEventListener("submit", event => { event.preventDefault(); ask(); });
  for (const id of ["model", "other", "document"])
    at(id).addEventListener("change", () => { if (at("question").value.trim() && !at("go").disabled) ask(); });
  at("file").addEventListener("change", takeFile);
  at("question").focus();
}

async function takeFile() {
  const file = at("file").files[0];
  if (!file) return;
  at("fault").textContent = "";
  at("status").textContent = `Reading ${file.name} …`;
  document.body.classList.add("busy");
  try {
    const read = await upload(file);
    const count = read.pages.length;
    at("document").append(make("option", { value: read.document, text: `${file.name} (${count} pages, yours)`, selected: true }));
    at("go").disabled = false;
    const lost = read.left_out.length ? ` Left out: ${read.left_out.join("; ")}.` : "";
    at("status").textContent = `${file.name}: ${count} ${count === 1 ? "page" : "pages"} read.${lost} Ask it something.`;
    at("rankings").replaceChildren();
    at("question").focus();
  } catch (error) {
    at("status").textContent = "";
    at("fault").textContent = error.message;
  } finally {
    at("file").value = "";
    document.body.classList.remove("busy");
  }
}

async function ask() {
  asking?.abort();
  const control = asking = new AbortController();
  const query = at("question").value.trim(), document_ = at("document").value || null;
  const models = [...new Set([at("model").value, at("other").value].filter(Boolean))];
  at("fault").textContent = "";
  at("status").textContent = "Asking …";
  document.body.classList.add("busy");
  const started = performance.now();
  try {
    const found = await Promise.all(models.map(model => post("/v1/search",
      { query, model, document: document_, top_k: TOP, candidates: CANDIDATES }, { signal: control.signal })));
    show(query, found, Math.round(performance.now() - started));
  } catch (error) {
    if (error.name === "AbortError") return;
    at("status").textContent = "";
    at("fault").textContent = error instanceof Failure ? error.message : String(error);
  } finally {
    if (asking === control) document.body.classList.remove("busy");
  }
}

function show(query, rankings, ms) {
  const box = at("rankings");
  box.classList.toggle("two", rankings.length > 1);
  box.replaceChildren(...rankings.map(ranking => build(query, ranking, rankings)));
  const count = rankings[0].results.length;
  at("status").textContent = `${count} ${count === 1 ? "page" : "pages"} of ${CANDIDATES} candidates at most, in ${ms} ms.`;
}

function build(query, ranking, all) {
  const section = make("section", { className: "ranking", "aria-label": `Ranking by ${ranking.model}` });
  section.append(make("h2", { text: `By ${ranking.model}` }));
  const { answered, relevance, relevance_threshold: bar } = ranking.answer;
  if (answered === false)
    section.append(make("p", { className: "nothing", role: "note",
      text: `No page answers this: relevance ${relevance.toFixed(2)}, and ${bar.toFixed(2)} is asked for. The closest pages:` }));
  const list = make("ol", { className: "hits" });
  list.append(...ranking.results.map((hit, place) => make("li", {}, buildHit(query, ranking, place, all))));
  section.append(list);
  return section;
}

function buildHit(query, ranking, place, all) {
  const hit = ranking.results[place], moved = hit.first_stage_rank - hit.rank;
  const image = make("img", { className: "thumb", alt: "", width: 104, height: 138 });
  showImage(image, "thumbnail", hit.page_id).catch(() => { image.alt = "no picture"; });
  const words = moved > 0 ? `up from ${hit.first_stage_rank}` : moved < 0 ? `down from ${hit.first_stage_rank}` : `as in the first stage`;
  const facts = make("p", { className: "facts" }, make("span", { text: `score ${hit.score.toFixed(3)}` }),
    make("span", { text: `${moved > 0 ? "▲ " : moved < 0 ? "▼ " : ""}${words}`, className: moved > 0 ? "up" : moved < 0 ? "down" : "" }));
  const other = all.find(one => one !== ranking)?.results.find(one => one.page_id === hit.page_id);
  if (all.length > 1) facts.append(make("span", { text: other ? `rank ${other.rank} there` : `not among the first there` }));
  const title = make("p", { className: "title" }, make("span", { className: "place", text: `${hit.rank}` }), " ",
    `${hit.document.startsWith("upload-") ? "Your file" : hit.document}, page ${hit.number}`);
  const button = make("button", { type: "button", className: "hit" }, image,
    make("div", {}, title, facts, make("p", { className: "snippet", text: hit.snippet })));
  button.addEventListener("click", () => openPage(query, ranking, place));
  return button;
}
