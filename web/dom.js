// Elements, lists that change in place, and how figures and times are written.

export const byId = (id) => document.getElementById(id);

// el("button", {class: "plain", type: "button", onclick: f}, "text", node, ...). A value of null or false leaves the attribute out.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  set(node, attributes);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(node, attributes);
  node.append(...children);
  return node;
}

export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === null || value === undefined || value === false) node.removeAttribute(key);
    else if (node.getAttribute(key) !== String(value)) node.setAttribute(key, value === true ? "" : value);
  }
}

// Touches the document only where something is different.
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

const kept = new WeakMap();

// Makes parent's children those of items, in their order: one node a key, made once and updated. Others of its children are not touched.
export function keyed(parent, items, keyOf, make, update) {
  const before = kept.get(parent) ?? new Map(), now = new Map();
  let at = null;
  for (const item of items) {
    const key = keyOf(item);
    let node = before.get(key);
    if (!node) node = make(item);
    before.delete(key);
    now.set(key, node);
    const next = at ? at.nextSibling : parent.firstChild;
    if (next !== node) parent.insertBefore(node, next);
    if (update) update(node, item);
    at = node;
  }
  for (const node of before.values()) node.remove();
  kept.set(parent, now);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const number = (value) => (Math.abs(value) < 10 && !Number.isInteger(value) ? tenth : whole).format(value);
export const percent = (ratio) => `${whole.format(ratio * 100)} %`;
export const percents = (value) => `${(value < 10 ? tenth : whole).format(value)} %`;
export const plural = (count, one, many = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : many}`;

// "3 s", "12 min", "2 h 5 min", "4 d 3 h"
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000)), min = Math.floor(s / 60), h = Math.floor(min / 60), d = Math.floor(h / 24);
  if (s < 60) return `${s} s`;
  if (min < 60) return min < 5 && s % 60 ? `${min} min ${s % 60} s` : `${min} min`;
  if (h < 24) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

export const clock = (ms) => clockFormat.format(ms);
export const day = (ms) => dayFormat.format(ms);
// With the day, unless it is today.
export const when = (ms) => (day(ms) === day(Date.now()) ? clock(ms) : `${day(ms)}, ${clock(ms)}`);

// Host names of the zone are long; the part that tells them apart comes first.
export const shortHost = (host) => host.replace(/\.$/, "");

// What is said here is read out by screen readers.
export function announce(message) {
  const region = byId("announcements");
  region.append(el("p", {}, message));
  while (region.childElementCount > 5) region.firstChild.remove();
}
