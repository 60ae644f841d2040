// One site in full: its endpoints with what was last found at each, its load, and what can be done.
import { ask } from "./api.js";
import { byId, el, keyed, number, percent, set, shortHost, show, span, text, when } from "./dom.js";
import { barBlock, setBarBlock } from "./gauge.js";
import { giveOrder } from "./orders.js";
import { setIcon, stateIcon, word } from "./states.js";
import { selectForMap, supposeOnly } from "./what_if.js";

const FIRST_ROWS = 50, SLOW_FROM = 500; // endpoints; from so many on they are asked for less often
const VERDICTS = { up: "up", draining: "draining", down: "down", unknown: "unknown" };
const box = byId("detail");
const state = { site: null, endpoints: [], load: null, rows: FIRST_ROWS, asked: 0, close: () => {} };
let parts = null;

function build(site) {
  parts = {
    icon: stateIcon(site.state), word: el("span", { class: "detail-word" }), region: el("span", { class: "muted" }), use: barBlock(site), usedText: el("p", { class: "muted" }),
    order: el("div", { class: "detail-order" }), body: el("tbody"), more: el("button", { type: "button", class: "quiet", onclick: () => { state.rows += FIRST_ROWS; drawRows(); } }),
    sources: el("ul", { class: "sources" }), sourcesHead: el("h3", {}, "Where load is read"),
  };
  const act = (label, f, kind = "plain") => el("button", { type: "button", class: kind, onclick: f }, label);
  box.replaceChildren(
    el("div", { class: "card-head" }, el("h2", { id: "detail-title", tabindex: "-1" }, parts.icon, el("span", {}, site.site), parts.word, parts.region),
      el("button", { type: "button", class: "quiet", onclick: () => state.close() }, "Close")),
    el("div", { class: "detail-use" }, parts.use, parts.usedText), parts.order,
    el("div", { class: "actions" }, act("What if it fails", () => supposeOnly("fail", site.site)), act("What if it drains", () => supposeOnly("drain", site.site)),
      act("Drain…", () => giveOrder("drain", site.site)), act("Disable…", () => giveOrder("disable", site.site)), act("Switch…", () => giveOrder("switch", site.site)), act("Enable…", () => giveOrder("enable", site.site))),
    el("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": `Endpoints of ${site.site}` },
      el("table", { class: "endpoints" }, el("caption", { class: "visually-hidden" }, `Endpoints of ${site.site}`),
        el("thead", {}, el("tr", {}, ...["Endpoint", "Verdict", "Since", "Last probe", "Calls", "Order"].map((head) => el("th", { scope: "col" }, head)))), parts.body)),
    parts.more, parts.sourcesHead, parts.sources);
}

// --- endpoints

const severity = { down: 0, draining: 1, unknown: 2, up: 3 };

function lastProbe(endpoint) {
  const failed = endpoint.checks.filter((check) => check.verdict !== "up"), shown = failed.length ? failed : endpoint.checks;
  if (!shown.length) return "not probed";
  return shown.slice(0, 3).map((check) => {
    const last = check.last ?? "waiting", rtt = last === "answered" && check.rtt_us ? ` in ${number(Math.round(check.rtt_us / 100) / 10)} ms` : "";
    const held = check.held_ms > 0 ? `; held down for ${span(check.held_ms)} more` : "";
    return `${check.probe}: ${last}${rtt}${check.detail ? ` (${check.detail})` : ""}${held}`;
  }).join("\n") + (shown.length > 3 ? `\nand ${shown.length - 3} more` : "");
}

function makeRow(endpoint) {
  const target = `${endpoint.site}/${endpoint.host}`;
  return el("tr", {},
    el("th", { scope: "row" }, el("span", { class: "host" }, shortHost(endpoint.host)), el("span", { class: "muted tier" })),
    el("td", {}, el("span", { class: "verdict" }, stateIcon("unknown"), el("span"))), el("td"), el("td", { class: "probe" }), el("td", { class: "figure" }),
    el("td", {}, el("span"), el("button", { type: "button", class: "quiet small", "aria-label": `Order for ${target}`, onclick: (event) => giveOrder(event.target.dataset.verb, target) }, "Drain…")));
}

function updateRow(row, endpoint) {
  const [host, verdict, since, probe, calls, order] = row.children, load = state.load?.get(endpoint.host);
  text(host.lastChild, `tier ${endpoint.tier}, weight ${endpoint.weight}`);
  setIcon(verdict.firstChild.firstChild, VERDICTS[endpoint.verdict] ?? "unknown");
  text(verdict.firstChild.lastChild, `${endpoint.verdict}${endpoint.doubt ? ", in doubt" : ""}${endpoint.held ? ", held" : ""}${endpoint.share < 100 ? `, takes ${endpoint.share} %` : ""}`);
  text(since, span(endpoint.age_ms));
  set(since, { title: when(endpoint.since_s * 1000) });
  text(probe, lastProbe(endpoint));
  text(calls, load?.calls === undefined || load.calls === null ? (load?.ratio ? percent(load.ratio) : "–") : load.capacity ? `${number(load.calls)} of ${number(load.capacity)}` : number(load.calls));
  text(order.firstChild, endpoint.order ? `${endpoint.order.order} by ${endpoint.order.who}` : "");
  const own = endpoint.order?.target.includes("/");
  text(order.lastChild, own ? "Enable…" : "Drain…");
  set(order.lastChild, { "data-verb": own ? "enable" : "drain" });
}

function drawRows() {
  const all = state.endpoints.slice().sort((a, b) => severity[a.verdict] - severity[b.verdict] || a.tier - b.tier || a.host.localeCompare(b.host));
  keyed(parts.body, all.slice(0, state.rows), (endpoint) => endpoint.host, makeRow, updateRow);
  show(parts.more, all.length > state.rows);
  text(parts.more, `Show ${Math.min(FIRST_ROWS, all.length - state.rows)} more of ${all.length}`);
}

function drawSources(load) {
  const all = [...(load.sites[0]?.sources ?? []).map((source) => ({ ...source, of: "the site" })),
    ...load.endpoints.flatMap((endpoint) => endpoint.sources.map((source) => ({ ...source, of: shortHost(endpoint.host) })))];
  show(parts.sourcesHead, all.length > 0);
  keyed(parts.sources, all.sort((a, b) => a.trust - b.trust).slice(0, 20), (source) => `${source.of} ${source.name}`, () => el("li"), (item, source) =>
    text(item, `${source.of}, ${source.name}: ${source.value === null ? "nothing yet" : `${number(source.value)} ${source.unit}`}, ${source.state}`
      + `${source.age_ms === null ? "" : `, ${span(source.age_ms)} old`}${source.error ? ` (${source.error})` : ""}`));
}

// --- for the page

export function updateDetail(overview, name) {
  const site = overview?.sites.find((one) => one.site === name);
  selectForMap(site ? name : null);
  show(box, Boolean(site));
  if (!site) {
    state.site = null;
    return;
  }
  if (state.site !== name) {
    Object.assign(state, { site: name, endpoints: [], load: null, rows: FIRST_ROWS, asked: 0 });
    build(site);
    refreshDetail(name).catch(() => {});
    byId("detail-title").focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
  }
  setIcon(parts.icon, site.state);
  text(parts.word, word(site.state));
  text(parts.region, site.region ? `region ${site.region}` : "");
  setBarBlock(parts.use, site);
  text(parts.usedText, `${site.ratio === undefined ? "Its load is not measured" : `${percent(site.ratio)} used`}${site.calls === undefined ? "" : `, ${number(site.calls)}`
    + `${site.capacity ? ` of ${number(site.capacity)}` : ""} calls`}; target ${percent(site.target)}, max ${percent(site.max)}`
    + `${site.share === undefined ? "" : `. It is coming back and takes ${site.share} % of its callers`}.`);
  const orders = overview.overrides.filter((order) => order.target === name && order.active);
  parts.order.replaceChildren(...orders.map((order) => el("p", {}, `${order.order} by ${order.who}${order.reason ? `: ${order.reason}` : ""}; ${order.until_s ? `until ${when(order.until_s * 1000)}` : "until it is ended"}.`)));
}

export async function refreshDetail(name) {
  if (!name || state.site !== name || performance.now() - state.asked < (state.endpoints.length > SLOW_FROM ? 4500 : 900)) return;
  state.asked = performance.now();
  const [{ endpoints }, { load }] = await Promise.all([ask("endpoints", { site: name }), ask("load", { site: name })]);
  if (state.site !== name) return;
  state.endpoints = endpoints;
  state.load = new Map(load.endpoints.map((endpoint) => [endpoint.host, endpoint]));
  drawRows();
  drawSources(load);
}

export function startDetail(close) {
  state.close = close;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.site && !document.querySelector("dialog[open]")) close();
  });
}
