#include "health/health.h"

enum { FACETS = 2 * TRANSPORT_COUNT, BADNESS_HELD = 3 };

/* 0 is best. Between draining and down stands who is down only because damping holds it there. */
static unsigned badness(const struct health *health)
{
    static const uint8_t of[] = {[VERDICT_UP] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_DRAINING] = 2, [VERDICT_DOWN] = BADNESS_HELD + 1};
    return health->held ? BADNESS_HELD : of[health->verdict];
}

/* Worse; of equals, many are up since the last of them became up, and anything else since the first became that. */
static bool speaks_louder(const struct health *health, const struct health *than)
{
    if (badness(health) != badness(than))
        return badness(health) > badness(than);
    return health->verdict == VERDICT_UP ? health->since_ms > than->since_ms : health->since_ms < than->since_ms;
}

/* Of one facet: each probe's worst check, and the one of these that decides. */
struct facet_voices {
    const struct health *of[PROBES_PER_ENDPOINT_MAX];
};

static void hear(struct facet_voices *voices, const struct health_part *part)
{
    const struct health **voice = &voices->of[part->probe];
    if (*voice == NULL || speaks_louder(part->health, *voice))
        *voice = part->health;
}

/* The need-th voice from the quietest; NULL where nobody speaks. */
static const struct health *decider(const struct facet_voices *voices, unsigned need)
{
    const struct health *sorted[PROBES_PER_ENDPOINT_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < PROBES_PER_ENDPOINT_MAX; i++) {
        if (voices->of[i] == NULL)
            continue;
        unsigned at = count++;
        for (; at > 0 && speaks_louder(sorted[at - 1], voices->of[i]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = voices->of[i];
    }
    if (count == 0)
        return NULL;
    return sorted[(need == NEED_ALL || need > count ? count : need) - 1];
}

/* The best of the facets. It is up since its first facet is; it is anything else since the last of its facets came to what it is. */
static void decide_overall(struct endpoint_health *whole, const struct health *const deciders[FACETS])
{
    const struct health *best = NULL;
    uint64_t last_ms = 0;
    for (size_t i = 0; i < FACETS; i++) {
        const struct health *one = deciders[i];
        if (one == NULL)
            continue;
        if (one->since_ms > last_ms)
            last_ms = one->since_ms;
        if (best == NULL || badness(one) < badness(best) || (badness(one) == badness(best) && one->since_ms < best->since_ms))
            best = one;
    }
    whole->overall = best->verdict;
    whole->held = best->held;
    whole->reason = best->reason;
    whole->since_ms = best->verdict == VERDICT_UP ? best->since_ms : last_ms;
}

struct endpoint_health health_compose(const struct health_part *parts, size_t count, unsigned need)
{
    struct endpoint_health whole = {.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    struct facet_voices voices[FACETS] = {{{NULL}}};
    const struct health *deciders[FACETS];
    for (size_t i = 0; i < count; i++) {
        hear(&voices[(parts[i].family == FAMILY_V6) * TRANSPORT_COUNT + parts[i].transport], &parts[i]);
        whole.doubt |= parts[i].health->doubt;
    }
    for (unsigned i = 0; i < FACETS; i++) {
        const struct health *one = deciders[i] = decider(&voices[i], need);
        if (one)
            whole.of[i / TRANSPORT_COUNT][i % TRANSPORT_COUNT] =
                (struct facet){.verdict = one->verdict, .probed = true, .held = one->held, .since_ms = one->since_ms};
    }
    if (count > 0)
        decide_overall(&whole, deciders);
    return whole;
}
