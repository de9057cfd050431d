// Rankings: pages under their documents, with a probability that people can read.
import { showImage } from "./api.js";
import { make } from "./dom.js";
import { nameOf } from "./files.js";

export function buildRanking(query, ranking, all, open) {
  const section = make("section", { className: "ranking", "aria-label": `Ranking by ${ranking.model}` });
  section.append(make("h2", { text: all.length > 1 ? ranking.model : "Results", className: all.length > 1 ? "" : "hidden" }));
  if (answersNot(ranking)) section.append(buildNothing(ranking.answer));
  const list = make("ol", { className: "groups" });
  for (const [document_, places] of group(ranking.results)) {
    const [first, ...rest] = places;
    const item = make("li", { className: "group" },
      make("h3", { text: nameOf(document_) }), buildHit(query, ranking, first, all, open));
    if (rest.length) item.append(make("ul", { className: "siblings", "aria-label": `Other pages of ${nameOf(document_)}` },
      ...rest.map(place => make("li", {}, buildSibling(query, ranking, place, all, open)))));
    list.append(item);
  }
  section.append(list);
  return section;
}

// By the names and figures of the question, or by what the model makes of the best page.
const UNLIKELY = .2;
export function answersNot({ answer }) { return answer.answered === false || (answer.answered && (answer.probability ?? 1) < UNLIKELY); }

function buildNothing({ answered, probability }) {
  const why = answered === false ? "Some names or figures of the question stand on none of these pages."
    : `With ${percent(probability)} probability one of these pages answers.`;
  return make("div", { className: "nothing", role: "note" },
    make("p", { className: "headline", text: "Nothing here answers this" }),
    make("p", { text: `${why} The closest ones all the same:` }));
}

function group(results) {
  const groups = new Map();
  results.forEach((hit, place) => groups.set(hit.document, [...(groups.get(hit.document) ?? []), place]));
  return groups;
}

function buildHit(query, ranking, place, all, open) {
  const hit = ranking.results[place];
  const image = make("img", { className: "thumb", alt: "", width: 132, height: 172 });
  showImage(image, "thumbnail", hit.page_id).catch(() => image.classList.add("none"));
  return make("div", { className: "hit" }, image, make("div", { className: "body" },
    make("div", { className: "title" }, buildOpener(hit, () => open(ranking, place)),
      ...(hit.kind ? [make("span", { className: "tag", text: hit.kind })] : []), ...buildOdds(ranking, hit)),
    make("p", { className: "snippet" }, ...emphasise(query, hit.snippet)),
    make("p", { className: "facts", text: moves(hit, ranking, all) })));
}

function buildSibling(query, ranking, place, all, open) {
  const hit = ranking.results[place];
  return make("div", { className: "sibling" }, buildOpener(hit, () => open(ranking, place)),
    make("span", { className: "snippet" }, ...emphasise(query, hit.snippet)), ...buildOdds(ranking, hit));
}

// The button has a short name; the whole card around it can be pressed.
function buildOpener(hit, open) {
  const button = make("button", { type: "button", className: "open" }, make("span", { className: "place", text: `${hit.rank}` }),
    ` Page ${hit.number}`, make("span", { className: "hidden", text: ` of ${nameOf(hit.document)}` }));
  button.addEventListener("click", open);
  return button;
}

function buildOdds(ranking, hit) {
  if (!saysOdds(ranking)) return [];
  const bar = make("span", { className: "meter" }, make("span", {}));
  bar.firstChild.style.inlineSize = `${Math.round(100 * hit.probability)}%`;
  return [make("span", { className: "odds", title: "How likely this page answers" }, bar, percent(hit.probability))];
}

export function saysOdds(ranking) { return !answersNot(ranking) && ranking.results[0].probability !== null; }

export function percent(share) {
  return share > 0 && share < .01 ? "under 1 %" : share < 1 && share > .99 ? "over 99 %" : `${Math.round(100 * share)} %`;
}

function moves(hit, ranking, all) {
  const moved = hit.first_stage_rank - hit.rank;
  const here = moved > 0 ? `▲ up from ${hit.first_stage_rank} before reranking` : moved < 0 ? `▼ down from ${hit.first_stage_rank} before reranking` : "same rank before reranking";
  if (all.length < 2) return here;
  const other = all.find(one => one !== ranking).results.find(one => one.page_id === hit.page_id);
  return `${here} · ${other ? `rank ${other.rank} there` : "not among the first there"}`;
}

// Words of the question in bold; compared by their beginnings, as an ending may differ.
function emphasise(query, text) {
  const starts = (query.toLowerCase().match(/[\p{L}\p{N}.,]{3,}/gu) ?? []).map(word => word.replace(/[.,]+$/, ""))
    .filter(word => word.length > 3 || /\d/.test(word)).map(word => /\d/.test(word) ? word : word.slice(0, Math.max(4, word.length - 3)));
  return text.split(/(\s+)/).map(word => {
    const bare = word.toLowerCase().replace(/^[^\p{L}\p{N}]+/u, "");
    return bare && starts.some(start => bare.startsWith(start)) ? make("b", { text: word }) : word;
  });
}
