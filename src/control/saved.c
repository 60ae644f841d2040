#include "control/saved.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void saved_release(struct saved *saved)
{
    for (size_t i = 0; i < saved->count; i++) {
        free(saved->items[i].host);
        free(saved->items[i].probe);
    }
    for (size_t i = 0; i < saved->ramp_count; i++)
        free(saved->ramps[i].name);
    free(saved->items);
    free(saved->ramps);
    *saved = (struct saved){0};
}

void saved_add(struct saved *saved, const struct saved_verdict *item)
{
    saved->items = mem_grow(saved->items, &saved->room, saved->count + 1, sizeof *saved->items);
    struct saved_verdict *added = &saved->items[saved->count++];
    *added = *item;
    added->host = mem_text(item->host);
    added->probe = mem_text(item->probe);
}

void saved_add_ramp(struct saved *saved, const char *name, uint64_t age_ms)
{
    saved->ramps = mem_grow(saved->ramps, &saved->ramp_room, saved->ramp_count + 1, sizeof *saved->ramps);
    saved->ramps[saved->ramp_count++] = (struct saved_ramp){.name = mem_text(name), .age_ms = age_ms};
}

int identity_order(const char *host_a, const char *probe_a, const struct hostport *a, const char *host_b, const char *probe_b,
                   const struct hostport *b)
{
    int order = strcmp(host_a, host_b);
    if (!order)
        order = strcmp(probe_a, probe_b);
    if (!order)
        order = (int)a->addr.family - (int)b->addr.family;
    if (!order)
        order = memcmp(a->addr.bytes, b->addr.bytes, sizeof a->addr.bytes);
    return order ? order : (int)a->port - (int)b->port;
}

static int by_identity(const void *left, const void *right)
{
    const struct saved_verdict *a = left, *b = right;
    return identity_order(a->host, a->probe, &a->target, b->host, b->probe, &b->target);
}

void saved_sort(struct saved *saved)
{
    if (saved->count)
        qsort(saved->items, saved->count, sizeof *saved->items, by_identity);
}

const struct saved_verdict *saved_find(const struct saved *saved, const char *host, const char *probe, const struct hostport *target)
{
    size_t low = 0, high = saved->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct saved_verdict *at = &saved->items[middle];
        const int order = identity_order(host, probe, target, at->host, at->probe, &at->target);
        if (order == 0)
            return at;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
