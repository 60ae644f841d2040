#include "model/standing.h"

bool same_verdicts(const struct endpoint_health *a, const struct endpoint_health *b)
{
    for (unsigned i = 0; i < 2 * TRANSPORT_COUNT; i++) {
        const struct facet *left = &a->of[i / TRANSPORT_COUNT][i % TRANSPORT_COUNT],
                           *right = &b->of[i / TRANSPORT_COUNT][i % TRANSPORT_COUNT];
        if (left->verdict != right->verdict || left->probed != right->probed || left->held != right->held)
            return false;
    }
    return a->overall == b->overall && a->held == b->held;
}

const char *standing_text(enum standing standing)
{
    static const char *const texts[] = {"up", "unknown", "reserve", "last", "out"};
    return texts[standing];
}

const char *cause_text(enum cause cause)
{
    static const char *const texts[] = {"verdict",
                                        "endpoint drained",
                                        "endpoint disabled",
                                        "site drained",
                                        "site disabled",
                                        "site switched away from",
                                        "a drill: its site is taken for failed",
                                        "site below min_up",
                                        "site below min_capacity",
                                        "held down, though it answers",
                                        "a check that the site depends on has failed",
                                        "fell together with everything: not believed",
                                        "fell beyond the safety limits: not believed",
                                        "not in the zone file",
                                        "site not of this service"};
    _Static_assert(sizeof texts / sizeof *texts == CAUSE_COUNT, "a text for each cause");
    return texts[cause];
}
