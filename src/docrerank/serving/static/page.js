// One page, large: its words and lines that support the question, and the queries that were written for it.
import { get, pagePath, showImage } from "./api.js";
import { at, make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
let shown = null;

export function openPage(query, ranking, place) {
  shown = { query, ranking, place };
  show();
  if (!at("page").open) at("page").showModal();
}

async function show() {
  const now = shown, hit = now.ranking.results[now.place];
  const name = hit.document.startsWith("upload-") ? "Your file" : hit.document;
  at("page-name").textContent = `${name}, page ${hit.number}`;
  at("page-place").textContent = `Rank ${hit.rank} by ${now.ranking.model}, score ${hit.score.toFixed(3)}; rank ${hit.first_stage_rank} in the first stage.`;
  at("page-back").disabled = now.place === 0;
  at("page-next").disabled = now.place === now.ranking.results.length - 1;
  at("page-fault").textContent = "";
  at("marks").replaceChildren();
  at("support-lines").replaceChildren();
  at("support-words").textContent = "Looking …";
  at("queries").hidden = true;
  at("page-image").alt = `Page ${hit.number} of ${name}`;
  const parameters = new URLSearchParams({ query: now.query, model: now.ranking.model });
  await Promise.all([
    showImage(at("page-image"), "page", hit.page_id),
    get(`${pagePath("support", hit.page_id)}?${parameters}`).then(found => { if (shown === now) mark(found); }),
    get(pagePath("queries", hit.page_id)).then(found => { if (shown === now) list(found.queries); }),
  ]).catch(error => { at("page-fault").textContent = error.message; });
}

function mark(found) {
  const boxes = [...found.lines.map(one => [one, "mark"]), ...found.words.map(one => [one, "word"])];
  at("marks").replaceChildren(...boxes.map(([{ box: [left, top, right, bottom] }, kind]) => {
    const rect = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top, class: kind }))
      rect.setAttribute(name, value);
    return rect;
  }));
  const words = [...new Set(found.words.map(one => one.text))];
  const source = { layer: "the page's text layer", ocr: "OCR", none: "nothing: no text was found on it" }[found.text_source];
  at("support-words").textContent = (words.length ? `Words of the question on it: ${words.slice(0, 12).join(", ")}. ` : "No word of the question is on it. ")
    + `Read from ${source}.`;
  at("support-lines").replaceChildren(...found.lines.map(line => make("li", { text: line.text })));
}

function list(queries) {
  at("queries").hidden = !queries.length;
  at("query-list").replaceChildren(...queries.map(query => {
    const item = make("li", { className: "positive" }, query.text);
    if (query.answer) item.append(" ", make("span", { className: "tag", text: `answer: ${query.answer}` }));
    const made = (query.made_from ?? []).map(one => make("li", { className: one.kind }, ...tell(one)));
    if (made.length) item.append(make("ul", { className: "plain" }, ...made));
    return item;
  }));
}

// A hard negative with its one edit: what was put in stands out, what it replaced follows.
function tell(query) {
  const start = query.edited ? query.text.indexOf(query.edited) : -1;
  if (query.kind !== "hard_negative") return [query.text, " ", make("span", { className: "tag", text: "rephrased" })];
  const tag = make("span", { className: "tag", text: `not answered: ${query.property || "edited"}` });
  if (start < 0) return [query.text, " ", tag];
  const old = query.original ? [" ", make("del", { text: query.original })] : [];
  return [query.text.slice(0, start), make("ins", { text: query.edited }), query.text.slice(start + query.edited.length), ...old, " ", tag];
}

function move(step) {
  const place = shown.place + step;
  if (place < 0 || place >= shown.ranking.results.length) return;
  shown = { ...shown, place };
  show();
}

function zoom() {
  const large = at("paper").classList.toggle("large");
  at("page-zoom").setAttribute("aria-pressed", large);
}

at("page-back").addEventListener("click", () => move(-1));
at("page-next").addEventListener("click", () => move(1));
at("page-zoom").addEventListener("click", zoom);
at("page-close").addEventListener("click", () => at("page").close());
at("page").addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), z: zoom };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
