// Queries written for pages: a hard negative with its one edit.
import { make } from "./dom.js";

export function hasNear(query) { return (query.made_from ?? []).find(one => one.kind === "hard_negative"); }

// What was put in stands out, what it replaced follows.
export function markEdit(query) {
  const start = query.edited ? query.text.indexOf(query.edited) : -1;
  if (start < 0) return [query.text];
  const old = query.original ? [" ", make("del", { text: query.original })] : [];
  return [query.text.slice(0, start), make("ins", { text: query.edited }), query.text.slice(start + query.edited.length), ...old];
}
