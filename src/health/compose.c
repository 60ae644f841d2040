#include "health/health.h"

/* By enum verdict: 0 is best. */
static const uint8_t badness[] = {[VERDICT_UP] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_DRAINING] = 2, [VERDICT_DOWN] = 3};

/* The check that speaks for its facet, where it is the worst so far. Of equals, a facet is up since the last became up, and anything else
 * since the first became that. */
static bool speaks_louder(const struct health *health, const struct health *than)
{
    if (badness[health->verdict] != badness[than->verdict])
        return badness[health->verdict] > badness[than->verdict];
    return health->verdict == VERDICT_UP ? health->since_ms > than->since_ms : health->since_ms < than->since_ms;
}

/* The best of the facets. It is up since its first facet is; it is anything else since the last of its facets came to what it is. */
static void decide_overall(struct endpoint_health *whole, const struct health *const speakers[2 * TRANSPORT_COUNT])
{
    const struct health *best = NULL;
    uint64_t last_ms = 0;
    for (size_t i = 0; i < 2 * TRANSPORT_COUNT; i++) {
        const struct health *one = speakers[i];
        if (one == NULL)
            continue;
        if (one->since_ms > last_ms)
            last_ms = one->since_ms;
        if (best == NULL || badness[one->verdict] < badness[best->verdict] ||
            (one->verdict == best->verdict && one->since_ms < best->since_ms))
            best = one;
    }
    whole->overall = best->verdict;
    whole->reason = best->reason;
    whole->since_ms = best->verdict == VERDICT_UP ? best->since_ms : last_ms;
}

struct endpoint_health health_compose(const struct health_part *parts, size_t count)
{
    struct endpoint_health whole = {.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    const struct health *speakers[2 * TRANSPORT_COUNT] = {NULL};
    for (size_t i = 0; i < count; i++) {
        const unsigned six = parts[i].family == FAMILY_V6;
        const struct health **speaker = &speakers[six * TRANSPORT_COUNT + parts[i].transport];
        if (*speaker == NULL || speaks_louder(parts[i].health, *speaker))
            *speaker = parts[i].health;
        whole.of[six][parts[i].transport] =
            (struct facet){.verdict = (*speaker)->verdict, .probed = true, .since_ms = (*speaker)->since_ms};
        whole.doubt |= parts[i].health->doubt;
    }
    if (count > 0)
        decide_overall(&whole, speakers);
    return whole;
}
