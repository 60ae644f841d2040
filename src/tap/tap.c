#include "tap/tap.h"

#include "base/memory.h"
#include "tap/sink.h"

#include <stdlib.h>
#include <string.h>

struct tap {
    struct points points;
    struct meanings *meanings;
    struct sink sinks[TAP_KINDS];
    struct config *config; /* a reference: what is in force; NULL */
};

const char *tap_kind_text(enum tap_kind kind)
{
    return kind == TAP_DNSTAP ? "dnstap" : "query_log";
}

struct tap *tap_new(struct error *err)
{
    struct tap *tap = mem_new(1, sizeof *tap);
    tap->meanings = meanings_new();
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++) {
        if (sink_init(&tap->sinks[kind], kind, &tap->points, tap->meanings, err))
            continue;
        while (kind-- > 0)
            sink_release(&tap->sinks[kind]);
        meanings_free(tap->meanings);
        free(tap);
        return NULL;
    }
    return tap;
}

void tap_free(struct tap *tap)
{
    if (tap == NULL)
        return;
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++)
        sink_release(&tap->sinks[kind]);
    for (size_t i = 0; i < tap->points.count; i++) {
        for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++)
            ring_free(atomic_load(&tap->points.items[i]->of[kind].ring));
        free(tap->points.items[i]);
    }
    free(tap->points.items);
    meanings_free(tap->meanings);
    config_unref(tap->config);
    free(tap);
}

struct tap_point *tap_point(struct tap *tap)
{
    struct points *points = &tap->points;
    points->items = mem_grow(points->items, &points->room, points->count + 1, sizeof *points->items);
    struct tap_point *point = mem_new(1, sizeof *point);
    points->items[points->count++] = point;
    return point;
}

/* --- switching */

static bool is_on(const struct config *config, enum tap_kind kind)
{
    const struct dnstap_config *dnstap = &config->dnstap;
    return kind == TAP_LOG ? config->query_log.file != NULL : dnstap->file || dnstap->socket || dnstap->address.addr.family != FAMILY_NONE;
}

static uint32_t sample_of(const struct config *config, enum tap_kind kind)
{
    return kind == TAP_LOG ? config->query_log.sample : config->dnstap.sample;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_rotation(const struct rotation *a, const struct rotation *b)
{
    return a->max_mib == b->max_mib && a->keep == b->keep;
}

static bool same_dnstap(const struct config *a, const struct config *b)
{
    const struct dnstap_config *x = &a->dnstap, *y = &b->dnstap;
    return same_text(x->file, y->file) && same_text(x->socket, y->socket) && addr_equal(&x->address.addr, &y->address.addr) &&
           x->address.port == y->address.port && x->queries == y->queries && x->responses == y->responses &&
           same_text(x->identity, y->identity) && same_text(x->version, y->version) && same_rotation(&x->rotation, &y->rotation) &&
           same_text(a->server.id, b->server.id) && same_text(a->server.version, b->server.version) && x->sample == y->sample;
}

static bool same_log(const struct config *a, const struct config *b)
{
    const struct query_log_config *x = &a->query_log, *y = &b->query_log;
    return same_text(x->file, y->file) && same_rotation(&x->rotation, &y->rotation) && x->sample == y->sample;
}

/* Rings are made with the first wish for them, and stay: a worker may be writing to one. */
static void switch_point(struct tap_point *point, const struct config *config)
{
    bool on = false;
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++) {
        const bool wanted = is_on(config, kind);
        if (wanted && !atomic_load(&point->of[kind].ring))
            atomic_store(&point->of[kind].ring, ring_new());
        atomic_store(&point->of[kind].below, wanted ? (UINT64_C(1) << 32) / sample_of(config, kind) : 0);
        on |= wanted;
    }
    atomic_store(&point->on, on);
}

static void set_config(struct tap *tap, struct config *config)
{
    struct config *before = tap->config;
    const bool same[TAP_KINDS] = {[TAP_DNSTAP] = before ? same_dnstap(before, config) : !is_on(config, TAP_DNSTAP),
                                  [TAP_LOG] = before ? same_log(before, config) : !is_on(config, TAP_LOG)};
    tap->config = config_ref(config);
    for (size_t i = 0; i < tap->points.count; i++)
        switch_point(tap->points.items[i], config);
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++)
        if (!same[kind])
            sink_set(&tap->sinks[kind], is_on(config, kind) ? config_ref(config) : NULL);
    config_unref(before);
}

void tap_set(struct tap *tap, struct meaning *meaning)
{
    const uint32_t place = meaning->place;
    set_config(tap, meaning->config);
    meanings_add(tap->meanings, meaning);
    if (!tap_logs(tap))
        meanings_keep_only(tap->meanings, place);
}

bool tap_logs(const struct tap *tap)
{
    return tap->config && is_on(tap->config, TAP_LOG);
}

void tap_publish(struct tap *tap, uint64_t generation, uint32_t place, const uint8_t *states, size_t count, uint64_t now_ms)
{
    meanings_publish(tap->meanings, generation, place, states, count, now_ms);
}

void tap_tell(struct tap *tap, enum tap_kind kind, struct tap_told *ret_told)
{
    struct sink *sink = &tap->sinks[kind];
    pthread_mutex_lock(&sink->lock);
    *ret_told = sink->told;
    pthread_mutex_unlock(&sink->lock);
    for (size_t i = 0; i < tap->points.count; i++) {
        const struct ring *ring = atomic_load(&tap->points.items[i]->of[kind].ring);
        ret_told->crowded += ring ? atomic_load_explicit(&ring->lost, memory_order_relaxed) : 0;
    }
}
