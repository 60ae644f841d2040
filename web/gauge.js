// How full something is, against its target and its max: as a bar, and as a ring. Both end at 120 %.
import { el, percent, set, svg, text } from "./dom.js";

const END = 1.2;
const part = (ratio) => Math.max(0, Math.min(1, ratio / END));

export const level = (ratio, target, max) => (ratio > max + 0.005 ? "over" : ratio > target + 0.005 ? "high" : "room");

// Bars are drawn, not styled: the page's policy allows no style attributes.
export function bar() {
  const drawn = svg("svg", { class: "bar", viewBox: "0 0 120 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "bar-room", width: 120, height: 8, rx: 2 }), svg("rect", { class: "bar-fill", rx: 2 }),
    svg("rect", { class: "bar-was", height: 3.2, rx: 1 }), svg("rect", { class: "bar-target", y: 0, height: 8, width: 0.9 }),
    svg("rect", { class: "bar-max", y: 0, height: 8, width: 1.6 }));
  return drawn;
}

// was: how full it is now, as a second bar above, if the bar shows what would be.
export function setBar(drawn, { ratio, target, max, was }) {
  const [, fill, before, targetMark, maxMark] = drawn.children;
  const known = ratio !== undefined && ratio !== null;
  set(fill, { y: was === undefined ? 0 : 3.8, height: was === undefined ? 8 : 4.2, width: known ? part(ratio) * 120 : 0, class: `bar-fill level-${known ? level(ratio, target, max) : "room"}` });
  set(before, { width: was === undefined ? 0 : part(was) * 120 });
  set(targetMark, { x: part(target) * 120 - 0.5 });
  set(maxMark, { x: part(max) * 120 - 0.8 });
}

export function meterText({ ratio, target, max }) {
  const known = ratio !== undefined && ratio !== null;
  return `${known ? `${percent(ratio)} used` : "use not known"}, target ${percent(target)}, max ${percent(max)}`;
}

// --- rings

const SWEEP = 300, FROM = -150; // degrees, from the top

function point(radius, degrees) {
  const angle = degrees * Math.PI / 180;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
}

const arc = (radius, from, to) => `M${point(radius, from)}A${radius} ${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${point(radius, to)}`;
const tick = (inner, outer, degrees) => `M${point(inner, degrees)}L${point(outer, degrees)}`;
const degreesOf = (ratio) => FROM + SWEEP * part(ratio);

export const RADIUS = 16;

export function ring() {
  return svg("g", { class: "ring" }, svg("path", { class: "ring-room", d: arc(RADIUS, FROM, FROM + SWEEP) }), svg("path", { class: "ring-fill" }),
    svg("path", { class: "ring-target" }), svg("path", { class: "ring-max" }));
}

export function setRing(drawn, { ratio, target, max }) {
  const [, fill, targetMark, maxMark] = drawn.children;
  const known = ratio !== undefined && ratio !== null;
  set(drawn, { class: known ? "ring" : "ring empty" });
  set(fill, { d: known && ratio > 0.004 ? arc(RADIUS, FROM, degreesOf(ratio)) : "M0 0", class: `ring-fill level-${known ? level(ratio, target, max) : "room"}` });
  set(targetMark, { d: tick(RADIUS - 3.2, RADIUS + 3.2, degreesOf(target)) });
  set(maxMark, { d: tick(RADIUS - 3.6, RADIUS + 3.6, degreesOf(max)) });
}

// Parts of a whole, for a group of sites: [{class, share}].
export function setParts(drawn, parts) {
  let from = 0;
  const paths = parts.map(({ state, share }) => {
    const to = from + share * 359.9, d = arc(RADIUS, from, to);
    from = to;
    return svg("path", { class: `part state-${state}`, d });
  });
  drawn.replaceChildren(...paths);
}

// --- a line of the last minute

export function spark() {
  return svg("svg", { class: "spark", viewBox: "0 0 90 24", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { class: "spark-fill" }), svg("path", { class: "spark-line" }));
}

export function setSpark(drawn, values) {
  if (values.length < 2) return;
  const most = Math.max(1, ...values), step = 90 / 59, first = 90 - (values.length - 1) * step;
  const points = values.map((value, i) => `${(first + i * step).toFixed(1)} ${(22 - value / most * 19).toFixed(1)}`).join("L");
  set(drawn.firstChild, { d: `M${points}L90 24L${first.toFixed(1)} 24Z` });
  set(drawn.lastChild, { d: `M${points}` });
}

export function barBlock(use) {
  const block = el("span", { class: "bar-block" }, bar(), el("span", { class: "visually-hidden" }));
  setBarBlock(block, use);
  return block;
}

export function setBarBlock(block, use) {
  setBar(block.firstChild, use);
  text(block.lastChild, meterText(use));
}
