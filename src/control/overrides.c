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

static struct override *find(const struct overrides *overrides, const char *target)
{
    for (size_t i = 0; i < overrides->count; i++)
        if (strcmp(overrides->items[i].target, target) == 0)
            return &overrides->items[i];
    return NULL;
}

const struct override *overrides_find(const struct overrides *overrides, const char *target)
{
    return find(overrides, target);
}

void overrides_put(struct overrides *overrides, const struct override *order)
{
    struct override *old = find(overrides, order->target);
    if (!old) {
        overrides->items = mem_grow(overrides->items, &overrides->room, overrides->count + 1, sizeof *overrides->items);
        old = &overrides->items[overrides->count++];
    }
    *old = *order;
}

static void take_out(struct overrides *overrides, size_t at)
{
    memmove(&overrides->items[at], &overrides->items[at + 1], (overrides->count - at - 1) * sizeof *overrides->items);
    overrides->count--;
}

static const char *ordered(const struct override *order)
{
    return order->order == ORDER_DRAIN ? "drained" : "disabled";
}

/* Why enabling this target changes nothing: the order that does hold it back, or that there is none. */
static bool nothing_to_enable(const struct overrides *overrides, const struct config *config, const struct target *target,
                              struct error *err)
{
    if (target->scope == SCOPE_ENDPOINT) {
        const char *site = config->sites[config->endpoints[target->index].site].name;
        const struct override *order = find(overrides, site);
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

bool overrides_enable(struct overrides *overrides, const struct config *config, const struct target *target, int64_t until_s,
                      struct error *err)
{
    struct override *order = find(overrides, target->text);
    if (!order)
        return nothing_to_enable(overrides, config, target, err);
    if (until_s)
        order->suspended_until_s = until_s;
    else
        take_out(overrides, (size_t)(order - overrides->items));
    return true;
}

bool overrides_take_ended(struct overrides *overrides, int64_t wall_s, struct override *ret_ended)
{
    for (size_t i = 0; i < overrides->count; i++)
        if (override_ended(&overrides->items[i], wall_s)) {
            *ret_ended = overrides->items[i];
            take_out(overrides, i);
            return true;
        }
    return false;
}

static int64_t sooner(int64_t best, int64_t moment, int64_t wall_s)
{
    return moment > wall_s && (best == 0 || moment < best) ? moment : best;
}

int64_t overrides_next_s(const struct overrides *overrides, int64_t wall_s)
{
    int64_t next = 0;
    for (size_t i = 0; i < overrides->count; i++) {
        next = sooner(next, overrides->items[i].until_s, wall_s);
        next = sooner(next, overrides->items[i].suspended_until_s, wall_s);
    }
    return next;
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

void overrides_apply(const struct overrides *overrides, const struct config *config, int64_t wall_s, struct effects *effects)
{
    memset(effects->endpoints, ORDERED_NOTHING, config->endpoint_count);
    memset(effects->sites, ORDERED_NOTHING, config->site_count);
    memset(effects->services, SERVICE_NORMAL, config->service_count);
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override *order = &overrides->items[i];
        struct target target;
        if (!override_active(order, wall_s) || !target_exact(config, order->target, &target))
            continue;
        const bool drain = order->order == ORDER_DRAIN;
        if (target.scope == SCOPE_SERVICE)
            effects->services[target.index] = drain ? SERVICE_DRAINED : SERVICE_DISABLED;
        else
            (target.scope == SCOPE_SITE ? effects->sites : effects->endpoints)[target.index] = drain ? ORDERED_DRAIN : ORDERED_DISABLE;
    }
}
