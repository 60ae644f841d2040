/* Orders of the operator, taken and ended. */
#include "control/orders.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/log.h"
#include "control/describe.h"
#include "control/director.h"
#include "control/moment.h"
#include "control/callers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t end_of(uint64_t for_ms)
{
    return for_ms ? clock_ms() + for_ms : 0;
}

static void plan_next(struct director *director)
{
    const uint64_t now_ms = clock_ms(), next_ms = overrides_next_ms(&director->overrides, now_ms);
    event_del(director->order_timer);
    if (!next_ms)
        return;
    const int64_t wait_ms = (int64_t)(next_ms - now_ms);
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    event_add(director->order_timer, &wait);
}

/* Whether an order has begun, or a suspended one has come back into force: what was applied last is not what holds now. */
static bool resumed(const struct director *director, uint64_t now_ms)
{
    struct effects now;
    const struct config *config = world_config(director->setup->world);
    effects_init(&now, config);
    overrides_apply(&director->overrides, config, geo_areas(place_geo(director->setup->place)), now_ms, &now);
    const bool same = effects_equal(&now, &director->setup->effects, config);
    effects_release(&now);
    return !same;
}

static int64_t wall_offset_ms(void)
{
    return clock_wall_ms() - (int64_t)clock_ms();
}

static bool wall_clock_set(const struct director *director)
{
    const int64_t moved_ms = wall_offset_ms() - director->wall_offset_ms;
    return moved_ms <= -WALL_SET_MS || moved_ms >= WALL_SET_MS;
}

/* The ends stay where they are by the monotonic clock; what the file and people are told of them follows the wall clock. */
static void date_orders(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    director->wall_offset_ms = wall_offset_ms();
    overrides_to_wall(&director->overrides, now_ms, (int64_t)now_ms + director->wall_offset_ms);
}

static bool end_orders(struct director *director, uint64_t now_ms)
{
    struct override ended;
    bool any = false;
    while (overrides_take_ended(&director->overrides, now_ms, &ended)) {
        const struct override *next = overrides_find(&director->overrides, ended.target);
        log_notice("order ended: %s %s (by %s)%s%s", order_text(ended.order), ended.target, ended.who, next ? "; it is again: " : "",
                   next ? order_text(next->order) : "");
        const struct view view = director_view(director);
        journal_note(director->journal, &(struct event){.kind = EVENT_ENDED,
                                                        .target = ended.target,
                                                        .what = order_text(ended.order),
                                                        .why = "its time was over",
                                                        .before = describe_override(&view, &ended),
                                                        .after = next ? describe_override(&view, next) : json_null()});
        any = true;
    }
    return any;
}

static bool begin_orders(struct director *director, uint64_t now_ms)
{
    struct override begun;
    bool any = false;
    while (overrides_begin_due(&director->overrides, now_ms, &begun)) {
        log_notice("order begins: %s %s%s%s (by %s)", order_text(begun.order), begun.target, begun.to[0] ? " to " : "", begun.to,
                   begun.who);
        const struct view view = director_view(director);
        journal_note(director->journal, &(struct event){.kind = EVENT_ENDED,
                                                        .target = begun.target,
                                                        .what = "begins",
                                                        .why = "its time has come",
                                                        .before = json_null(),
                                                        .after = describe_override(&view, &begun)});
        any = true;
    }
    return any;
}

/* What was refused is tried again even when nothing has changed: what it was built from is in place already. */
void orders_pass(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    const bool refused = director->alarms.publish[0];
    areas_check(director);
    if (!director->overrides.count && !refused)
        return;
    const bool moved = wall_clock_set(director), begun = begin_orders(director, now_ms), ended = end_orders(director, now_ms);
    if (moved)
        date_orders(director);
    director->moves.soon |= begun || ended;
    if (moved || begun || ended)
        persist_overrides(director, NULL, NULL);
    if (director->starting && (refused || resumed(director, now_ms)))
        director_publish(director);
    plan_next(director);
}

/* --- what is wanted */

/* From moments of the wall clock to those of both. */
static bool read_times(const struct request *request, struct override *ret_order, struct error *err)
{
    const uint64_t now_ms = clock_ms();
    const int64_t wall_s = clock_wall_s();
    int64_t from_s = wall_s, until_s;
    if (request->at && !moment_parse(request->at, wall_s, &from_s, err))
        return false;
    if (request->at && from_s < wall_s)
        return error_set(err, "\"at\": that moment is past");
    ret_order->planned = from_s > wall_s;
    ret_order->from_ms = ret_order->planned ? now_ms + (uint64_t)(from_s - wall_s) * 1000 : 0;
    const uint64_t begin_ms = ret_order->planned ? ret_order->from_ms : now_ms;
    ret_order->until_ms = request->for_ms ? begin_ms + request->for_ms : 0;
    if (!request->until)
        return true;
    if (request->for_ms)
        return error_set(err, "\"for\" and \"until\" exclude each other");
    if (!moment_parse(request->until, wall_s, &until_s, err))
        return false;
    if (until_s <= from_s)
        return error_set(err, "\"until\": that is before it begins");
    ret_order->until_ms = now_ms + (uint64_t)(until_s - wall_s) * 1000;
    return true;
}

/* An order whose target has gone from the configuration can still be ended, by the name it was given for. */
static bool find_target(const struct director *director, const struct request *request, struct target *ret_target, struct error *err)
{
    if (target_resolve(world_config(director->setup->world), request->target, ret_target, err))
        return true;
    for (size_t i = 0; request->command == COMMAND_ENABLE && i < director->overrides.count; i++) {
        const struct override *order = &director->overrides.items[i];
        if (strcmp(order->target, request->target) != 0)
            continue;
        *ret_target = (struct target){.scope = order->scope, .index = -1};
        memcpy(ret_target->text, order->target, sizeof ret_target->text);
        return true;
    }
    return false;
}

static bool read_switch(const struct director *director, const struct request *request, struct override *ret_order, struct error *err)
{
    struct callers callers;
    struct destination destination;
    if (!switch_parse(world_config(director->setup->world), request->target, request->to, &callers, &destination, err))
        return false;
    ret_order->order = ORDER_SWITCH;
    ret_order->scope = SCOPE_CALLERS;
    memcpy(ret_order->target, callers.text, sizeof ret_order->target);
    memcpy(ret_order->to, destination.text, sizeof ret_order->to);
    callers_release(&callers);
    if (overrides_switches(&director->overrides) >= DIVERSIONS_MAX)
        return error_set(err, "there are %d switches already: revert one first", DIVERSIONS_MAX);
    return true;
}

static const struct override *newest(const struct overrides *overrides)
{
    const struct override *found = NULL;
    for (size_t i = 0; i < overrides->count; i++)
        if (found == NULL || overrides->items[i].id > found->id)
            found = &overrides->items[i];
    return found;
}

static bool read_revert(const struct director *director, const struct request *request, struct override *ret_order, struct error *err)
{
    const struct overrides *overrides = &director->overrides;
    const char *id = request->id[0] == '#' ? request->id + 1 : request->id;
    const bool last = strcmp(id, "last") == 0;
    uint32_t number = 0;
    if (!last && !decimal_parse(id, UINT32_MAX, &number))
        return error_set(err, "\"%.20s\" is no order: give its number, as overrides shows it, or last", request->id);
    const struct override *order = last ? newest(overrides) : overrides_by_id(overrides, number);
    if (!order)
        return last ? error_set(err, "there is no order to undo")
                    : error_set(err, "there is no order %u (any more): see overrides", number);
    *ret_order = *order;
    return true;
}

bool wish_read(const struct director *director, const struct request *request, const struct client *by, struct wish *ret_wish,
               struct error *err)
{
    *ret_wish = (struct wish){.command = request->command, .until_ms = end_of(request->for_ms), .order = {.since_s = clock_wall_s()}};
    struct override *order = &ret_wish->order;
    snprintf(ret_wish->reason, sizeof ret_wish->reason, "%s", request->reason);
    if (request->command == COMMAND_REVERT)
        return read_revert(director, request, order, err);
    snprintf(order->reason, sizeof order->reason, "%s", request->reason);
    client_who(by, order->who);
    if (request->command == COMMAND_SWITCH)
        return read_switch(director, request, order, err) && read_times(request, order, err);
    if (!find_target(director, request, &ret_wish->target, err))
        return false;
    order->order = request->command == COMMAND_DRAIN ? ORDER_DRAIN : ORDER_DISABLE;
    order->scope = ret_wish->target.scope;
    memcpy(order->target, ret_wish->target.text, sizeof order->target);
    return read_times(request, order, err);
}

bool wish_apply(const struct wish *wish, const struct config *config, struct overrides *overrides, uint64_t *ret_id, struct error *err)
{
    *ret_id = 0;
    if (wish->command == COMMAND_ENABLE)
        return overrides_enable(overrides, config, &wish->target, wish->until_ms, err);
    if (wish->command == COMMAND_REVERT) {
        *ret_id = wish->order.id;
        return overrides_remove(overrides, wish->order.id) || error_set(err, "the order has ended meanwhile");
    }
    *ret_id = overrides_put(overrides, &wish->order);
    return true;
}

bool wish_suppose(const struct wish *wish, const struct config *config, struct overrides *overrides, uint64_t now_ms, struct error *err)
{
    struct wish now = *wish;
    uint64_t id;
    now.order.planned = false;
    now.order.from_ms = 0;
    if (now.order.until_ms && now.order.until_ms <= now_ms)
        now.order.until_ms = now_ms + 1;
    return wish_apply(&now, config, overrides, &id, err);
}

/* --- what is taken */

/* An order that cannot be published is taken back, unless publishing had failed before it already. */
static bool publish_or_undo(struct director *director, struct overrides *before, struct place *place, struct error *err)
{
    const bool failing = director->alarms.publish[0];
    struct place *old = director->setup->place;
    if (place)
        director->setup->place = place;
    if (!director->starting || director_publish(director) || failing) {
        struct world *world = director->setup->world;
        if (place)
            audience_move(director->audience, (struct locale){world, old}, (struct locale){world, place});
        if (place)
            place_unref(old);
        return true;
    }
    error_set(err, "%.500s", director->alarms.publish);
    overrides_release(&director->overrides);
    director->overrides = *before;
    *before = (struct overrides){0};
    director->setup->place = old;
    if (place)
        place_unref(place);
    director_publish(director);
    return false;
}

/* What the order before is called in the reply. */
static const char *before_key(const struct wish *wish)
{
    return wish->command == COMMAND_REVERT ? "reverted" : wish->command == COMMAND_ENABLE ? "lifted" : "replaced";
}

static void note_order(struct director *director, const struct wish *wish, const struct client *by, const json_t *reply)
{
    const char *target = json_string_value(json_object_get(reply, "target")), *to = wish->order.to;
    json_t *before = json_object_get(reply, before_key(wish));
    char who[CLIENT_WHO];
    client_who(by, who);
    director_note(director, by,
                  (struct event){.kind = EVENT_ORDER,
                                 .target = target,
                                 .what = command_text(wish->command),
                                 .why = wish->reason,
                                 .before = before ? json_incref(before) : json_null(),
                                 .after = json_incref(json_object_get(reply, "order"))});
    log_notice("order: %s %s%s%s by %s%s%s", command_text(wish->command), target, to[0] ? " to " : "", to, who, wish->reason[0] ? ": " : "",
               wish->reason);
}

/* Which sites callers leave, or come back to; and by when the answers that are kept anywhere have been asked for anew. */
static json_t *describe_effect(const struct director *director, const struct override *order, bool leaving)
{
    const struct config *config = world_config(director->setup->world);
    struct callers callers;
    struct target target;
    struct error err;
    json_t *sites = json_array();
    uint32_t ttl_s = 0;
    const bool is_switch = order->order == ORDER_SWITCH, known = is_switch && callers_parse(config, order->target, &callers, &err);
    const bool exact = !is_switch && target_exact(config, order->target, &target);
    for (size_t i = 0; i < config->service_count; i++)
        if ((!known || callers.services[i]) && config->services[i].ttl_s > ttl_s)
            ttl_s = config->services[i].ttl_s;
    for (size_t i = 0; known && i < config->site_count; i++)
        if (callers.sites[i / 64] >> (i % 64) & 1)
            json_array_append_new(sites, json_string(config->sites[i].name));
    if (exact && target.scope == SCOPE_SITE)
        json_array_append_new(sites, json_string(config->sites[target.index].name));
    if (known)
        callers_release(&callers);
    return json_pack("{s:I, s:o, s:b}", "ttl_s", (json_int_t)ttl_s, "sites", sites, "leaving", leaving);
}

/* What holds now, and what a new order has replaced, or holds back until it ends. */
void wish_describe(const struct director *director, const struct wish *wish, const struct overrides *before, const struct overrides *after,
                   uint64_t id, json_t *reply)
{
    const bool revert = wish->command == COMMAND_REVERT;
    struct view view = director_view(director), view_before = view;
    view.overrides = after;
    view_before.overrides = before;
    const struct override *order = id && !revert ? overrides_by_id(after, id) : overrides_find(after, wish->order.target);
    const struct override *old = revert ? overrides_by_id(before, id) : overrides_find(before, wish->order.target);
    json_object_set_new(reply, "target", json_string(wish->order.target));
    json_object_set_new(reply, "order", order ? describe_override(&view, order) : json_null());
    if (old && (revert || wish->command == COMMAND_ENABLE || (order && !order->planned)))
        json_object_set_new(reply, before_key(wish), describe_override(&view_before, old));
    if (order && old && !revert && wish->command != COMMAND_ENABLE && !order->planned)
        json_object_set_new(reply, "returns", json_boolean(override_outlasts(old, order)));
    json_object_set_new(reply, "effect", describe_effect(director, &wish->order, !revert && wish->command != COMMAND_ENABLE));
    if (director->alarms.publish[0])
        json_object_set_new(reply, "warning", json_string(director->alarms.publish));
}

json_t *orders_take(struct director *director, const struct wish *wish, struct place *place, const struct client *by)
{
    struct overrides before;
    struct error err;
    uint64_t id;
    overrides_copy(&director->overrides, &before);
    bool done = wish_apply(wish, world_config(director->setup->world), &director->overrides, &id, &err);
    if (!done && place)
        place_unref(place);
    if (done) {
        date_orders(director);
        director->moves.soon = true;
        done = publish_or_undo(director, &before, place, &err);
    }
    json_t *reply = done ? reply_ok() : reply_error("%s", err.text);
    if (done) {
        wish_describe(director, wish, &before, &director->overrides, id, reply);
        director->alarms.orders[0] = '\0';
        note_order(director, wish, by, reply);
        plan_next(director);
    }
    overrides_release(&before);
    return reply;
}

bool orders_impose(struct director *director, const struct override *order, struct error *err)
{
    struct overrides before;
    overrides_copy(&director->overrides, &before);
    overrides_put(&director->overrides, order);
    date_orders(director);
    director->moves.soon = true;
    const bool done = publish_or_undo(director, &before, NULL, err);
    overrides_release(&before);
    plan_next(director);
    return done;
}

bool orders_withdraw(struct director *director, const char *target, enum order kind)
{
    if (!overrides_withdraw(&director->overrides, kind, target))
        return false;
    director->moves.soon = true;
    director_publish(director);
    plan_next(director);
    return true;
}
