// The world: sites with their state and how full they are, where callers are, who went elsewhere. Sites too near to each other are shown as one until
// the map is near enough.
import { byId, keyed, number, percent, percents, plural, set, span, svg, text } from "./dom.js";
import { meterText, RADIUS, ring, setParts, setRing } from "./gauge.js";
import { landDots, landOutlines } from "./land_dots.js";
import { project } from "./projection.js";
import { ORDER, setMark, stateMark, word, worst } from "./states.js";

const WORLD = { west: -2.72, east: 2.72, north: -1.26, south: 1.0 };
const NET_LEAST = 0.2; // percent of all callers: a smaller move is not drawn
const NEAREST = 60, APART = 40, CROWD = 32; // times; pixels between marks: few of them, and many
const PITCHES = [[1, 0.0262], [2.2, 0.0131]], DOT_MOST = 2.6, OUTLINES_FROM = 4; // from which zoom on; pixels

const box = byId("map"), canvas = byId("map-land"), drawing = byId("map-marks");
const layers = { callers: byId("layer-callers"), moves: byId("layer-moves"), guesses: byId("layer-guesses"), marks: byId("layer-marks") };

const map = {
  width: 0, height: 0, scale: 1, zoom: 1, x: 0, y: 0, // zoom 1: the world; x, y: the point in the middle, in projected units
  sites: [], places: new Map(), groups: [], overview: null, selected: null, supposed: new Set(), guesses: [], focused: null, dots: new Map(),
  onChoose: () => {},
};

// --- the view

const screen = (x, y) => [(x - map.x) * map.scale * map.zoom + map.width / 2, (y - map.y) * map.scale * map.zoom + map.height / 2];

function keepInside() {
  const halfX = map.width / 2 / (map.scale * map.zoom), halfY = map.height / 2 / (map.scale * map.zoom);
  const between = (value, low, high) => (low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value)));
  map.x = between(map.x, WORLD.west + halfX, WORLD.east - halfX);
  map.y = between(map.y, WORLD.north + halfY, WORLD.south - halfY);
}

function resize() {
  const { clientWidth, clientHeight } = box;
  if (!clientWidth || (clientWidth === map.width && clientHeight === map.height)) return;
  map.width = clientWidth;
  map.height = clientHeight;
  map.scale = Math.min(map.width / (WORLD.east - WORLD.west), map.height / (WORLD.south - WORLD.north));
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(map.width * ratio);
  canvas.height = Math.round(map.height * ratio);
  set(drawing, { viewBox: `0 0 ${map.width} ${map.height}` });
  group();
  draw();
}

function zoomTo(zoom, px = map.width / 2, py = map.height / 2) {
  const before = map.zoom, next = Math.min(NEAREST, Math.max(1, zoom));
  if (next === before) return;
  map.x += (px - map.width / 2) / map.scale * (1 / before - 1 / next);
  map.y += (py - map.height / 2) / map.scale * (1 / before - 1 / next);
  map.zoom = next;
  box.classList.toggle("zoomed", next > 1);
  group();
  draw();
}

function pan(dx, dy) {
  map.x -= dx / (map.scale * map.zoom);
  map.y -= dy / (map.scale * map.zoom);
  draw();
}

let waiting = false;

function draw() {
  keepInside();
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    performance.mark("draw");
    drawLand();
    drawCallers();
    drawMoves();
    drawGuesses();
    drawMarks();
    performance.measure("sipsteer draw", "draw");
    if (performance.getEntriesByName("sipsteer draw").length > 100) performance.clearMeasures("sipsteer draw");
  });
}

// --- land

function dotsFor(zoom) {
  const [, pitch] = PITCHES.findLast(([from]) => zoom >= from);
  if (!map.dots.has(pitch)) map.dots.set(pitch, landDots(pitch, WORLD));
  return [map.dots.get(pitch), pitch];
}

// So near, dots alone say little.
function drawOutlines(pen, scale, left, top) {
  map.outlines ??= landOutlines();
  pen.globalAlpha = 0.32;
  pen.beginPath();
  for (const outline of map.outlines)
    for (let i = 0; i < outline.length; i += 2) pen[i ? "lineTo" : "moveTo"](outline[i] * scale + left, outline[i + 1] * scale + top);
  pen.fill("evenodd");
  pen.globalAlpha = 1;
}

function drawLand() {
  const ratio = window.devicePixelRatio || 1, pen = canvas.getContext("2d"), [dots, pitch] = dotsFor(map.zoom);
  const radius = Math.min(DOT_MOST, pitch * map.scale * map.zoom * 0.36) * ratio, scale = map.scale * map.zoom * ratio;
  const left = canvas.width / 2 - map.x * scale, top = canvas.height / 2 - map.y * scale;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(box).getPropertyValue("color");
  if (map.zoom >= OUTLINES_FROM) drawOutlines(pen, scale, left, top);
  pen.beginPath();
  for (let i = 0; i < dots.length; i += 2) {
    const x = dots[i] * scale + left, y = dots[i + 1] * scale + top;
    if (x < -radius || y < -radius || x > canvas.width + radius || y > canvas.height + radius) continue;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 6.2832);
  }
  pen.fill();
}

// --- marks

const severity = (site) => ORDER.indexOf(site.state);

function join(into, one) {
  const all = into.sites.length + one.sites.length;
  for (const axis of ["x", "y"]) into[axis] = (into[axis] * into.sites.length + one[axis] * one.sites.length) / all;
  into.sites.push(...one.sites);
}

// Sites that would stand on each other become one group, until no two groups do.
function group() {
  const apart = (map.sites.length > 40 ? CROWD : APART) / (map.scale * map.zoom);
  let groups = map.sites.map(({ site }) => ({ x: map.places.get(site)[0], y: map.places.get(site)[1], sites: [site] }));
  for (let joined = map.zoom < NEAREST; joined;) {
    const apartNow = [];
    for (const one of groups) {
      const near = apartNow.find((other) => (other.x - one.x) ** 2 + (other.y - one.y) ** 2 < apart * apart);
      if (near) join(near, one);
      else apartNow.push(one);
    }
    joined = apartNow.length < groups.length;
    groups = apartNow;
  }
  for (const one of groups) one.key = one.sites.length === 1 ? one.sites[0] : `${one.sites.length} ${one.sites[0]}`;
  if (map.zoom >= NEAREST) spread(groups);
  map.groups = groups;
}

// Sites of the very same place stand around it, once the map can be no nearer.
function spread(groups) {
  const seen = new Map();
  for (const one of groups) {
    const key = `${one.x.toFixed(3)} ${one.y.toFixed(3)}`, count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    if (count === 0) continue;
    one.x += Math.cos(count) * APART * (1 + count / 8) / (map.scale * map.zoom);
    one.y += Math.sin(count) * APART * (1 + count / 8) / (map.scale * map.zoom);
  }
}

function makeMark(one) {
  const node = svg("g", { class: "site-mark", role: "button", tabindex: "-1" });
  node.append(svg("circle", { class: "hit", r: 22 }), svg("circle", { class: "halo", r: RADIUS + 6 }), svg("circle", { class: "ground", r: RADIUS }), ring(),
    stateMark("unknown"), svg("text", { class: "count", y: 4 }), svg("text", { class: "label" }));
  node.addEventListener("click", () => choose(node.group));
  node.addEventListener("focus", () => { map.focused = node.group.key; });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(node.group);
    }
  });
  node.group = one;
  return node;
}

function describe(one, sites) {
  if (sites.length === 1) {
    const [site] = sites;
    return `${site.site}: ${word(site.state)}, ${site.endpoints.up} of ${site.endpoints.total} endpoints up, ${meterText(site)}`;
  }
  const counts = ORDER.map((state) => [sites.filter((site) => site.state === state).length, word(state)]).filter(([count]) => count);
  return `${sites.length} sites: ${counts.map(([count, state]) => `${count} ${state}`).join(", ")}. Opens the map there.`;
}

function updateMark(node, one, small) {
  const sites = one.sites.map((name) => map.byName.get(name)), state = worst(sites.map((site) => site.state)), alone = sites.length === 1;
  const [px, py] = screen(one.x, one.y), [, , , ringNode, mark, count, label] = node.children;
  node.group = one;
  set(node, { transform: `translate(${px.toFixed(1)} ${py.toFixed(1)})${small ? " scale(.78)" : ""}`, "aria-label": describe(one, sites) });
  node.classList.toggle("selected", one.sites.includes(map.selected));
  node.classList.toggle("supposed", one.sites.some((name) => map.supposed.has(name)));
  set(node, { "aria-pressed": one.sites.includes(map.selected) ? "true" : "false" });
  setMark(mark, state);
  if (alone) {
    if (!ringNode.querySelector(".ring-room")) ringNode.replaceChildren(...ring().children);
    setRing(ringNode, sites[0]);
    set(mark, { transform: "" });
    text(count, "");
    text(label, one.sites[0]);
  } else {
    set(ringNode, { class: "ring parts" });
    setParts(ringNode, ORDER.map((of) => ({ state: of, share: sites.filter((site) => site.state === of).length / sites.length })).filter((of) => of.share));
    set(mark, { transform: state === "up" ? "scale(0)" : "translate(12 -12) scale(.7)" });
    text(count, String(sites.length));
    text(label, "");
  }
}

// Labels that would stand on marks or on each other are left out; those of trouble come first.
function placeLabels(nodes) {
  const taken = nodes.map((node) => {
    const [x, y] = screen(node.group.x, node.group.y);
    return [x - 18, y - 18, x + 18, y + 18];
  });
  const free = (box4) => taken.every(([x1, y1, x2, y2]) => box4[2] < x1 || box4[0] > x2 || box4[3] < y1 || box4[1] > y2);
  const alone = nodes.filter((node) => node.group.sites.length === 1)
    .sort((a, b) => severity(map.byName.get(a.group.sites[0])) - severity(map.byName.get(b.group.sites[0])));
  for (const node of alone) {
    const label = node.lastChild, width = label.textContent.length * 7 + 6, [x, y] = screen(node.group.x, node.group.y);
    const spots = [["end-right", 22, 4, x + 20, x + 22 + width, y - 8, y + 8], ["end-left", -22, 4, x - 22 - width, x - 20, y - 8, y + 8],
      ["below", 0, 35, x - width / 2, x + width / 2, y + 22, y + 39], ["above", 0, -25, x - width / 2, x + width / 2, y - 38, y - 20]];
    const spot = spots.find(([, , , x1, x2, y1, y2]) => x1 > 0 && x2 < map.width && y1 > 0 && y2 < map.height && free([x1, y1, x2, y2]));
    set(label, { class: `label ${spot ? spot[0] : "hidden-label end-right"}`, x: spot ? spot[1] : 22, y: spot ? spot[2] : 4 });
    if (spot) taken.push([spot[3], spot[5], spot[4], spot[6]]);
  }
}

function drawMarks() {
  const small = map.groups.length > 40;
  const shown = map.groups.slice().sort((a, b) => b.sites.length - a.sites.length || a.y - b.y);
  keyed(layers.marks, shown, (one) => one.key, makeMark, (node, one) => updateMark(node, one, small));
  const nodes = [...layers.marks.children];
  placeLabels(nodes);
  const stop = nodes.find((node) => node.group.key === map.focused) ?? nodes.find((node) => node.group.sites.includes(map.selected)) ?? nodes[0];
  for (const node of nodes) set(node, { tabindex: node === stop ? "0" : "-1" });
}

function choose(one) {
  if (one.sites.length === 1) {
    map.onChoose(one.sites[0]);
    return;
  }
  const all = one.sites.map((name) => map.places.get(name)), xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
  const wide = Math.max(0.01, Math.max(...xs) - Math.min(...xs)), high = Math.max(0.01, Math.max(...ys) - Math.min(...ys));
  const zoom = Math.min(map.width / wide, map.height / high) / map.scale * 0.6;
  map.x = (Math.max(...xs) + Math.min(...xs)) / 2;
  map.y = (Math.max(...ys) + Math.min(...ys)) / 2;
  zoomTo(Math.max(zoom, map.zoom * 1.8));
}

// --- callers and moves

const groupOf = (site) => map.groups.find((one) => one.sites.includes(site));

function drawCallers() {
  const callers = byId("show-callers").checked && map.overview ? map.overview.callers : [];
  keyed(layers.callers, callers.map((caller, i) => ({ ...caller, i })), (caller) => caller.i,
    () => svg("g", {}, svg("path", { class: "caller-line" }), svg("circle", { class: "caller" }, svg("title"))),
    (node, caller) => {
      const [x, y] = screen(...project(caller.longitude, caller.latitude)), to = caller.site && groupOf(caller.site);
      const radius = Math.min(30, 2.5 + Math.sqrt(caller.share) * 34);
      set(node.lastChild, { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1) });
      text(node.lastChild.firstChild, `${percents(caller.share * 100)} of callers${caller.rate ? `, ${number(caller.rate)} answers a second` : ""}`
        + `${caller.site ? `, sent to ${caller.site}` : ""}`);
      set(node.firstChild, { d: to ? curve([x, y], screen(to.x, to.y), 0.1) : "M0 0" });
    });
}

function curve([x1, y1], [x2, y2], bend) {
  const dx = x2 - x1, dy = y2 - y1, side = dx < 0 ? -1 : 1;
  return `M${x1.toFixed(1)} ${y1.toFixed(1)}Q${((x1 + x2) / 2 + dy * bend * side).toFixed(1)} ${((y1 + y2) / 2 - dx * bend * side).toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

function makeArc() {
  return svg("g", {}, svg("path", { class: "arc-ground" }), svg("path", { class: "arc", "marker-end": "url(#arrow)" }, svg("title")));
}

// Ends short of the marks, so that the arrow is seen.
function arcBetween(from, to) {
  const [x1, y1] = screen(from.x, from.y), [x2, y2] = screen(to.x, to.y), long = Math.hypot(x2 - x1, y2 - y1);
  if (long < 30) return null;
  const cut = 26 / long;
  return curve([x1 + (x2 - x1) * cut, y1 + (y2 - y1) * cut], [x2 - (x2 - x1) * cut, y2 - (y2 - y1) * cut], 0.18);
}

function updateArc(node, move, kind, title) {
  const from = move.from && groupOf(move.from), to = move.to && groupOf(move.to), d = from && to && from !== to ? arcBetween(from, to) : null;
  const width = Math.min(7, 1.4 + Math.sqrt(move.percent) * 0.75).toFixed(1);
  set(node, { class: d ? kind : "nothing" });
  for (const path of node.children) set(path, { d: d ?? "M0 0", "stroke-width": width });
  text(node.lastChild.firstChild, title);
}

// One arrow for all that went from one mark to another, less what went back.
function netMoves(moves) {
  const net = new Map();
  for (const { from, to, percent: share, age_ms: age } of moves) {
    const a = from && groupOf(from), b = to && groupOf(to);
    if (!a || !b || a === b) continue;
    const turned = a.key > b.key, key = turned ? `${b.key} ${a.key}` : `${a.key} ${b.key}`;
    const sum = net.get(key) ?? net.set(key, { key, from: turned ? to : from, to: turned ? from : to, percent: 0, age_ms: age }).get(key);
    sum.percent += turned ? -share : share;
    sum.age_ms = Math.min(sum.age_ms, age);
  }
  return [...net.values()].filter((move) => Math.abs(move.percent) >= NET_LEAST)
    .map((move) => (move.percent < 0 ? { ...move, from: move.to, to: move.from, percent: -move.percent } : move));
}

function drawMoves() {
  const moves = byId("show-moves").checked && map.overview ? netMoves(map.overview.moves) : [];
  keyed(layers.moves, moves, (move) => move.key, makeArc, (node, move) => updateArc(node, move, move.age_ms < 60000 ? "move fresh" : "move",
    `${percents(move.percent)} of callers moved from ${move.from} to ${move.to}, the last of them ${span(move.age_ms)} ago`));
}

function drawGuesses() {
  keyed(layers.guesses, map.guesses.filter((move) => move.from && move.to), (move) => `${move.from} ${move.to}`, makeArc,
    (node, move) => updateArc(node, move, "guess", `${percents(move.percent)} of calls would move from ${move.from} to ${move.to}`));
}

// --- by hand

function gestures() {
  const fingers = new Map();
  let moved = 0, apart = 0;
  const spanOf = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button, label")) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
    if (fingers.size === 2) apart = spanOf();
  });
  box.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const dx = event.clientX - finger.x, dy = event.clientY - finger.y;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved > 6 && !box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
    if (fingers.size === 2) {
      const now = spanOf(), [a, b] = [...fingers.values()], rect = box.getBoundingClientRect();
      zoomTo(map.zoom * now / apart, (a.x + b.x) / 2 - rect.left, (a.y + b.y) / 2 - rect.top);
      apart = now;
    }
    if (moved > 6 && (map.zoom > 1 || event.pointerType === "mouse")) pan(dx / fingers.size, dy / fingers.size);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) box.addEventListener(end, (event) => fingers.delete(event.pointerId));
  box.addEventListener("click", (event) => { // a drag is no click
    if (moved <= 6) return;
    event.stopPropagation();
    moved = 0;
  }, true);
  box.addEventListener("wheel", (event) => {
    event.preventDefault();
    const rect = box.getBoundingClientRect();
    zoomTo(map.zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - rect.left, event.clientY - rect.top);
  }, { passive: false });
}

// The arrow keys lead to the nearest mark in that direction.
function step(dx, dy) {
  const nodes = [...layers.marks.children], from = nodes.find((node) => node === document.activeElement);
  if (!from) return false;
  const distance = (node) => {
    const x = (node.group.x - from.group.x) * dx + (node.group.y - from.group.y) * dy, across = (node.group.x - from.group.x) * dy - (node.group.y - from.group.y) * dx;
    return node === from || x <= 1e-4 ? Infinity : x + Math.abs(across) * 2;
  };
  const next = nodes.reduce((best, node) => (distance(node) < distance(best) ? node : best), from);
  if (next === from) return true;
  map.focused = next.group.key;
  const [px, py] = screen(next.group.x, next.group.y);
  if (px < 20 || py < 20 || px > map.width - 20 || py > map.height - 20) Object.assign(map, { x: next.group.x, y: next.group.y });
  draw();
  next.focus();
  return true;
}

function keys() {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input")) return;
    if (event.key in arrows) {
      const [dx, dy] = arrows[event.key];
      if (event.shiftKey || !step(dx, dy)) pan(-dx * 60, -dy * 60);
    } else if (event.key === "+" || event.key === "=") zoomTo(map.zoom * 1.6);
    else if (event.key === "-") zoomTo(map.zoom / 1.6);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });
}

function whole() {
  map.x = map.y = 0;
  zoomTo(1);
  draw();
}

// --- for the others

export function startMap(onChoose) {
  map.onChoose = onChoose;
  new ResizeObserver(resize).observe(box);
  gestures();
  keys();
  byId("zoom-in").addEventListener("click", () => zoomTo(map.zoom * 1.6));
  byId("zoom-out").addEventListener("click", () => zoomTo(map.zoom / 1.6));
  byId("zoom-all").addEventListener("click", whole);
  for (const id of ["show-callers", "show-moves"]) byId(id).addEventListener("change", draw);
  resize();
}

export function updateMap(overview) {
  const names = overview.sites.map((site) => `${site.site} ${site.latitude} ${site.longitude}`).join();
  map.overview = overview;
  map.sites = overview.sites;
  map.byName = new Map(overview.sites.map((site) => [site.site, site]));
  if (names !== map.names) {
    map.names = names;
    map.places = new Map(overview.sites.map((site) => [site.site, project(site.longitude, site.latitude)]));
    group();
  }
  draw();
}

// The site that is looked at; those that what-if asks about, and the moves it foresees.
export function markSites(selected, supposed = new Set(), guesses = []) {
  Object.assign(map, { selected, supposed, guesses });
  if (map.overview) draw();
}

export const redrawMap = draw;

// What the map shows, in a sentence, for who does not see it.
export function mapText(overview) {
  const counts = ORDER.map((state) => [overview.sites.filter((site) => site.state === state).length, word(state)]).filter(([count]) => count);
  const fullest = overview.sites.reduce((most, site) => ((site.ratio ?? -1) > (most?.ratio ?? -1) ? site : most), null);
  return `${plural(overview.sites.length, "site")}: ${counts.map(([count, state]) => `${count} ${state}`).join(", ")}.`
    + `${fullest?.ratio === undefined ? "" : ` The fullest is ${fullest.site}, at ${percent(fullest.ratio)}.`}`;
}

