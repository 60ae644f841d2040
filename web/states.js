// What a site, an endpoint or an event is, as a shape with a sign in it and a word: never by colour alone.
import { svg, set } from "./dom.js";

const CIRCLE = "M0-9A9 9 0 1 1 0 9A9 9 0 1 1 0-9Z";
const ROUNDED = "M-5.5-8.5H5.5A3 3 0 0 1 8.5-5.5V5.5A3 3 0 0 1 5.5 8.5H-5.5A3 3 0 0 1-8.5 5.5V-5.5A3 3 0 0 1-5.5-8.5Z";
const OCTAGON = "M-4-9.5H4L9.5-4V4L4 9.5H-4L-9.5 4V-4Z";
const TRIANGLE = "M-1.6-9.4Q0-11.6 1.6-9.4L10.4 6Q11.4 8.4 9 8.6H-9Q-11.4 8.4-10.4 6Z";
const DIAMOND = "M-1.4-10.4Q0-11.6 1.4-10.4L10.4-1.4Q11.6 0 10.4 1.4L1.4 10.4Q0 11.6-1.4 10.4L-10.4 1.4Q-11.6 0-10.4-1.4Z";
const HEXAGON = "M-1-10Q0-10.6 1-10L8.5-5.6Q9.3-5 9.3-4.2V4.2Q9.3 5 8.5 5.6L1 10Q0 10.6-1 10L-8.5 5.6Q-9.3 5-9.3 4.2V-4.2Q-9.3-5-8.5-5.6Z";

// worst first
export const STATES = {
  down: { word: "down", shape: OCTAGON, sign: "M-3.4-3.4 3.4 3.4M3.4-3.4-3.4 3.4" },
  degraded: { word: "degraded", shape: TRIANGLE, sign: "M0-4V1.4M0 4.9V5" },
  unknown: { word: "unknown", shape: CIRCLE, sign: "M-2.6-2.4A2.7 2.7 0 1 1 1.2.2Q0 .9 0 1.9M0 4.9V5" },
  disabled: { word: "disabled", shape: ROUNDED, sign: "M-4 0H4" },
  draining: { word: "draining", shape: DIAMOND, sign: "M0-4.6V3.6M-3.4.8 0 4.4 3.4.8" },
  switched: { word: "switched", shape: DIAMOND, sign: "M-4.6-1.6H3.4M1-4 3.6-1.6M4.6 2.4H-3.4M-1 4.8-3.6 2.4" },
  drill: { word: "failed for a drill", shape: OCTAGON, sign: "M1.2-5-2.8.8H2.6L-1.2 5" },
  ramping: { word: "ramping up", shape: HEXAGON, sign: "M0 4.6V-3.6M-3.4-.8 0-4.4 3.4-.8" },
  planned: { word: "planned", shape: ROUNDED, sign: "M0-4.4V0.6L3.2 2.6" },
  up: { word: "up", shape: CIRCLE, sign: "M-4 .4-1.2 3.2 4.2-2.8" },
};

export const ORDER = Object.keys(STATES);
export const worst = (states) => ORDER[Math.min(...states.map((state) => Math.max(0, ORDER.indexOf(state))))] ?? "unknown";
export const word = (state) => STATES[state]?.word ?? state;

// A group to put into an svg, of about 20 by 20 around 0,0.
export function stateMark(state) {
  const mark = svg("g", {}, svg("path", { class: "shape" }), svg("path", { class: "sign" }));
  setMark(mark, state);
  return mark;
}

export function setMark(mark, state) {
  if (mark.dataset.state === state) return;
  mark.dataset.state = state;
  const drawn = STATES[state] ?? STATES.unknown;
  set(mark, { class: `mark state-${state in STATES ? state : "unknown"}` });
  set(mark.firstChild, { d: drawn.shape });
  set(mark.lastChild, { d: drawn.sign });
}

// The same beside text.
export function stateIcon(state) {
  return svg("svg", { class: "state-icon", viewBox: "-12 -12 24 24", "aria-hidden": "true" }, stateMark(state));
}

export const setIcon = (icon, state) => setMark(icon.firstChild, state);
