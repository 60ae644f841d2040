#include "model/standing.h"

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
