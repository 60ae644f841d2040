// What if sites fail or drain: asked of the daemon, shown beside how it is now. The same figures are the preview of an order.
import { tell } from "./api.js";
import { byId, el, number, percent, percents, set, show, text } from "./dom.js";
import { bar, setBar } from "./gauge.js";
import { markSites } from "./map.js";

const SHOWN = 12;
const state = { kind: null, sites: new Set(), asked: 0, selected: null };

const buttons = { look: byId("mode-look"), fail: byId("mode-fail"), drain: byId("mode-drain") };

function headline(told) {
  if (told.holds) return told.sites_past_target ? `It holds; ${number(told.sites_past_target)} of the sites are past the target.` : "It holds: nobody is past the target.";
  const worst = told.sites.filter((site) => site.then.level === "past max").map((site) => `${site.site} at ${percents(site.then.percent)}`);
  const lost = told.calls_without_site >= 1 ? ` ${number(told.calls_without_site)} calls find no site.` : "";
  return `It does not hold${worst.length ? `: ${worst.slice(0, 3).join(", ")}${worst.length > 3 ? ` and ${worst.length - 3} more` : ""}` : ""}.${lost}`;
}

function row(site) {
  const now = site.now.percent, then = site.then.percent, drawn = bar();
  setBar(drawn, { ratio: then === undefined ? undefined : then / 100, was: now === undefined ? undefined : now / 100, target: site.target_percent / 100, max: site.max_percent / 100 });
  const share = then === undefined ? `${number(site.now.calls)} → ${number(site.then.calls)} calls` : `${percent(now / 100)} → ${percent(then / 100)}`;
  return el("li", { class: site.supposed ? "foreseen supposed" : "foreseen" }, el("span", { class: "foreseen-name" }, site.site), el("span", { class: "bar-block" }, drawn),
    el("span", { class: `foreseen-share${site.then.level === "past max" ? " over" : ""}` }, share, site.then.level === "room" ? "" : ` · ${site.then.level}`));
}

// What the daemon foresees, as nodes.
export function foreseen(told) {
  const changed = told.sites.filter((site) => site.supposed || Math.abs(site.then.calls - site.now.calls) >= 0.5)
    .sort((a, b) => b.supposed - a.supposed || Math.abs(b.then.calls - b.now.calls) - Math.abs(a.then.calls - a.now.calls));
  const left = changed.length - SHOWN;
  const by = { measured: "calls as measured", given: "calls as given", targets: "as many calls as all sites want together" }[told.calls_by];
  return [
    el("p", { class: told.holds ? "holds" : "holds-not" }, headline(told)),
    el("p", { class: "muted" }, `${number(told.moved_calls)} of ${number(told.calls)} calls move, ${percents(told.moved_percent)}`
      + `${told.moved_calls >= 0.5 ? `, on the mean ${number(Math.round(told.farther_km))} km farther` : ""}; ${by}, spread as ${told.weighed_by === "demand" ? "queries come" : "addresses are"}.`),
    el("ul", { class: "foreseen-list" }, ...changed.slice(0, SHOWN).map(row)),
    left > 0 ? el("p", { class: "muted" }, `and ${left} sites more that change less`) : null,
    el("p", { class: "muted key" }, "Upper bar: now. Lower bar: what would be. Marks: the target, and the max."),
  ].filter(Boolean);
}

export const predict = async (what, sites) => (await tell("what-if", { what, sites: sites.join(" ") })).what_if;

function setMode(kind) {
  state.kind = kind;
  for (const [name, button] of Object.entries(buttons)) set(button, { "aria-pressed": (kind ?? "look") === name ? "true" : "false" });
  byId("map").classList.toggle("supposing", kind !== null);
  if (kind === null) state.sites.clear();
  askAgain();
}

async function askAgain() {
  const panel = byId("what-if"), number = ++state.asked, sites = [...state.sites];
  show(panel, state.kind !== null);
  markSites(state.selected, state.sites);
  if (state.kind === null) return;
  const verb = state.kind === "fail" ? "fails" : "is drained";
  if (sites.length === 0) {
    panel.replaceChildren(el("p", { class: "muted" }, `Choose one or more sites, on the map or in the list, to see what happens if ${state.kind === "fail" ? "they fail" : "they are drained"}. Nothing is changed.`));
    return;
  }
  const head = el("div", { class: "card-head" }, el("h3", {}, `What if ${sites.join(" and ")} ${sites.length > 1 ? (state.kind === "fail" ? "fail" : "are drained") : verb}`),
    el("button", { type: "button", class: "quiet", onclick: () => setMode(null) }, "Close"));
  try {
    const told = await predict(state.kind, sites);
    if (number !== state.asked) return;
    panel.replaceChildren(head, ...foreseen(told));
    markSites(state.selected, state.sites, told.moves.slice(0, 16));
  } catch (trouble) {
    if (number === state.asked) panel.replaceChildren(head, el("p", { class: "error" }, trouble.message));
  }
}

// In the what-if mode, a click on a site is about that. True: it was.
export function suppose(site) {
  if (state.kind === null) return false;
  if (!state.sites.delete(site)) state.sites.add(site);
  askAgain();
  return true;
}

// From a site's own panel.
export function supposeOnly(kind, site) {
  state.sites = new Set([site]);
  setMode(kind);
  byId("what-if").scrollIntoView({ block: "nearest" });
}

export function selectForMap(site) {
  state.selected = site;
  if (state.kind === null) markSites(site);
}

export function startWhatIf() {
  buttons.look.addEventListener("click", () => setMode(null));
  buttons.fail.addEventListener("click", () => setMode("fail"));
  buttons.drain.addEventListener("click", () => setMode("drain"));
  text(byId("what-if"), "");
}
