// The audit: one person judges the run's queries against their pages, with the keyboard or a finger.
import { get, post, showImage } from "./api.js";
import { at } from "./dom.js";

let items = [], judged = {}, place = 0, auditor = "";

export function startAudit(name = "") {
  at("auditor-form").addEventListener("submit", async event => {
    event.preventDefault();
    auditor = at("auditor").value;
    try {
      const sheet = await get(`/v1/audit?${new URLSearchParams({ auditor })}`);
      items = sheet.items; judged = sheet.judgements;
    } catch (error) { at("auditor-fault").textContent = error.message; return; }
    place = Math.max(0, items.findIndex(item => !judged[item.id]));
    at("auditor-form").hidden = true;
    at("sheet").hidden = false;
    show();
  });
  for (const button of document.querySelectorAll("[data-judgement]"))
    button.addEventListener("click", () => judge(button.dataset.judgement));
  at("audit-back").addEventListener("click", () => move(-1));
  at("audit-next").addEventListener("click", () => move(1));
  at("audit-image").addEventListener("click", zoom);
  document.addEventListener("keydown", press);
  if (name) { at("auditor").value = name; at("auditor-form").requestSubmit(); }
}

function show() {
  const item = items[place], done = items.filter(one => judged[one.id]).length;
  at("audit-count").textContent = `${place + 1} of ${items.length} · ${done} judged`;
  at("audit-bar").max = items.length; at("audit-bar").value = done;
  at("audit-query").textContent = item.text;
  at("audit-page").textContent = `Page ${item.page_id}`;
  at("audit-image").alt = `Page ${item.page_id}`;
  at("audit-fault").textContent = "";
  for (const button of document.querySelectorAll(".stack [data-judgement]"))
    button.setAttribute("aria-pressed", judged[item.id] === button.dataset.judgement);
  showImage(at("audit-image"), "page", item.page_id).catch(error => { at("audit-fault").textContent = error.message; });
}

async function judge(judgement) {
  const item = items[place];
  try {
    await post("/v1/audit", { auditor, item: item.id, judgement });
  } catch (error) { at("audit-fault").textContent = `Not saved: ${error.message}`; return; }
  if (judgement) judged[item.id] = judgement; else delete judged[item.id];
  if (judgement && place + 1 < items.length) place += 1;
  show();
}

function go() {
  const open = [...items.keys()].map(step => (place + 1 + step) % items.length).find(at => !judged[items[at].id]);
  if (open !== undefined) { place = open; show(); }
}

function zoom() { at("audit-image").parentElement.classList.toggle("large"); }

function move(step) { place = Math.min(items.length - 1, Math.max(0, place + step)); show(); }

function press(event) {
  const typing = event.target.closest("input, select, dialog");
  if (at("audit").hidden || at("sheet").hidden || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { a: () => judge("answerable"), n: () => judge("not"), u: () => judge("unclear"), Backspace: () => judge(""),
    ArrowLeft: () => move(-1), ArrowRight: () => move(1), g: go, z: zoom };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
}
