#include "control/overrides.h"

#include "base/memory.h"
#include "snapshot/snapshot.h"

#include <stdlib.h>
#include <string.h>

void overrides_release(struct overrides *overrides)
{
    free(overrides->items);
    *overrides = (struct overrides){0};
}

void overrides_copy(const struct overrides *from, struct overrides *ret_to)
{
    *ret_to = (struct overrides){.count = from->count, .room = from->count};
    if (from->count)
        ret_to->items = mem_copy(from->items, from->count * sizeof *from->items);
}

/* The newest of the first count. */
static const struct override *find_before(const struct overrides *overrides, size_t count, const char *target)
{
    while (count--)
        if (strcmp(overrides->items[count].target, target) == 0)
            return &overrides->items[count];
    return NULL;
}

const struct override *overrides_find(const struct overrides *overrides, const char *target)
{
    return find_before(overrides, overrides->count, target);
}

const struct override *overrides_beneath(const struct overrides *overrides, const struct override *order)
{
    return find_before(overrides, (size_t)(order - overrides->items), order->target);
}

static void take_out(struct overrides *overrides, size_t at)
{
    memmove(&overrides->items[at], &overrides->items[at + 1], (overrides->count - at - 1) * sizeof *overrides->items);
    overrides->count--;
}

void overrides_put(struct overrides *overrides, const struct override *order)
{
    for (size_t i = overrides->count; i--;)
        if (strcmp(overrides->items[i].target, order->target) == 0 && !override_outlasts(&overrides->items[i], order))
            take_out(overrides, i);
    overrides->items = mem_grow(overrides->items, &overrides->room, overrides->count + 1, sizeof *overrides->items);
    overrides->items[overrides->count++] = *order;
}

static const char *ordered(const struct override *order)
{
    static const char *const texts[ORDERS] = {
        [ORDER_DRAIN] = "drained", [ORDER_DISABLE] = "disabled", [ORDER_FAIL] = "taken for failed by a drill"};
    return texts[order->order];
}

/* Why enabling this target changes nothing: the order that does hold it back, or that there is none. */
static bool nothing_to_enable(const struct overrides *overrides, const struct config *config, const struct target *target,
                              struct error *err)
{
    if (target->scope == SCOPE_ENDPOINT) {
        const char *site = config->sites[config->endpoints[target->index].site].name;
        const struct override *order = overrides_find(overrides, site);
        if (order)
            return error_set(err, "%s has no order of its own; its site is %s: enable %s", target->text, ordered(order), site);
    }
    if (target->scope == SCOPE_SITE) {
        const size_t len = strlen(target->text);
        for (size_t i = 0; i < overrides->count; i++) {
            const struct override *order = &overrides->items[i];
            if (order->scope == SCOPE_ENDPOINT && strncmp(order->target, target->text, len) == 0 && order->target[len] == '/')
                return error_set(err, "site %s has no order of its own; of its endpoints, %s is %s: enable that", target->text,
                                 order->target, ordered(order));
        }
    }
    return error_set(err, "%s is neither drained nor disabled", target->text);
}

bool overrides_enable(struct overrides *overrides, const struct config *config, const struct target *target, uint64_t until_ms,
                      struct error *err)
{
    if (!overrides_find(overrides, target->text))
        return nothing_to_enable(overrides, config, target, err);
    for (size_t i = overrides->count; i--;) {
        if (strcmp(overrides->items[i].target, target->text) != 0)
            continue;
        overrides->items[i].suspended_until_ms = until_ms;
        if (!until_ms)
            take_out(overrides, i);
    }
    return true;
}

bool overrides_take_ended(struct overrides *overrides, uint64_t now_ms, struct override *ret_ended)
{
    for (size_t i = 0; i < overrides->count; i++)
        if (override_ended(&overrides->items[i], now_ms)) {
            *ret_ended = overrides->items[i];
            take_out(overrides, i);
            return true;
        }
    return false;
}

static uint64_t sooner(uint64_t best, uint64_t moment, uint64_t now_ms)
{
    return moment > now_ms && (best == 0 || moment < best) ? moment : best;
}

uint64_t overrides_next_ms(const struct overrides *overrides, uint64_t now_ms)
{
    uint64_t next = 0;
    for (size_t i = 0; i < overrides->count; i++) {
        next = sooner(next, overrides->items[i].until_ms, now_ms);
        next = sooner(next, overrides->items[i].suspended_until_ms, now_ms);
    }
    return next;
}

void overrides_to_wall(struct overrides *overrides, uint64_t now_ms, int64_t wall_ms)
{
    for (size_t i = 0; i < overrides->count; i++)
        override_to_wall(&overrides->items[i], now_ms, wall_ms);
}

void effects_init(struct effects *effects, const struct config *config)
{
    effects->endpoints = mem_new(config->endpoint_count + 1, 1);
    effects->sites = mem_new(config->site_count + 1, 1);
    effects->services = mem_new(config->service_count + 1, 1);
}

void effects_release(struct effects *effects)
{
    free(effects->endpoints);
    free(effects->sites);
    free(effects->services);
}

/* Newer orders on the same target come later in the list and overwrite what the older have done. */
void overrides_apply(const struct overrides *overrides, const struct config *config, uint64_t now_ms, struct effects *effects)
{
    memset(effects->endpoints, ORDERED_NOTHING, config->endpoint_count);
    memset(effects->sites, ORDERED_NOTHING, config->site_count);
    memset(effects->services, SERVICE_NORMAL, config->service_count);
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override *order = &overrides->items[i];
        struct target target;
        if (!override_active(order, now_ms) || !target_exact(config, order->target, &target))
            continue;
        static const uint8_t states[ORDERS] = {
            [ORDER_DRAIN] = ORDERED_DRAIN, [ORDER_DISABLE] = ORDERED_DISABLE, [ORDER_FAIL] = ORDERED_FAIL};
        if (target.scope == SCOPE_SERVICE)
            effects->services[target.index] = order->order == ORDER_DRAIN ? SERVICE_DRAINED : SERVICE_DISABLED;
        else
            (target.scope == SCOPE_SITE ? effects->sites : effects->endpoints)[target.index] = states[order->order];
    }
}
