#include "control/explain.h"

#include "answer/answer.h"
#include "base/distance.h"
#include "base/memory.h"
#include "control/decode.h"
#include "control/describe.h"
#include "dns/message.h"
#include "policy/depends.h"

#include <stdlib.h>
#include <string.h>

/* Unlike in the configuration, bits beyond the length are no error here: operators paste the address of a caller. */
static bool read_client(const char *text, struct prefix *ret_client, struct error *err)
{
    char addr[ADDR_TEXT];
    const size_t len = strcspn(text, "/");
    if (len >= sizeof addr)
        return error_set(err, "\"%.60s\" is no address", text);
    memcpy(addr, text, len);
    addr[len] = '\0';
    if (!addr_parse(addr, &ret_client->addr))
        return error_set(err, "\"%.60s\" is no address (expected ADDR or ADDR/LEN)", addr);
    addr_unmap(&ret_client->addr);
    const unsigned bits = addr_bits(ret_client->addr.family);
    unsigned long cut = bits;
    if (text[len]) {
        char *end;
        cut = strtoul(text + len + 1, &end, 10);
        if (text[len + 1] < '0' || text[len + 1] > '9' || *end || cut > bits)
            return error_set(err, "\"%.60s\": a prefix length from 0 to %u was expected", text, bits);
    }
    ret_client->len = (uint8_t)cut;
    addr_mask(&ret_client->addr, (unsigned)cut);
    return true;
}

bool explain_read(const char *name, const char *type, const char *client, struct inquiry *ret_asked, struct error *err)
{
    ret_asked->name_len = name_from_text(name, ret_asked->name);
    if (!ret_asked->name_len)
        return error_set(err, "\"%.100s\" is no domain name", name);
    ret_asked->type = zone_type_number(type);
    if (!ret_asked->type)
        return error_set(err, "\"%.20s\" is no record type", type);
    return read_client(client, &ret_asked->client, err);
}

/* The question as a resolver would ask it: EDNS with the client's subnet (RFC 7871 6). */
static size_t write_query(const struct inquiry *asked, uint8_t *out, size_t room)
{
    const struct prefix *client = &asked->client;
    const unsigned octets = (client->len + 7u) / 8;
    struct writer w = writer_over(out, room);
    static const uint8_t header[HEADER_LEN] = {[1] = 1, [5] = 1, [11] = 1};
    write_bytes(&w, header, sizeof header);
    write_bytes(&w, asked->name, asked->name_len);
    write_u16(&w, asked->type);
    write_u16(&w, CLASS_IN);
    write_u8(&w, 0);
    write_u16(&w, TYPE_OPT);
    write_u16(&w, UDP_CAP);
    write_u32(&w, 0);
    write_u16(&w, (uint16_t)(8 + octets));
    write_u16(&w, OPTION_ECS);
    write_u16(&w, (uint16_t)(4 + octets));
    write_u16(&w, client->addr.family == FAMILY_V4 ? 1 : 2);
    write_u8(&w, client->len);
    write_u8(&w, 0);
    write_bytes(&w, client->addr.bytes, octets);
    return w.bad ? 0 : writer_len(&w);
}

static json_t *ask(const struct view *view, const struct inquiry *asked)
{
    uint8_t packet[HEADER_LEN + NAME_OCTETS + 64], *out = mem_new(MESSAGE_MAX, 1);
    struct answered answered;
    const size_t query_len = write_query(asked, packet, sizeof packet);
    const struct asker asker = {.peer = &asked->client.addr, .channel = CHANNEL_TCP};
    const size_t len = answer_query(view->snapshot, packet, query_len, &asker, out, MESSAGE_MAX, &answered);
    json_t *answer = decode_answer(out, len);
    free(out);
    return answer ? answer : json_null();
}

static json_t *explain_place(const struct geo_place *place)
{
    char network[PREFIX_TEXT];
    json_t *object = json_pack("{s:b, s:s, s:s, s:I, s:s}", "known", place->known, "country", place->country, "continent", place->continent,
                               "asn", (json_int_t)place->asn, "source", place->source);
    if (place->network.addr.family != FAMILY_NONE)
        json_object_set_new(object, "network", json_string(prefix_format(&place->network, network)));
    if (place->known) {
        json_object_set_new(object, "latitude", json_real(place->latitude));
        json_object_set_new(object, "longitude", json_real(place->longitude));
    }
    return object;
}

static json_t *explain_service(const struct view *view, const struct decision *decision)
{
    const struct service *service = &world_config(view->setup->world)->services[decision->service];
    char *target = mem_format("service:%s", service->name);
    const struct override *order = overrides_find(view->overrides, target);
    free(target);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:b, s:o}", "name", service->name, "label", service->label, "policy",
                     policy_text(service->policy), "srv", srv_mode_text(service->srv), "targets", (int)service->targets, "ttl_s",
                     (json_int_t)service->ttl_s, "on_all_down", all_down_text(service->on_all_down), "spread_query", service->spread_query,
                     "order", order ? describe_override(view, order) : json_null());
}

static const char *ttl_why(const struct view *view, const struct decision *decision)
{
    if (view->setup->effects.services[decision->service] == SERVICE_DRAINED)
        return "the service is drained: the short one";
    if (decision->lottery)
        return "the client is spread by lottery: the short one";
    return decision->selection.doubt ? "a verdict is in doubt: the short one" : "the record set's";
}

static const char *selection_text(enum selection_kind kind)
{
    static const char *const texts[] = {"steered", "static", "empty"};
    return texts[kind];
}

/* Whose failure holds the endpoint's site back. */
static char *failed_text(const struct view *view, const struct explained *at, const struct decision *decision)
{
    const struct config *config = world_config(view->setup->world);
    const struct world_state state = setup_state(view->setup);
    const struct failed failed = depends_failed(config, &state, &decision->spec, config->endpoints[at->endpoint].site);
    if (!failed.depend)
        return mem_text(cause_text(at->cause));
    return mem_format("its site depends on check %s, which is %s", config->judgement.checks[failed.depend->check].name,
                      verdict_text(failed.verdict));
}

/* Why an endpoint is or is not in the answer, in a few words. */
static char *why(const struct view *view, const struct explained *at, const struct decision *decision)
{
    const struct endpoint_health *health = &view->setup->beliefs.health[at->endpoint];
    if (at->rank >= 0 && decision->spec.purpose == PLAN_TARGETS)
        return mem_format("answer %d%s", at->rank + 1, at->standing >= STANDING_LAST ? ", for want of better" : "");
    if (at->rank >= 0)
        return mem_text("its transports");
    if (at->cause == CAUSE_VERDICT && at->standing != STANDING_UP)
        return mem_format("%s: %s", verdict_text(health->overall), reason_text(health->reason));
    if (at->cause == CAUSE_DEPENDS)
        return failed_text(view, at, decision);
    if (at->cause != CAUSE_VERDICT)
        return mem_text(cause_text(at->cause));
    return mem_text(decision->spec.purpose == PLAN_TARGETS ? "others come before it" : "the winner speaks for all");
}

static json_t *explain_endpoint(const struct view *view, const struct explained *at, const struct decision *decision)
{
    json_t *object = describe_endpoint(view, at->endpoint, false);
    char *text = why(view, at, decision);
    json_object_set_new(object, "rank", at->rank < 0 ? json_null() : json_integer(at->rank + 1));
    json_object_set_new(object, "site_rank", at->site_rank < 0 ? json_null() : json_integer(at->site_rank + 1));
    json_object_set_new(object, "standing", json_string(standing_text(at->standing)));
    json_object_set_new(object, "cause", json_string(cause_text(at->cause)));
    json_object_set_new(object, "why", json_string(text));
    free(text);
    return object;
}

static const char *room_cause_text(enum room_cause cause)
{
    static const char *const texts[] = {"nearest", "full", "returning"};
    return texts[cause];
}

/* Which site is first, and what kept the nearest one from it. */
static json_t *explain_room(const struct view *view, const struct decision *decision)
{
    const struct site *sites = world_config(view->setup->world)->sites;
    const struct world_state state = setup_state(view->setup);
    const struct explained_room told =
        policy_explain_room(place_policy(view->setup->place), &state, &decision->spec, decision->class_number, decision->bucket);
    if (told.first == SITES_MAX)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:f}", "nearest", sites[told.nearest].name, "first", sites[told.first].name, "cause",
                     room_cause_text(told.cause), "farther_km", ((double)told.first_m - (double)told.nearest_m) / 1000);
}

/* The switch that has decided which site is first; null where none has. */
static json_t *explain_switch(const struct view *view, const struct decision *decision)
{
    const struct site *sites = world_config(view->setup->world)->sites;
    const struct world_state state = setup_state(view->setup);
    const struct explained_switch told =
        policy_explain_switch(place_policy(view->setup->place), &state, &decision->spec, decision->class_number, decision->bucket);
    const struct override *order = told.id ? overrides_by_id(view->overrides, told.id) : NULL;
    if (!order)
        return json_null();
    json_t *object = describe_override(view, order);
    json_object_set_new(object, "from_site", json_string(sites[told.from].name));
    json_object_set_new(object, "to_site", json_string(sites[told.to].name));
    return object;
}

/* How a site stands for being chosen first: metres that it seems farther, and the share of its callers that it takes. */
static void explain_price(const struct view *view, size_t number, json_t *object)
{
    const struct room room = setup_state(view->setup).room;
    const uint32_t price_m = room.prices_m ? room.prices_m[number] : 0;
    const unsigned share = room.site_shares ? room.site_shares[number] : SHARE_WHOLE;
    json_object_set_new(object, "price_km", json_real(price_m / 1000.0));
    json_object_set_new(object, "share_percent", json_integer((share * 100 + SHARE_WHOLE / 2) / SHARE_WHOLE));
}

static json_t *explain_site(const struct view *view, size_t number, const int *ranks, const struct geo_place *place)
{
    const struct site *site = &world_config(view->setup->world)->sites[number];
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:o}", "site", site->name, "rank", ranks[number] < 0 ? json_null() : json_integer(ranks[number] + 1), "endpoints",
        describe_counts(view, site->first_endpoint, site->endpoint_count), "order", describe_site_order(view, number));
    explain_price(view, number, object);
    if (place->known) {
        const double km = distance_km(place->latitude, place->longitude, site->latitude, site->longitude);
        json_object_set_new(object, "km", json_real(km));
        json_object_set_new(object, "biased_km", json_real(distance_biased_km(km, site->bias)));
    }
    return object;
}

static void explain_choice(const struct view *view, const struct decision *decision, const struct geo_place *place, json_t *ret_object)
{
    const struct config *config = world_config(view->setup->world);
    const struct classes *classes = geo_classes(place_geo(view->setup->place));
    const struct world_state state = setup_state(view->setup);
    struct explained *all = mem_new(config->endpoint_count + 1, sizeof *all);
    int *ranks = mem_new(config->site_count + 1, sizeof *ranks);
    memset(ranks, 0xff, config->site_count * sizeof *ranks);
    policy_explain(place_policy(view->setup->place), &state, &decision->spec, decision->class_number, decision->bucket, all);

    json_t *endpoints = json_array(), *sites = json_array();
    for (size_t i = 0; i < config->endpoint_count; i++) {
        ranks[config->endpoints[all[i].endpoint].site] = all[i].site_rank;
        json_array_append_new(endpoints, explain_endpoint(view, &all[i], decision));
    }
    for (size_t i = 0; i < classes->site_count; i++)
        json_array_append_new(sites, explain_site(view, class_order(classes, decision->class_number)[i], ranks, place));
    json_object_set_new(ret_object, "sites", sites);
    json_object_set_new(ret_object, "endpoints", endpoints);
    free(all);
    free(ranks);
}

static void explain_decision(const struct view *view, const struct decision *decision, const struct geo_place *place, json_t *ret_object)
{
    const struct classes *classes = geo_classes(place_geo(view->setup->place));
    json_object_set_new(ret_object, "service", explain_service(view, decision));
    json_object_set_new(ret_object, "class",
                        json_pack("{s:I, s:I, s:i}", "number", (json_int_t)decision->class_number, "of", (json_int_t)classes->count,
                                  "certain_at", (int)decision->class_depth));
    json_object_set_new(ret_object, "bucket", json_integer(decision->bucket));
    json_object_set_new(ret_object, "buckets", json_integer(BUCKETS));
    json_object_set_new(ret_object, "uniform", json_boolean(decision->uniform));
    json_object_set_new(ret_object, "lottery", json_boolean(decision->lottery));
    json_object_set_new(ret_object, "scope", json_integer(decision->scope));
    json_object_set_new(ret_object, "ttl_s", json_integer(decision->ttl_s));
    json_object_set_new(ret_object, "ttl_why", json_string(ttl_why(view, decision)));
    json_object_set_new(ret_object, "selection", json_string(selection_text(decision->selection.kind)));
    json_object_set_new(ret_object, "suspect", json_boolean(view->setup->suspect));
    json_object_set_new(ret_object, "room", explain_room(view, decision));
    json_object_set_new(ret_object, "switch", explain_switch(view, decision));
    explain_choice(view, decision, place, ret_object);
}

void explain_locate(const struct world *world, const struct place *place, const struct inquiry *asked, struct located *ret_located)
{
    *ret_located = (struct located){.outdated = geo_outdated(place_geo(place))};
    geo_locate(world_config(world), &asked->client.addr, &ret_located->place, &ret_located->err);
}

bool explain_decide(const struct view *view, const struct inquiry *asked, const struct located *located,
                    struct explained_answer *ret_decided, struct error *err)
{
    if (!view->snapshot)
        return error_set(err, "nothing is answered yet: the first probes are on their way");
    if (!snapshot_is_of(view->snapshot, view->setup->world, view->setup->place))
        return error_set(err, "what was loaded is being signed, the answers are still the older ones; ask again in a moment");
    *ret_decided = (struct explained_answer){
        .asked = *asked,
        .located = *located,
        .decision = snapshot_decide(view->snapshot, asked->name, asked->name_len, asked->type, &asked->client.addr),
        .answer = ask(view, asked),
    };
    return true;
}

json_t *explain_tell(const struct view *view, struct explained_answer *decided)
{
    char text[NAME_TEXT], number[16], network[PREFIX_TEXT];
    const struct inquiry *asked = &decided->asked;
    const struct located *located = &decided->located;
    json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o}", "name", name_to_text(asked->name, text), "type",
                               zone_type_text(asked->type, number), "client", prefix_format(&asked->client, network), "place",
                               explain_place(&located->place), "place_outdated", located->outdated, "steered", decided->decision.steered,
                               "answer", decided->answer);
    decided->answer = NULL;
    if (located->err.text[0])
        json_object_set_new(object, "place_error", json_string(located->err.text));
    if (decided->decision.steered)
        explain_decision(view, &decided->decision, &located->place, object);
    return object;
}

json_t *explain(const struct view *view, const struct inquiry *asked, const struct located *located, struct error *err)
{
    struct explained_answer decided;
    return explain_decide(view, asked, located, &decided, err) ? explain_tell(view, &decided) : NULL;
}
