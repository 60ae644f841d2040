#include "control/overrides.h"

#include "base/memory.h"
#include "control/callers.h"
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
    *ret_to = (struct overrides){.count = from->count, .room = from->count, .last_id = from->last_id};
    if (from->count)
        ret_to->items = mem_copy(from->items, from->count * sizeof *from->items);
}

/* The newest of the first count that has begun. */
static const struct override *find_before(const struct overrides *overrides, size_t count, const char *target)
{
    while (count--)
        if (!overrides->items[count].planned && strcmp(overrides->items[count].target, target) == 0)
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

static size_t planned_count(const struct overrides *overrides)
{
    size_t count = 0;
    while (count < overrides->count && overrides->items[count].planned)
        count++;
    return count;
}

/* What it takes the place of: a planned one of nothing. */
static void replace(struct overrides *overrides, const struct override *order)
{
    for (size_t i = overrides->count; !order->planned && i--;) {
        const struct override *other = &overrides->items[i];
        if (!other->planned && strcmp(other->target, order->target) == 0 && !override_outlasts(other, order))
            take_out(overrides, i);
    }
}

uint64_t overrides_put(struct overrides *overrides, const struct override *order)
{
    struct override put = *order;
    if (put.id == 0)
        put.id = overrides->last_id + 1;
    if (put.id > overrides->last_id)
        overrides->last_id = put.id;
    replace(overrides, &put);
    overrides->items = mem_grow(overrides->items, &overrides->room, overrides->count + 1, sizeof *overrides->items);
    const size_t at = put.planned ? planned_count(overrides) : overrides->count;
    memmove(&overrides->items[at + 1], &overrides->items[at], (overrides->count++ - at) * sizeof *overrides->items);
    overrides->items[at] = put;
    return put.id;
}

const struct override *overrides_by_id(const struct overrides *overrides, uint64_t id)
{
    for (size_t i = 0; i < overrides->count; i++)
        if (overrides->items[i].id == id)
            return &overrides->items[i];
    return NULL;
}

bool overrides_remove(struct overrides *overrides, uint64_t id)
{
    const struct override *order = overrides_by_id(overrides, id);
    if (order)
        take_out(overrides, (size_t)(order - overrides->items));
    return order != NULL;
}

bool overrides_begin_due(struct overrides *overrides, uint64_t now_ms, struct override *ret_begun)
{
    for (size_t i = 0; i < overrides->count; i++)
        if (override_due(&overrides->items[i], now_ms)) {
            *ret_begun = overrides->items[i];
            ret_begun->planned = false;
            take_out(overrides, i);
            overrides_put(overrides, ret_begun);
            return true;
        }
    return false;
}

size_t overrides_switches(const struct overrides *overrides)
{
    size_t count = 0;
    for (size_t i = 0; i < overrides->count; i++)
        count += overrides->items[i].order == ORDER_SWITCH;
    return count;
}

bool override_known(const struct override *order, const struct config *config)
{
    struct target target;
    struct callers callers;
    struct destination destination;
    struct error err;
    if (order->order != ORDER_SWITCH)
        return target_exact(config, order->target, &target);
    const bool known = callers_parse(config, order->target, &callers, &err);
    if (known)
        callers_release(&callers);
    return known && destination_parse(config, order->to, &destination, &err);
}

void overrides_areas(const struct overrides *overrides, struct areas *ret_areas)
{
    struct area area;
    ret_areas->count = 0;
    for (size_t i = 0; i < overrides->count; i++)
        if (overrides->items[i].order == ORDER_SWITCH && switch_area(overrides->items[i].target, &area) && !area_is_whole(&area))
            areas_add(ret_areas, &area);
}

static const char *ordered(const struct override *order)
{
    static const char *const texts[ORDERS] = {
        [ORDER_DRAIN] = "drained", [ORDER_DISABLE] = "disabled", [ORDER_FAIL] = "taken for failed by a drill", [ORDER_SWITCH] = "switched"};
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
    bool any = false;
    for (size_t i = 0; i < overrides->count; i++)
        any |= strcmp(overrides->items[i].target, target->text) == 0 && (!until_ms || !overrides->items[i].planned);
    if (!any)
        return nothing_to_enable(overrides, config, target, err);
    for (size_t i = overrides->count; i--;) {
        if (strcmp(overrides->items[i].target, target->text) != 0 || (until_ms && overrides->items[i].planned))
            continue;
        overrides->items[i].suspended_until_ms = until_ms;
        if (!until_ms)
            take_out(overrides, i);
    }
    return true;
}

size_t overrides_drop(struct overrides *overrides, enum order kind, const char *but)
{
    const size_t before = overrides->count;
    for (size_t i = overrides->count; i--;)
        if (overrides->items[i].order == kind && !(but && strcmp(overrides->items[i].target, but) == 0))
            take_out(overrides, i);
    return before - overrides->count;
}

size_t overrides_withdraw(struct overrides *overrides, enum order kind, const char *target)
{
    const size_t before = overrides->count;
    for (size_t i = overrides->count; i--;)
        if (overrides->items[i].order == kind && strcmp(overrides->items[i].target, target) == 0)
            take_out(overrides, i);
    return before - overrides->count;
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
        if (overrides->items[i].planned)
            next = sooner(next, overrides->items[i].from_ms, now_ms);
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
    effects->diversions = mem_new(1, sizeof *effects->diversions);
    effects->diversions->by_service = mem_new(config->service_count + 1, sizeof *effects->diversions->by_service);
}

void effects_release(struct effects *effects)
{
    free(effects->endpoints);
    free(effects->sites);
    free(effects->services);
    free(effects->diversions->by_service);
    free(effects->diversions);
}

struct effects effects_copy(const struct effects *effects, const struct config *config)
{
    struct effects copy;
    effects_init(&copy, config);
    uint32_t *by_service = copy.diversions->by_service;
    memcpy(copy.endpoints, effects->endpoints, config->endpoint_count);
    memcpy(copy.sites, effects->sites, config->site_count);
    memcpy(copy.services, effects->services, config->service_count);
    memcpy(by_service, effects->diversions->by_service, config->service_count * sizeof *by_service);
    *copy.diversions = *effects->diversions;
    copy.diversions->by_service = by_service;
    return copy;
}

bool effects_equal(const struct effects *a, const struct effects *b, const struct config *config)
{
    const struct diversions *x = a->diversions, *y = b->diversions;
    return memcmp(a->endpoints, b->endpoints, config->endpoint_count) == 0 && memcmp(a->sites, b->sites, config->site_count) == 0 &&
           memcmp(a->services, b->services, config->service_count) == 0 && x->count == y->count &&
           memcmp(x->of, y->of, x->count * sizeof *x->of) == 0 &&
           memcmp(x->by_service, y->by_service, config->service_count * sizeof *x->by_service) == 0;
}

/* As the next of the diversions. */
static void divert(struct diversions *diversions, const struct config *config, const struct override *order, const struct callers *callers,
                   const struct destination *destination, uint32_t area)
{
    struct diversion *diversion = &diversions->of[diversions->count];
    memset(diversion, 0, sizeof *diversion); /* compared octet by octet */
    diversion->id = order->id;
    diversion->area = area;
    memcpy(diversion->leaves, callers->sites, sizeof diversion->leaves);
    memcpy(diversion->to, destination->sites, destination->count);
    diversion->to_count = (uint8_t)destination->count;
    for (size_t i = 0; i < config->service_count; i++)
        diversions->by_service[i] |= (uint32_t)callers->services[i] << diversions->count;
    diversions->count++;
}

static void apply_switch(const struct override *order, const struct config *config, const struct areas *areas, struct effects *effects)
{
    struct callers callers;
    struct destination destination;
    struct error err;
    if (effects->diversions->count == DIVERSIONS_MAX || !callers_parse(config, order->target, &callers, &err))
        return;
    const bool whole = area_is_whole(&callers.area);
    const uint32_t area = whole ? 0 : areas_bit(areas, &callers.area);
    if ((whole || area) && destination_parse(config, order->to, &destination, &err) && (destination.count || callers.site_count))
        divert(effects->diversions, config, order, &callers, &destination, area);
    callers_release(&callers);
}

/* The newest first, which may be one of several on the same callers; the others are covered by it. */
static void apply_switches(const struct overrides *overrides, const struct config *config, const struct areas *areas, uint64_t now_ms,
                           struct effects *effects)
{
    effects->diversions->count = 0;
    memset(effects->diversions->by_service, 0, config->service_count * sizeof *effects->diversions->by_service);
    for (size_t i = overrides->count; i--;) {
        const struct override *order = &overrides->items[i];
        if (order->order == ORDER_SWITCH && override_active(order, now_ms) && overrides_find(overrides, order->target) == order)
            apply_switch(order, config, areas, effects);
    }
}

/* Newer orders on the same target come later in the list and overwrite what the older have done. */
void overrides_apply(const struct overrides *overrides, const struct config *config, const struct areas *areas, uint64_t now_ms,
                     struct effects *effects)
{
    apply_switches(overrides, config, areas, now_ms, effects);
    memset(effects->endpoints, ORDERED_NOTHING, config->endpoint_count);
    memset(effects->sites, ORDERED_NOTHING, config->site_count);
    memset(effects->services, SERVICE_NORMAL, config->service_count);
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override *order = &overrides->items[i];
        struct target target;
        if (order->order == ORDER_SWITCH || !override_active(order, now_ms) || !target_exact(config, order->target, &target))
            continue;
        static const uint8_t states[ORDERS] = {
            [ORDER_DRAIN] = ORDERED_DRAIN, [ORDER_DISABLE] = ORDERED_DISABLE, [ORDER_FAIL] = ORDERED_FAIL};
        if (target.scope == SCOPE_SERVICE)
            effects->services[target.index] = order->order == ORDER_DRAIN ? SERVICE_DRAINED : SERVICE_DISABLED;
        else
            (target.scope == SCOPE_SITE ? effects->sites : effects->endpoints)[target.index] = states[order->order];
    }
}
