// The run's own questions to begin with, and beside an asked one its near miss.
import { at, make } from "./dom.js";
import { hasNear, markEdit } from "./queries.js";

let examples = [];

export function showExamples(queries, ask) {
  examples = queries;
  at("examples").hidden = !queries.length;
  at("example-list").replaceChildren(...queries.map(query => {
    const item = make("li", { className: "example" }, make("button", { type: "button", className: "question", text: query.text }));
    item.firstChild.addEventListener("click", () => ask(query.text));
    const near = hasNear(query);
    if (near) {
      const button = make("button", { type: "button", className: "near" }, make("span", { className: "tag", text: "near miss" }), " ", ...markEdit(near));
      button.addEventListener("click", () => ask(near.text));
      item.append(button);
    }
    return item;
  }));
}

export function showNear(text, ranking, ask) {
  const original = examples.find(query => query.text === text || hasNear(query)?.text === text);
  const near = original && hasNear(original);
  at("near").hidden = !near;
  if (!near) return;
  const isNear = near.text === text;
  const button = make("button", { type: "button", className: "link" }, ...(isNear ? [original.text] : markEdit(near)));
  button.addEventListener("click", () => ask(isNear ? original.text : near.text));
  const words = isNear
    ? `This is a near miss: its ${near.property || "wording"} was changed, and no page answers it. The question it was made from: `
    : "Now ask its near miss, which no page answers: ";
  at("near").replaceChildren(make("p", {}, words, button));
}
