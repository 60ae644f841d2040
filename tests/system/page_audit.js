// What a reader with other eyes, or none, meets: run in the page by test_page.py; gives a list of faults.
const faults = [];
const name = (node) => `${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ""}${node.classList.length ? `.${[...node.classList].join(".")}` : ""}`;
const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !node.closest(".visually-hidden, .skip") && node.getClientRects().length > 0;

// --- contrast (WCAG 2.1, 1.4.3)

const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });

function colour(text) {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = text;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];

function ground(node) {
  const layers = [];
  for (let at = node; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((below, layer) => over(layer, below), colour(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff"));
}

function luminance([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(node, style) {
  const below = ground(node.closest("svg") && !(node instanceof HTMLElement) ? node.closest("svg").parentElement : node);
  const above = over(colour(node instanceof SVGElement ? style.fill : style.color), below), [light, dark] = [luminance(above), luminance(below)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const texts = document.createTreeWalker(document.querySelector("dialog[open]") ?? document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
while (texts.nextNode()) {
  const node = texts.currentNode.parentElement;
  if (!texts.currentNode.textContent.trim() || seen.has(node) || ["SCRIPT", "NOSCRIPT", "TITLE", "title", "OPTION", "DATALIST"].includes(node.tagName) || !shown(node) || node.matches(":disabled")) continue;
  seen.add(node);
  const style = getComputedStyle(node), large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  const has = contrast(node, style);
  if (has < (large ? 3 : 4.5)) faults.push(`contrast ${has.toFixed(2)} of ${name(node)}: "${texts.currentNode.textContent.trim().slice(0, 40)}"`);
}

// --- names, roles, order

function label(node) {
  const by = node.getAttribute("aria-labelledby");
  if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  return node.getAttribute("aria-label") ?? [...(node.labels ?? [])].map((one) => one.textContent).join(" ") + node.textContent;
}

for (const node of document.querySelectorAll("button, input, select, a, [role=button], [role=region], dialog, section, [tabindex='0']"))
  if (shown(node) && !label(node).trim()) faults.push(`no name: ${name(node)}`);
for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby], [for], [list]"))
  for (const key of ["aria-labelledby", "aria-describedby", "for", "list"])
    for (const id of (node.getAttribute(key) ?? "").split(" ").filter(Boolean)) if (!document.getElementById(id)) faults.push(`${name(node)}: ${key} names no element "${id}"`);
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
for (const id of ids.filter((one, i) => ids.indexOf(one) !== i)) faults.push(`two elements with the id ${id}`);
for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) faults.push(`tabindex above 0: ${name(node)}`);
for (const node of document.querySelectorAll("[aria-hidden=true]")) if (node.querySelector("button, a, input, [tabindex='0']")) faults.push(`hidden, but can be focused: ${name(node)}`);
for (const node of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${name(node)}`);
const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter((node) => shown(node) && !node.closest("dialog")).map((node) => Number(node.tagName[1]));
levels.forEach((level, i) => { if (level > (levels[i - 1] ?? 0) + 1) faults.push(`a heading of level ${level} after one of ${levels[i - 1] ?? "none"}`); });
if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
if (!document.documentElement.lang) faults.push("no language");
if (!document.title) faults.push("no title");
for (const list of document.querySelectorAll("ul, ol")) if ([...list.children].some((node) => node.tagName !== "LI")) faults.push(`not only items: ${name(list)}`);

// --- what a finger must hit (WCAG 2.2, 2.5.8)

for (const node of document.querySelectorAll("button, select, input"))
  if (shown(node) && (node.getBoundingClientRect().height < 24 || node.getBoundingClientRect().width < 24) && node.type !== "checkbox") faults.push(`small: ${name(node)}`);
return faults;
