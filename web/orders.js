// Orders: those there are, and giving one, with what it would do shown first.
import { mayOrder, signedIn, tell } from "./api.js";
import { announce, byId, el, keyed, number, percents, plural, set, show, span, text, when } from "./dom.js";
import { askToSign } from "./session.js";
import { foreseen, predict } from "./what_if.js";

const dialog = byId("order-dialog");
const field = { verb: byId("order-verb"), target: byId("order-target"), to: byId("order-to"), at: byId("order-at"), span: byId("order-for"), reason: byId("order-reason") };
const state = { overview: null, seen: null, refused: false };

// --- the list

function standing(of) {
  if (of.planned) return `begins in ${span((of.from_s - state.overview.now_s) * 1000)}, ${when(of.from_s * 1000)}`;
  if (!of.known) return "its target is not in the configuration";
  if (of.covered) return "waits: a newer order on the target holds";
  if (of.suspended_until_s) return `not in force until ${when(of.suspended_until_s * 1000)}`;
  return of.active ? "in force" : "not in force";
}

// What it has brought about so far, of a site.
function effectOf(of) {
  const site = of.active && state.overview.sites.find((one) => one.site === of.target);
  if (!site) return "";
  const still = site.calls === undefined ? [] : [site.calls ? `${plural(site.calls, "call")} still there` : "no call left there"];
  const away = state.overview.moves.filter((move) => move.from === of.target).reduce((sum, move) => sum + move.percent, 0);
  if (away >= 0.1) still.push(`${percents(away)} of callers moved in the last 5 minutes`);
  if (site.rate >= 0.05) still.push(`${number(site.rate)} answers a second still send there`);
  return still.join("; ");
}

function make(of) {
  return el("li", {}, el("div", { class: "order-line" }, el("strong"), el("span", { class: "order-standing" })), el("p", { class: "order-reason" }), el("p", { class: "muted order-who" }), el("p", { class: "muted order-effect" }),
    el("button", { type: "button", class: "quiet small", onclick: () => giveOrder("revert", String(of.id)) }, "End…"));
}

function update(node, of) {
  const [line, reason, who, does, end] = node.children, now = state.overview.now_s;
  text(line.firstChild, `${of.order} ${of.target}${of.to ? ` to ${of.to}` : ""}`);
  text(line.lastChild, standing(of));
  set(line.lastChild, { class: `order-standing${of.active ? " active" : ""}` });
  text(reason, of.reason || "no reason given");
  text(who, `${of.who}, ${span((now - of.since_s) * 1000)} ago; ${of.until_s ? `ends in ${span((of.until_s - now) * 1000)}, ${when(of.until_s * 1000)}` : "until it is ended"}`);
  const effectText = effectOf(of);
  text(does, effectText);
  show(does, effectText !== "");
  set(end, { "aria-label": `End ${of.order} ${of.target}` });
}

export function updateOrders(overview) {
  state.overview = overview;
  keyed(byId("order-list"), overview.overrides, (of) => of.id, make, update);
  show(byId("order-none"), overview.overrides.length === 0);
}

// --- giving one

// What each takes; the label of its target, and an example of it.
const FORMS = {
  drain: { target: "Target", example: "SITE, SITE/HOST or service:NAME", at: true, for: true, does: "gets no new callers" },
  disable: { target: "Target", example: "SITE, SITE/HOST or service:NAME", at: true, for: true, does: "gets no callers at all" },
  switch: { target: "Whose callers", example: "london, region:europe, country:FR", to: true, at: true, for: true },
  enable: { target: "Target", example: "SITE, SITE/HOST or service:NAME", for: true, does: "takes callers again" },
  revert: { target: "Number of the order", example: "12, or last" },
};

const value = (input) => input.value.trim();
const wanted = () => ({ verb: field.verb.value, target: value(field.target), to: value(field.to), at: value(field.at), span: value(field.span), reason: value(field.reason) });

// As the daemon takes it; what is empty is left out.
function request({ verb, target, to, at, span: length, reason }) {
  const form = FORMS[verb], keys = verb === "revert" ? { id: target.replace(/^#/, "") } : { target };
  return { ...keys, ...(form.to && to ? { to } : {}), ...(form.at && at ? { at } : {}), ...(form.for && length ? { for: length } : {}), ...(reason ? { reason } : {}) };
}

// What was previewed is what is given: any change asks for a new look.
function changed() {
  const form = FORMS[field.verb.value], same = state.seen === JSON.stringify(wanted());
  text(byId("order-target-label"), form.target);
  set(field.target, { placeholder: form.example });
  show(byId("order-to-part"), Boolean(form.to));
  show(byId("order-at-part"), Boolean(form.at));
  show(byId("order-for-part"), Boolean(form.for));
  set(field.to, { required: Boolean(form.to) });
  if (!same) {
    state.refused = false;
    byId("order-preview").replaceChildren();
  }
  show(byId("order-force-part"), same && state.refused);
  set(byId("order-give"), { disabled: !same || (state.refused && !byId("order-force").checked) });
}

function sayOrder({ verb, target, to, at, span: length, reason }) {
  const begins = at ? `From ${at} on: ` : "", ends = length ? ` for ${length}` : verb === "enable" || verb === "revert" ? "" : ", until it is ended";
  const what = verb === "switch" ? `Callers of ${target} go to ${to === "next" ? "whoever is next" : to}` : verb === "revert" ? `Order ${target} is undone` : `${target} ${FORMS[verb].does}`;
  return `${begins}${what}${ends}.${reason || !FORMS[verb].at ? "" : " No reason is given."}`;
}

// With a token that may order, the daemon itself says what the order would do; else what-if does, as far as it can.
async function effect(order) {
  if (mayOrder()) {
    const told = await tell(order.verb, { ...request(order), dry_run: true });
    state.refused = Boolean(told.refused);
    return [told.warning && el("p", { class: "holds-not" }, told.warning), told.refused && el("p", { class: "holds-not" }, `It would be refused: ${told.refused}`), ...(told.preview ? foreseen(told.preview) : [])].filter(Boolean);
  }
  const { verb, target } = order, site = state.overview.sites.find((one) => one.site === target);
  if (site && (verb === "drain" || verb === "disable")) return foreseen(await predict(verb === "disable" ? "fail" : "drain", [target]));
  return [el("p", { class: "muted" }, "What would move is told to those who have signed in and may order.")];
}

async function preview() {
  if (!byId("order-form").reportValidity()) return;
  const order = wanted(), box = byId("order-preview");
  byId("order-force").checked = false;
  box.replaceChildren(el("p", {}, sayOrder(order)));
  state.seen = JSON.stringify(order);
  state.refused = false;
  try {
    box.append(...await effect(order));
  } catch (trouble) {
    if (mayOrder() && trouble.kind === "refused") state.seen = null; // the order itself is wrong
    box.append(el("p", { class: "error", role: "alert" }, trouble.message));
    set(byId("order-give"), { disabled: state.seen === null });
    return;
  }
  changed();
  (state.refused ? byId("order-force") : byId("order-give")).focus();
}

function done(reply) {
  announce(`${field.verb.value} ${reply.target}: done.${reply.warning ? ` ${reply.warning}` : ""}`);
  if (!reply.warning) {
    dialog.close();
    return;
  }
  byId("order-preview").replaceChildren(el("p", { class: "holds-not" }, `Done. ${reply.warning}`));
  state.seen = null;
  set(byId("order-give"), { disabled: true });
  text(byId("order-cancel"), "Close");
}

async function give(event) {
  event.preventDefault();
  if (!signedIn()) {
    askToSign("Orders need a token with the role operate. It is kept until this tab is closed.", true);
    return;
  }
  const order = wanted();
  try {
    done(await tell(order.verb, { ...request(order), ...(byId("order-force").checked ? { force: true } : {}) }));
  } catch (trouble) {
    byId("order-preview").replaceChildren(el("p", { class: "error", role: "alert" }, trouble.message), ...(trouble.reply.preview ? foreseen(trouble.reply.preview) : []));
    if (trouble.reply.preview) state.refused = true;
    changed();
    if (trouble.kind === "token" && !mayOrder()) askToSign(trouble.message, true);
  }
}

export function giveOrder(verb, target = "") {
  Object.assign(state, { seen: null, refused: false });
  for (const input of Object.values(field)) input.value = "";
  field.verb.value = verb;
  field.target.value = target;
  byId("order-force").checked = false;
  text(byId("order-cancel"), "Cancel");
  byId("order-targets").replaceChildren(...(state.overview?.sites ?? []).map((site) => el("option", { value: site.site })));
  changed();
  dialog.showModal();
  (target ? field.reason : field.target).focus();
}

export function startOrders() {
  byId("new-order").addEventListener("click", () => giveOrder("drain"));
  byId("order-look").addEventListener("click", preview);
  byId("order-cancel").addEventListener("click", () => dialog.close());
  byId("order-force").addEventListener("change", changed);
  byId("order-form").addEventListener("submit", (event) => {
    if (byId("order-give").disabled) {
      event.preventDefault();
      preview();
    } else give(event);
  });
  for (const input of Object.values(field)) input.addEventListener("input", changed);
}
