// The page's clock: asks the daemon each second, and gives what it says to every part.
import { ask } from "./api.js";
import { announce, byId, el, keyed, number, plural, set, show, span, text, clock } from "./dom.js";
import { refreshDetail, startDetail, updateDetail } from "./detail.js";
import { updateEvents, startEvents } from "./events.js";
import { startExplain } from "./explain.js";
import { setSpark, spark } from "./gauge.js";
import { mapText, redrawMap, startMap, updateMap } from "./map.js";
import { startOrders, updateOrders } from "./orders.js";
import { askToSign, startSession } from "./session.js";
import { startSites, updateSites } from "./sites.js";
import { stateIcon, STATES, word } from "./states.js";
import { startWhatIf, suppose } from "./what_if.js";

const INTERVAL_MS = 1000, LINE = 60;

const page = { overview: null, at: 0, awaySince: 0, selected: null, lines: { queries: [], answers: [] }, before: null };

// --- the head

const lineNodes = { queries: spark(), answers: spark() };

// From counters to rates; a restarted daemon counts from 0 again.
function rates(overview) {
  const before = page.before, seconds = before ? (overview.uptime_ms - before.uptime_ms) / 1000 : 0;
  page.before = { uptime_ms: overview.uptime_ms, ...overview.counters };
  if (seconds < 0.2 || overview.counters.queries < before.queries) return;
  for (const key of ["queries", "answers"]) {
    const line = page.lines[key], rate = (overview.counters[key] - before[key]) / seconds;
    line.push(rate);
    if (line.length > LINE) line.shift();
    text(byId(key), number(Math.round(rate)));
    setSpark(lineNodes[key], line);
  }
}

function updateHead(overview) {
  const name = overview.id || location.hostname;
  text(byId("server-name"), name);
  const title = overview.alarms.length ? `(${overview.alarm_count}) ${name} · sipsteer` : `${name} · sipsteer`;
  if (document.title !== title) document.title = title;
  text(byId("phase"), `${overview.phase}, since ${span(overview.uptime_ms)}`);
  text(byId("endpoints-up"), `${number(overview.endpoints.up)} of ${number(overview.endpoints.total)}`);
  text(byId("sites-up"), `${overview.sites.filter((site) => site.state === "up").length} of ${overview.sites.length}`);
  text(byId("program"), `${overview.program}, answers of generation ${overview.generation}; ${number(overview.probes.per_second)} probes a second`);
  text(byId("map-text"), mapText(overview));
  text(byId("callers-note"), overview.callers.length === 0 ? "Where callers are is not known."
    : overview.measured ? `These are ${Math.round(overview.watched * 100)} % of all queries.` : "No queries measured yet: shares of addresses.");
  rates(overview);
}

function updateAlarms(overview) {
  const list = byId("alarm-list"), known = new Set([...list.children].map((item) => item.textContent));
  keyed(list, overview.alarms, (alarm) => alarm, (alarm) => el("li", {}, alarm));
  for (const alarm of overview.alarms.filter((one) => !known.has(one))) announce(`Alarm: ${alarm}`);
  show(byId("alarms"), overview.alarms.length > 0);
}

const told = new Map();

function tellChanges(overview) {
  for (const { site, state } of overview.sites) {
    if (told.has(site) && told.get(site) !== state) announce(`${site} is ${word(state)}`);
    told.set(site, state);
  }
}

// --- choosing a site

function choose(name) {
  if (suppose(name)) return;
  page.selected = page.selected === name ? null : name;
  updateDetail(page.overview, page.selected);
  updateSites(page.overview, page.selected);
}

function deselect() {
  const name = page.selected;
  page.selected = null;
  updateDetail(page.overview, null);
  updateSites(page.overview, null);
  document.querySelector(`#site-list [data-site="${CSS.escape(name ?? "")}"] button`)?.focus();
}

// --- the clock

function update(overview) {
  performance.mark("update");
  page.overview = overview;
  page.at = Date.now();
  updateHead(overview);
  updateAlarms(overview);
  tellChanges(overview);
  updateMap(overview);
  updateSites(overview, page.selected);
  updateOrders(overview);
  updateEvents(overview);
  updateDetail(overview, page.selected);
  performance.measure("sipsteer update", "update");
  if (performance.getEntriesByName("sipsteer update").length > 100) performance.clearMeasures("sipsteer update");
}

function updateAway() {
  const away = page.awaySince > 0;
  document.body.classList.toggle("stale", away);
  show(byId("away"), away);
  if (!away) return;
  text(byId("away"), `The daemon cannot be reached since ${clock(page.awaySince)}, for ${span(Date.now() - page.awaySince)}. `
    + `${page.at ? `What is shown is from ${clock(page.at)}. ` : ""}Trying again each second.`);
}

async function tick() {
  const began = performance.now();
  try {
    if (!document.hidden) {
      const { overview } = await ask("overview");
      if (page.awaySince) announce("The daemon is reached again.");
      page.awaySince = 0;
      update(overview);
      await refreshDetail(page.selected);
    }
  } catch (trouble) {
    if (trouble.kind === "token") askToSign(trouble.message);
    else if (trouble.kind) page.awaySince ||= Date.now();
    else throw trouble;
  } finally {
    updateAway();
    setTimeout(tick, Math.max(100, INTERVAL_MS - (performance.now() - began)));
  }
}

// --- light and dark

const THEMES = ["system", "light", "dark"];

function setTheme(theme) {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("sipsteer.theme");
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("sipsteer.theme", theme);
  }
  text(byId("theme"), `Theme: ${theme}`);
  redrawMap();
}

function startTheme() {
  text(byId("theme"), `Theme: ${document.documentElement.dataset.theme ?? "system"}`);
  byId("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % THEMES.length]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawMap);
}

function startLegend() {
  const shown = ["up", "degraded", "down", "ramping", "draining", "disabled", "unknown"];
  byId("legend").append(...shown.map((state) => el("li", {}, stateIcon(state), STATES[state].word)));
}

for (const [key, node] of Object.entries(lineNodes)) byId(`${key}-line`).append(node);
startTheme();
startLegend();
startSession();
startMap(choose);
startSites(choose);
startDetail(deselect);
startWhatIf();
startOrders();
startEvents();
startExplain();
set(document.body, { "data-started": "" });
document.addEventListener("visibilitychange", () => { if (!document.hidden) page.before = null; });
tick();
