// Why a client gets the answer it gets, in sentences, and the answer itself.
import { ask } from "./api.js";
import { byId, el, number, plural } from "./dom.js";
import { stateIcon } from "./states.js";

const SHOWN = 10;
const km = (value) => `${number(Math.round(value))} km`;

function aboutClient({ client, place, place_error: error, place_outdated: outdated }) {
  const at = place.known ? `at ${place.latitude.toFixed(2)}, ${place.longitude.toFixed(2)}` : "at an unknown place";
  const by = place.source ? ` ${place.source} says so of ${place.network}.` : "";
  return `The client ${client} is ${at}${place.country ? `, in ${place.country}` : ""}${place.asn ? `, AS${place.asn}` : ""}.${by}${error ? ` ${error}.` : ""}`
    + `${outdated ? " That is from the geo files as they are now; answers are made from older ones." : ""}`;
}

function aboutRoom({ room, sites }) {
  if (!room || room.nearest === room.first) return room ? `${room.first} is the nearest site that takes its callers.` : null;
  const nearest = sites.find((site) => site.site === room.nearest);
  return room.cause === "full" ? `${room.nearest} is nearer but full, and seems ${km(nearest.price_km)} farther; so the client goes to ${room.first}, ${km(room.farther_km)} farther.`
    : `${room.nearest} is nearer but coming back, and takes ${nearest.share_percent} % of its callers; this one goes to ${room.first}, ${km(room.farther_km)} farther.`;
}

function aboutBucket({ uniform, lottery, service, bucket, buckets }) {
  if (uniform) return "All clients of its kind get the same answer.";
  if (lottery) return `So much of the demand comes from its network that the answer is drawn for each query; this is what bucket ${bucket} of ${buckets} gets.`;
  if (service.spread_query) return `The answer is drawn for each query; this is what bucket ${bucket} of ${buckets} gets.`;
  return `It is in bucket ${bucket} of ${buckets}, by its address.`;
}

function story(told) {
  const lines = [aboutClient(told)];
  if (!told.steered) return [...lines, told.answer?.rcode === "REFUSED" ? "The name is in no zone here." : "The name and type are not steered: every client gets the same answer."];
  const { service } = told;
  lines.push(`The name belongs to the service ${service.name}${service.label ? ` (${service.label})` : ""}, policy ${service.policy}.`);
  if (service.order) lines.push(`An order holds on it: ${service.order.order} by ${service.order.who}.`);
  const passed = told.sites.filter((site) => site.rank === null || site.rank > 1).filter((site) => site.order || site.endpoints.up === 0).slice(0, 3);
  for (const site of passed) lines.push(`${site.site} ${site.order ? `is held back: ${site.order.order} by ${site.order.who}${site.order.reason ? ` (${site.order.reason})` : ""}` : "has no endpoint up"}.`);
  lines.push(aboutRoom(told), aboutBucket(told));
  if (told.suspect) lines.push("Every endpoint fell at once, which is not believed.");
  if (told.selection !== "steered") lines.push(told.selection === "static" ? "Nobody is left: the record set is answered as the zone file has it." : "Nobody is left: no records are answered.");
  lines.push(`The answer may be kept for ${told.ttl_s} s (${told.ttl_why}); a resolver may give it to all of the client's /${told.scope}.`);
  return lines.filter(Boolean);
}

function records({ answer }) {
  if (!answer) return el("p", { class: "error" }, "The answer cannot be shown.");
  const lines = [...(answer.answer ?? []), ...(answer.authority ?? []).map((record) => `${record}   ; authority`), ...(answer.additional ?? []).map((record) => `${record}   ; additional`)];
  return el("pre", { class: "records", tabindex: "0", role: "region", "aria-label": "The answer" }, `; ${answer.rcode}\n${lines.join("\n")}`);
}

const standings = { up: "up", unknown: "unknown", reserve: "degraded", last: "draining", out: "down" };

function endpoints(told) {
  const ranked = told.endpoints.filter((one) => one.site_rank !== null), shown = ranked.slice(0, SHOWN);
  return el("div", {}, el("h3", {}, "In the order of choice"), el("ol", { class: "choices" }, ...shown.map((one) =>
    el("li", {}, stateIcon(standings[one.standing] ?? "unknown"), el("span", { class: "host" }, `${one.site}/${one.host.replace(/\.$/, "")}`), el("span", { class: "muted" }, one.why)))),
  ranked.length > SHOWN ? el("p", { class: "muted" }, `and ${plural(ranked.length - SHOWN, "endpoint")} more`) : null);
}

async function explain(event) {
  event.preventDefault();
  const box = byId("explained");
  box.replaceChildren(el("p", { class: "muted" }, "Asking…"));
  try {
    const { explain: told } = await ask("explain", { name: byId("explain-name").value.trim(), type: byId("explain-type").value, client: byId("explain-client").value.trim() });
    box.replaceChildren(el("div", { class: "story" }, ...story(told).map((line) => el("p", {}, line))), records(told), ...(told.steered ? [endpoints(told)] : []));
  } catch (trouble) {
    box.replaceChildren(el("p", { class: "error" }, trouble.message));
  }
}

export function startExplain() {
  byId("explain-form").addEventListener("submit", explain);
}
