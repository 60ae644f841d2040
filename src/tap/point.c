#include "tap/point.h"

#include <string.h>

void tap_look_closer(struct tap_point *point, struct tap_view *ret_view)
{
    for (unsigned kind = 0; kind < TAP_KINDS; kind++) {
        ret_view->rings[kind] = atomic_load_explicit(&point->of[kind].ring, memory_order_acquire);
        ret_view->below[kind] = ret_view->rings[kind] ? atomic_load_explicit(&point->of[kind].below, memory_order_relaxed) : 0;
    }
}

static void put(struct ring *ring, const struct tap_record *record, const uint8_t *query, const uint8_t *answer, size_t answer_len)
{
    uint8_t *at = ring_room(ring, sizeof *record + record->query_len + answer_len);
    if (at == NULL)
        return;
    memcpy(at, record, sizeof *record);
    memcpy(at + sizeof *record, query, record->query_len);
    if (answer_len)
        memcpy(at + sizeof *record + record->query_len, answer, answer_len);
}

void tap_put(const struct tap_view *view, unsigned kinds, const struct tap_record *record, const uint8_t *query, const uint8_t *answer)
{
    if (kinds & 1 << TAP_DNSTAP)
        put(view->rings[TAP_DNSTAP], record, query, answer, record->answer_len);
    if (kinds & 1 << TAP_LOG)
        put(view->rings[TAP_LOG], record, query, NULL, 0);
}

void tap_end(const struct tap_view *view)
{
    for (unsigned kind = 0; kind < TAP_KINDS; kind++)
        if (view->below[kind])
            ring_commit(view->rings[kind]);
}
