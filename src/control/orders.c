/* Orders of the operator, taken and ended. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/describe.h"
#include "control/protocol.h"

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

/* Whether a suspended order has come back into force: what was applied last is not what holds now. */
static bool resumed(const struct director *director, uint64_t now_ms)
{
    struct effects now;
    const struct config *config = world_config(director->setup->world);
    effects_init(&now, config);
    overrides_apply(&director->overrides, config, now_ms, &now);
    const struct effects *last = &director->setup->effects;
    const bool same = memcmp(now.endpoints, last->endpoints, config->endpoint_count) == 0 &&
                      memcmp(now.sites, last->sites, config->site_count) == 0 &&
                      memcmp(now.services, last->services, config->service_count) == 0;
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

/* What was refused is tried again even when nothing has changed: what it was built from is in place already. */
void orders_pass(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    const bool refused = director->alarms.publish[0];
    if (!director->overrides.count && !refused)
        return;
    const bool moved = wall_clock_set(director), ended = end_orders(director, now_ms);
    if (moved)
        date_orders(director);
    director->moves.soon |= ended;
    if (moved || ended)
        persist_overrides(director, NULL, NULL);
    if (director->starting && (refused || resumed(director, now_ms)))
        director_publish(director);
    plan_next(director);
}

static struct override make_order(const struct request *request, const struct target *target, const struct client *by)
{
    struct override order = {
        .order = request->command == COMMAND_DRAIN ? ORDER_DRAIN : ORDER_DISABLE,
        .scope = target->scope,
        .since_s = clock_wall_s(),
        .until_ms = end_of(request->for_ms),
    };
    snprintf(order.target, sizeof order.target, "%s", target->text);
    snprintf(order.reason, sizeof order.reason, "%s", request->reason);
    client_who(by, order.who);
    return order;
}

static bool change(struct director *director, const struct request *request, const struct target *target, const struct client *by,
                   struct error *err)
{
    const struct config *config = world_config(director->setup->world);
    if (request->command == COMMAND_ENABLE) {
        if (!overrides_enable(&director->overrides, config, target, end_of(request->for_ms), err))
            return false;
    } else {
        const struct override order = make_order(request, target, by);
        overrides_put(&director->overrides, &order);
    }
    date_orders(director);
    director->moves.soon = true;
    return true;
}

/* An order that cannot be published is taken back, unless publishing had failed before it already. */
static bool publish_or_undo(struct director *director, struct overrides *before, struct error *err)
{
    const bool failing = director->alarms.publish[0];
    if (!director->starting || director_publish(director) || failing)
        return true;
    error_set(err, "%.500s", director->alarms.publish);
    overrides_release(&director->overrides);
    director->overrides = *before;
    *before = (struct overrides){0};
    director_publish(director);
    return false;
}

static void note_order(struct director *director, const struct request *request, const struct client *by, const struct overrides *before,
                       const json_t *reply)
{
    struct view view = director_view(director);
    view.overrides = before;
    const char *target = json_string_value(json_object_get(reply, "target"));
    const struct override *old = overrides_find(before, target);
    char who[CLIENT_WHO];
    client_who(by, who);
    director_note(director, by,
                  (struct event){.kind = EVENT_ORDER,
                                 .target = target,
                                 .what = command_text(request->command),
                                 .why = request->reason,
                                 .before = old ? describe_override(&view, old) : json_null(),
                                 .after = json_incref(json_object_get(reply, "order"))});
    log_notice("order: %s %s by %s%s%s", command_text(request->command), target, who, request->reason[0] ? ": " : "", request->reason);
}

/* An order whose target has gone from the configuration can still be ended, by the name it was given for. */
static bool find_target(const struct director *director, const struct request *request, struct target *ret_target, struct error *err)
{
    if (target_resolve(world_config(director->setup->world), request->target, ret_target, err))
        return true;
    const struct override *order = request->command == COMMAND_ENABLE ? overrides_find(&director->overrides, request->target) : NULL;
    if (!order)
        return false;
    *ret_target = (struct target){.scope = order->scope, .index = -1};
    memcpy(ret_target->text, order->target, sizeof ret_target->text);
    return true;
}

/* What holds now, and what a new order has replaced, or holds back until it ends. */
static json_t *describe_change(const struct director *director, const struct request *request, const struct target *target,
                               const struct overrides *before)
{
    json_t *reply = reply_ok();
    const struct view view = director_view(director);
    struct view view_before = view;
    view_before.overrides = before;
    const struct override *order = overrides_find(&director->overrides, target->text), *old = overrides_find(before, target->text);
    json_object_set_new(reply, "target", json_string(target->text));
    json_object_set_new(reply, "order", order ? describe_override(&view, order) : json_null());
    if (order && old && request->command != COMMAND_ENABLE) {
        json_object_set_new(reply, "replaced", describe_override(&view_before, old));
        json_object_set_new(reply, "returns", json_boolean(override_outlasts(old, order)));
    }
    if (director->alarms.publish[0])
        json_object_set_new(reply, "warning", json_string(director->alarms.publish));
    return reply;
}

json_t *orders_command(struct director *director, const struct request *request, const struct client *by)
{
    struct target target;
    struct error err;
    if (!find_target(director, request, &target, &err))
        return reply_error("%s", err.text);
    struct overrides before;
    overrides_copy(&director->overrides, &before);
    const bool done = change(director, request, &target, by, &err) && publish_or_undo(director, &before, &err);
    json_t *reply = done ? describe_change(director, request, &target, &before) : reply_error("%s", err.text);
    if (done) {
        director->alarms.orders[0] = '\0';
        note_order(director, request, by, &before, reply);
        plan_next(director);
    }
    overrides_release(&before);
    return reply;
}
