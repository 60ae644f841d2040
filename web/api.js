// Asking the daemon. Who has signed in stays so as long as the tab lives.
const KEY = "sipsteer.session";

let session = JSON.parse(sessionStorage.getItem(KEY)); // {token, name, role}, or null

export const signedIn = () => session;
export const mayOrder = () => session?.role === "operate";

export function signOut() {
  session = null;
  sessionStorage.removeItem(KEY);
}

// Whose token it is; a Trouble if it is nobody's.
export async function signIn(token) {
  const { name, role } = await send("api/v1/login", { method: "POST", body: "{}", token });
  session = { token, name, role };
  sessionStorage.setItem(KEY, JSON.stringify(session));
}

// What went wrong: kind is "refused" (the daemon said why), "token" (it wants one, or another one), "away" (it does not answer).
export class Trouble extends Error {
  constructor(kind, message, reply = {}) {
    super(message);
    this.kind = kind;
    this.reply = reply;
  }
}

const TIMEOUT_MS = 8000;

async function send(path, { token = session?.token, ...options }) {
  const headers = { Accept: "application/json", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer, reply;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-cache", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    reply = await answer.json();
  } catch {
    throw new Trouble("away", "The daemon does not answer.");
  }
  if (answer.status === 401 || answer.status === 403) throw new Trouble("token", reply.error ?? "A token is needed.", reply);
  if (answer.status === 429) throw new Trouble("refused", reply.error ?? "Too many wrong tokens came from here.", reply);
  if (answer.status >= 500) throw new Trouble("away", reply.error ?? "The daemon does not answer.");
  if (!answer.ok || reply.ok === false) throw new Trouble("refused", reply.error ?? `The daemon answers ${answer.status}.`, reply);
  return reply;
}

export function ask(name, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return send(`api/v1/${name}${query ? `?${query}` : ""}`, { method: "GET" });
}

// Orders, and what has too many keys for a query.
export const tell = (name, parameters) => send(`api/v1/${name}`, { method: "POST", body: JSON.stringify(parameters) });
