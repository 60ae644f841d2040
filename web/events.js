// The time line: what has happened, the newest first.
import { ask } from "./api.js";
import { byId, clock, day, el, keyed, show, text } from "./dom.js";
import { stateIcon } from "./states.js";

const SHOWN = 200;
const state = { events: [], last: 0, asking: false };

// A sign for each, by what has come of it.
function sign({ kind, what, after }) {
  const to = /-> (\w+)/.exec(what)?.[1] ?? after?.verdict;
  if (kind === "verdict" && ["up", "down", "draining", "unknown"].includes(to)) return to;
  if (kind === "site") return /back|up/.test(what) ? "up" : "down";
  if (kind === "alarm" || kind === "load") return /end|over|no longer|room/.test(what) ? "up" : "degraded";
  if (kind === "order") return /^disable/.test(what) ? "disabled" : /^drain/.test(what) ? "draining" : "planned";
  return "planned";
}

function words(event) {
  const subject = event.target ? `${event.target}: ` : "", by = event.who ? `, by ${event.who}${event.from ? ` (${event.from})` : ""}` : "";
  return `${subject}${event.what}${by}${event.why ? `: ${event.why}` : ""}`;
}

function make(event) {
  return el("li", { class: `event kind-${event.kind}` }, stateIcon(sign(event)), el("time", { datetime: new Date(event.at_ms).toISOString(), title: day(event.at_ms) }, clock(event.at_ms)),
    el("span", { class: "event-kind" }, event.kind), el("span", { class: "event-words" }, words(event)));
}

function draw() {
  const kinds = byId("event-kind").value.split(",").filter(Boolean);
  const shown = state.events.filter((event) => !kinds.length || kinds.includes(event.kind)).slice(0, SHOWN);
  keyed(byId("event-list"), shown, (event) => event.id, make);
  show(byId("event-none"), shown.length === 0);
  text(byId("event-none"), state.events.length ? "Nothing of that kind." : "Nothing has happened yet.");
}

export async function updateEvents(overview) {
  if (overview.event === state.last || state.asking) return;
  state.asking = true;
  try {
    const { history } = await ask("history", state.last ? { since: state.last, limit: SHOWN } : { limit: SHOWN });
    const fresh = history.events.filter((event) => event.id > state.last).reverse();
    state.events = [...fresh, ...state.events].slice(0, 2 * SHOWN);
    state.last = Math.max(state.last, ...fresh.map((event) => event.id), history.more ? 0 : overview.event);
    draw();
  } catch {
    state.last = overview.event; // older daemons keep none
  } finally {
    state.asking = false;
  }
}

export function startEvents() {
  byId("event-kind").addEventListener("change", draw);
}
