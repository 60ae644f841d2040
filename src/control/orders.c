/* Orders of the operator, taken and ended. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/describe.h"
#include "control/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Whole seconds of the wall clock, rounded so that an order never ends early. */
static int64_t end_of(uint64_t for_ms)
{
    return for_ms ? (clock_wall_ms() + (int64_t)for_ms + 999) / 1000 : 0;
}

static void plan_next(struct director *director)
{
    const int64_t next_s = overrides_next_s(&director->overrides, clock_wall_s());
    event_del(director->order_timer);
    if (!next_s)
        return;
    const int64_t wait_ms = next_s * 1000 - clock_wall_ms() + 1;
    const struct timeval wait = {.tv_sec = wait_ms > 0 ? wait_ms / 1000 : 0, .tv_usec = wait_ms > 0 ? wait_ms % 1000 * 1000 : 0};
    event_add(director->order_timer, &wait);
}

/* Whether a suspended order has come back into force: what was applied last is not what holds now. */
static bool resumed(const struct director *director, int64_t wall_s)
{
    struct effects now;
    const struct config *config = world_config(director->setup->world);
    effects_init(&now, config);
    overrides_apply(&director->overrides, config, wall_s, &now);
    const struct effects *last = &director->setup->effects;
    const bool same = memcmp(now.endpoints, last->endpoints, config->endpoint_count) == 0 &&
                      memcmp(now.sites, last->sites, config->site_count) == 0 &&
                      memcmp(now.services, last->services, config->service_count) == 0;
    effects_release(&now);
    return !same;
}

void orders_pass(struct director *director)
{
    const int64_t wall_s = clock_wall_s();
    if (!director->overrides.count)
        return;
    struct override ended;
    bool any = false;
    while (overrides_take_ended(&director->overrides, wall_s, &ended)) {
        log_notice("order ended: %s %s (by %s)", order_text(ended.order), ended.target, ended.who);
        any = true;
    }
    if (any)
        persist_overrides(director, NULL, NULL);
    if (director->serving && resumed(director, wall_s))
        director_publish(director);
    plan_next(director);
}

static struct override make_order(const struct request *request, const struct target *target, const char *who)
{
    struct override order = {
        .order = request->command == COMMAND_DRAIN ? ORDER_DRAIN : ORDER_DISABLE,
        .scope = target->scope,
        .since_s = clock_wall_s(),
        .until_s = end_of(request->for_ms),
    };
    snprintf(order.target, sizeof order.target, "%s", target->text);
    snprintf(order.reason, sizeof order.reason, "%s", request->reason);
    snprintf(order.who, sizeof order.who, "%s", who);
    return order;
}

static bool change(struct director *director, const struct request *request, const struct target *target, const char *who,
                   struct error *err)
{
    if (request->command == COMMAND_ENABLE)
        return overrides_enable(&director->overrides, world_config(director->setup->world), target, end_of(request->for_ms), err);
    const struct override order = make_order(request, target, who);
    overrides_put(&director->overrides, &order);
    return true;
}

/* An order that cannot be published is taken back, unless publishing had failed before it already. */
static bool publish_or_undo(struct director *director, struct overrides *before, struct error *err)
{
    const bool failing = director->alarms.publish[0];
    if (!director->serving || director_publish(director) || failing)
        return true;
    error_set(err, "%.500s", director->alarms.publish);
    overrides_release(&director->overrides);
    director->overrides = *before;
    *before = (struct overrides){0};
    director_publish(director);
    return false;
}

static void log_order(const struct request *request, const struct target *target, const char *who)
{
    log_notice("order: %s %s by %s%s%s", command_text(request->command), target->text, who, request->reason[0] ? ": " : "",
               request->reason);
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

json_t *orders_command(struct director *director, const struct request *request, const char *who)
{
    struct target target;
    struct error err;
    if (!find_target(director, request, &target, &err))
        return reply_error("%s", err.text);
    struct overrides before;
    overrides_copy(&director->overrides, &before);
    const bool done = change(director, request, &target, who, &err) && publish_or_undo(director, &before, &err);
    overrides_release(&before);
    if (!done)
        return reply_error("%s", err.text);
    log_order(request, &target, who);
    plan_next(director);
    json_t *reply = reply_ok();
    const struct view view = director_view(director);
    const struct override *order = overrides_find(&director->overrides, target.text);
    json_object_set_new(reply, "target", json_string(target.text));
    json_object_set_new(reply, "order", order ? describe_override(&view, order) : json_null());
    if (director->alarms.publish[0])
        json_object_set_new(reply, "warning", json_string(director->alarms.publish));
    return reply;
}
