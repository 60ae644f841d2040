#include "policy/lineup.h"

/* Numbers 256 keys; equal keys get equal numbers. */
static void number(const uint16_t keys[BUCKETS], struct numbering *numbering, struct pattern *ret)
{
    unsigned count = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        uint16_t *slot = &numbering->number_of[keys[bucket]];
        if (*slot == 0) {
            ret->first[count] = (uint8_t)bucket;
            *slot = (uint16_t)++count;
        }
        ret->of[bucket] = (uint8_t)(*slot - 1);
    }
    ret->count = count;
    for (unsigned i = 0; i < count; i++)
        numbering->number_of[keys[ret->first[i]]] = 0;
}

void pattern_combine(const struct pattern *a, const struct pattern *b, struct numbering *numbering, struct pattern *ret)
{
    if (a->count == BUCKETS || b->count == 1) { /* nothing left to tell apart */
        if (ret != a)
            *ret = *a;
        return;
    }
    uint16_t keys[BUCKETS]; /* at most 254 * 256 + 255 */
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        keys[bucket] = (uint16_t)(a->of[bucket] * b->count + b->of[bucket]);
    number(keys, numbering, ret);
}

static void number_column(const struct lineup *lineup, unsigned place, struct numbering *numbering, struct pattern *ret)
{
    uint16_t keys[BUCKETS];
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        keys[bucket] = lineup->who[bucket][place];
    number(keys, numbering, ret);
}

const struct pattern *lineup_pattern(struct lineup *lineup, unsigned places, struct numbering *numbering)
{
    for (; lineup->known < places; lineup->known++) {
        struct pattern *next = &lineup->prefixes[lineup->known];
        if (lineup->known == 0) {
            number_column(lineup, 0, numbering, next);
            continue;
        }
        const struct pattern *last = &lineup->prefixes[lineup->known - 1];
        struct pattern column;
        if (last->count == BUCKETS) {
            *next = *last;
            continue;
        }
        number_column(lineup, lineup->known, numbering, &column);
        pattern_combine(last, &column, numbering, next);
    }
    return &lineup->prefixes[places - 1];
}
