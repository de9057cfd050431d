// One page, large: the words that match the question, the sentences that speak of it, the queries written for it.
import { get, pagePath, showImage } from "./api.js";
import { at, make } from "./dom.js";
import { nameOf } from "./files.js";
import { markEdit } from "./queries.js";
import { percent, saysOdds } from "./results.js";

const SVG = "http://www.w3.org/2000/svg", HUES = 8;
let shown = null;

export function openPage(query, ranking, place, ask) {
  shown = { query, ranking, place, ask };
  show();
  if (!at("page").open) { at("page").showModal(); at("page-name").focus(); }
}

export function closePage() { if (at("page").open) at("page").close(); }

async function show() {
  const now = shown, hit = now.ranking.results[now.place], name = nameOf(hit.document);
  keepAddress(hit.page_id);
  at("page-name").textContent = `${name}, page ${hit.number}`;
  const odds = saysOdds(now.ranking) ? `. With ${percent(hit.probability)} probability this page answers.` : "";
  at("page-place").textContent = `Rank ${hit.rank} of ${now.ranking.results.length} by ${now.ranking.model}, ${hit.first_stage_rank} before reranking${odds}`;
  at("page-back").disabled = now.place === 0;
  at("page-next").disabled = now.place === now.ranking.results.length - 1;
  at("page-fault").textContent = "";
  for (const id of ["marks", "match-list", "support-lines"]) at(id).replaceChildren();
  at("support-words").textContent = "Looking …";
  at("queries").hidden = true;
  at("page-image").alt = `Page ${hit.number} of ${name}`;
  at("leaf").classList.add("waiting");
  const parameters = new URLSearchParams({ query: now.query, model: now.ranking.model });
  const work = [
    showImage(at("page-image"), "page", hit.page_id).then(() => { if (shown === now) at("leaf").classList.remove("waiting"); }),
    get(`${pagePath("support", hit.page_id)}?${parameters}`).then(found => { if (shown === now) explain(found); }),
    get(pagePath("queries", hit.page_id)).then(found => { if (shown === now) list(found.queries); }),
  ];
  for (const error of (await Promise.allSettled(work)).filter(one => one.status === "rejected"))
    if (shown === now) at("page-fault").textContent = error.reason.message;
}

function keepAddress(page) {
  const address = new URLSearchParams(location.search);
  if (page) address.set("page", page); else address.delete("page");
  history.replaceState(null, "", `?${address}`);
}

function explain(found) {
  const marks = found.matches.map((one, index) => draw(one.box, `word hue${index % HUES}`));
  at("marks").replaceChildren(...found.passages.flatMap(one => one.boxes.map(box => draw(box, "mark"))), ...marks);
  at("match-list").replaceChildren(...found.matches.map((one, index) => {
    const same = one.word.toLowerCase() === one.text.toLowerCase().replace(/[^\p{L}\p{N}]+$/u, "");
    const item = make("li", { className: `match hue${index % HUES}`, tabIndex: 0 }, make("span", { text: one.word }));
    if (!same) item.append(make("span", { className: "soft", text: " → " }), make("span", { text: one.text }));
    for (const [on, off] of [["mouseenter", "mouseleave"], ["focus", "blur"]]) {
      item.addEventListener(on, () => marks[index].classList.add("lit"));
      item.addEventListener(off, () => marks[index].classList.remove("lit"));
    }
    return item;
  }));
  const unread = found.text_source === "none" ? "No text was found on this page." : found.text_source === "ocr" ? "Text read by OCR." : "";
  at("support-words").textContent = found.matches.length ? `Each word of the question with its best match here. ${unread}` : `No word of the question has a match here. ${unread}`;
  at("support-lines").replaceChildren(...found.passages.map(one => make("li", { text: one.text })));
}

function draw([left, top, right, bottom], kind) {
  const rect = document.createElementNS(SVG, "rect");
  const pad = kind === "mark" ? .003 : .0015;
  const place = { x: left - pad, y: top - pad, width: right - left + 2 * pad, height: bottom - top + 2 * pad, class: kind };
  for (const [name, value] of Object.entries(place)) rect.setAttribute(name, value);
  return rect;
}

function list(queries) {
  at("queries").hidden = !queries.length;
  at("query-list").replaceChildren(...queries.map(query => {
    const made = (query.made_from ?? []).map(other => make("li", { className: other.kind }, button(other)));
    const answer = query.answer ? [make("p", { className: "soft", text: query.answer })] : [];
    return make("li", { className: "positive" }, button(query), ...answer, ...(made.length ? [make("ul", { className: "plain" }, ...made)] : []));
  }));
}

function button(query) {
  const tag = query.kind === "hard_negative" ? `near miss: ${query.property || "edited"}` : query.kind === "rephrased" ? "rephrased" : "";
  const ask = make("button", { type: "button", className: "link" }, ...(query.kind === "hard_negative" ? markEdit(query) : [query.text]));
  ask.addEventListener("click", () => shown.ask(query.text));
  return make("span", {}, ask, ...(tag ? [" ", make("span", { className: "tag", text: tag })] : []));
}

function move(step) {
  const place = shown.place + step;
  if (place < 0 || place >= shown.ranking.results.length) return;
  shown = { ...shown, place };
  show();
}

function zoom() { at("page-zoom").setAttribute("aria-pressed", at("paper").classList.toggle("large")); }

at("page-back").addEventListener("click", () => move(-1));
at("page-next").addEventListener("click", () => move(1));
at("page-zoom").addEventListener("click", zoom);
at("page-close").addEventListener("click", closePage);
at("page").addEventListener("close", () => keepAddress(""));
at("page").addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), z: zoom };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
