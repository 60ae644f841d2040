// The list of sites: how each is, how full, what share of callers it takes.
import { byId, el, keyed, number, percent, plural, set, show, text } from "./dom.js";
import { barBlock, setBarBlock } from "./gauge.js";
import { ORDER, setIcon, stateIcon, word } from "./states.js";

let latest = null, selected = null, choose = () => {};

const sorts = {
  state: (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.site.localeCompare(b.site),
  use: (a, b) => (b.ratio ?? -1) - (a.ratio ?? -1) || a.site.localeCompare(b.site),
  name: (a, b) => a.site.localeCompare(b.site),
  rate: (a, b) => (b.rate ?? 0) - (a.rate ?? 0) || a.site.localeCompare(b.site),
};

function make(site) {
  const row = el("li", { "data-site": site.site },
    el("button", { type: "button", class: "site-row", onclick: () => choose(site.site) },
      stateIcon(site.state), el("span", { class: "site-name" }), el("span", { class: "site-state" }), barBlock(site), el("span", { class: "site-use" }),
      el("span", { class: "site-note muted" })));
  return row;
}

function note(site) {
  const { up, total } = site.endpoints, parts = [];
  if (site.share !== undefined) parts.push(`takes ${site.share} % of its callers`);
  parts.push(up === total ? plural(total, "endpoint") : `${up} of ${plural(total, "endpoint")} up`);
  if (site.calls !== undefined) parts.push(site.capacity ? `${number(site.calls)} of ${number(site.capacity)} calls` : `${number(site.calls)} calls`);
  if (site.rate >= 0.05) parts.push(`${number(site.rate)} answers/s`);
  return parts.join(" · ");
}

function update(row, site) {
  const button = row.firstChild, [icon, name, state, use, used, notes] = button.children;
  setIcon(icon, site.state);
  text(name, site.site);
  text(state, word(site.state));
  set(state, { class: `site-state word-${site.state}` });
  setBarBlock(use, site);
  text(used, site.ratio === undefined ? "–" : percent(site.ratio));
  text(notes, note(site));
  set(button, { "aria-pressed": site.site === selected ? "true" : "false" });
}

function draw() {
  const wanted = byId("site-filter").value.trim().toLowerCase();
  const fits = (site) => `${site.site} ${site.region} ${site.state} ${word(site.state)}`.toLowerCase().includes(wanted);
  const shown = latest.sites.filter(fits).sort(sorts[byId("site-sort").value]);
  keyed(byId("site-list"), shown, (site) => site.site, make, update);
  show(byId("site-none"), shown.length === 0);
  text(byId("site-none"), latest.sites.length ? `None of ${plural(latest.sites.length, "site")} has “${wanted}”.` : "The configuration has no sites.");
}

export function updateSites(overview, name) {
  latest = overview;
  selected = name;
  if (latest) draw();
}

export function startSites(onChoose) {
  choose = onChoose;
  byId("site-filter").addEventListener("input", () => latest && draw());
  byId("site-sort").addEventListener("change", () => latest && draw());
}
