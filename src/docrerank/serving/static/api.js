// Asks the server. The token, where one is needed, stays in this tab.
const KEY = "docrerank-token";

export class Failure extends Error {
  constructor(status, body) {
    super([body.message, body.hint].filter(Boolean).join(": ") || `the server answered with status ${status}`);
    this.status = status;
  }
}

export function setToken(token) { sessionStorage.setItem(KEY, token); }

async function send(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { message: "the server cannot be reached", hint: "is it still running?" });
  }
  if (!answer.ok) throw new Failure(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export async function get(path, options) { return (await send(path, options)).json(); }

export async function post(path, body, options) {
  const answer = await send(path, { method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json" }, ...options });
  return answer.status === 204 ? null : answer.json();
}

export async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  return (await send("/v1/documents", { method: "POST", body: form })).json();
}

export async function remove(path) { await send(path, { method: "DELETE" }); }

export function pagePath(kind, id) { return `/v1/${kind}/${id.split("/").map(encodeURIComponent).join("/")}`; }

// An image element cannot bear a token: its bytes are fetched and shown from memory. What it showed before goes at once.
export async function showImage(image, kind, id) {
  const wanted = image.dataset.wanted = `${kind}/${id}`;
  if (image.src) { URL.revokeObjectURL(image.src); image.removeAttribute("src"); }
  const data = await (await send(pagePath(`pages/${kind}`, id))).blob();
  if (image.dataset.wanted !== wanted) return;
  image.src = URL.createObjectURL(data);
  await image.decode().catch(() => {});
}
