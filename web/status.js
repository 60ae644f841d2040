// The public page: of each site whether it works, and what is planned. Asks each 15 s.
import { byId, el, keyed, plural, set, show, text, when } from "./dom.js";
import { setIcon, stateIcon } from "./states.js";

const INTERVAL_MS = 15000;
const SHAPES = { up: "up", degraded: "degraded", down: "down", maintenance: "disabled", unknown: "unknown" };
const WORDS = { up: "up", degraded: "degraded", down: "down", maintenance: "maintenance", unknown: "not known" };

let at = 0;

function make(site) {
  return el("li", {}, stateIcon("unknown"), el("span", { class: "name" }, site.site, " ", el("span", { class: "muted" }, site.region)), el("span"));
}

function update(row, site) {
  const [icon, , state] = row.children;
  setIcon(icon, SHAPES[site.state] ?? "unknown");
  set(state, { class: `site-state word-${SHAPES[site.state] ?? "unknown"}` });
  text(state, `${WORDS[site.state] ?? site.state}${site.until_s ? ` until ${when(site.until_s * 1000)}` : ""}`);
}

function makePlanned({ site, from_s: from, until_s: until }) {
  return el("li", {}, stateIcon("planned"), el("span", { class: "name" }, site), el("span", { class: "site-state" }, `${when(from * 1000)}${until ? ` to ${when(until * 1000)}` : ""}`));
}

function summary(sites) {
  const bad = sites.filter((site) => site.state === "down" || site.state === "degraded" || site.state === "unknown").length;
  if (bad) return [sites.some((site) => site.state === "down") ? "down" : "degraded", `${plural(bad, "site has", "sites have")} a problem; calls go to the others.`];
  const away = sites.filter((site) => site.state === "maintenance").length;
  return away ? ["disabled", `${plural(away, "site is", "sites are")} under maintenance; calls go to the others.`] : ["up", "All sites are up."];
}

async function look() {
  try {
    const answer = await fetch("status.json", { cache: "no-cache", credentials: "omit", signal: AbortSignal.timeout(8000) });
    const { public_status: told } = await answer.json();
    const [state, words] = summary(told.sites);
    byId("summary").replaceChildren(stateIcon(state), el("span", {}, words));
    keyed(byId("sites"), told.sites, (site) => site.site, make, update);
    const planned = told.sites.flatMap((site) => (site.planned ?? []).map((one) => ({ site: site.site, ...one })));
    keyed(byId("planned"), planned, (one) => `${one.site} ${one.from_s} ${one.until_s}`, makePlanned);
    show(byId("planned-part"), planned.length > 0);
    at = Date.now();
    document.body.classList.remove("stale");
    text(byId("as-of"), `As of ${when(at)}. This page asks again each ${INTERVAL_MS / 1000} seconds.`);
  } catch {
    document.body.classList.toggle("stale", at > 0);
    text(byId("as-of"), `${at ? `The last news is from ${when(at)}. ` : ""}No answer now; trying again each ${INTERVAL_MS / 1000} seconds.`);
  }
  setTimeout(look, INTERVAL_MS);
}

look();
