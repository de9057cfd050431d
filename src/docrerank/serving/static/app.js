// Puts the views together: the token, asking, the opened page, the audit.
import { Failure, get, setToken } from "./api.js";
import { startAsking } from "./ask.js";
import { startAudit } from "./audit.js";
import { at } from "./dom.js";

async function start() {
  let models;
  try {
    models = (await get("/v1/models")).data;
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 401) { at("ask").hidden = false; at("fault").textContent = error.message; return; }
    askForToken(Boolean(sessionStorage.length));
    return;
  }
  at("token-form").hidden = true;
  if (!models.length) { auditAlone(); return; }
  at("ask").hidden = false;
  const documents = (await get("/v1/documents")).data;
  await startAsking(models, documents);
  if (documents.length) {
    at("show-audit").hidden = false;
    startAudit();
  }
}

// `docrerank audit` serves no model.
function auditAlone() {
  at("show-ask").hidden = true;
  show("audit");
  startAudit(new URLSearchParams(location.search).get("auditor"));
}

function askForToken(tried) {
  at("ask").hidden = true;
  at("token-form").hidden = false;
  at("token-fault").textContent = tried ? "That is not the token." : "";
  at("token").focus();
}

function show(name) {
  for (const view of ["ask", "audit"]) {
    at(view).hidden = view !== name;
    at(`show-${view}`).setAttribute("aria-pressed", view === name);
  }
}

at("token-form").addEventListener("submit", event => {
  event.preventDefault();
  setToken(at("token").value);
  start();
});
at("show-ask").addEventListener("click", () => show("ask"));
at("show-audit").addEventListener("click", () => show("audit"));
start();
