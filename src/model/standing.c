#include "model/standing.h"

const char *standing_text(enum standing standing)
{
    static const char *const texts[] = {"up", "unknown", "reserve", "out"};
    return texts[standing];
}

const char *cause_text(enum cause cause)
{
    static const char *const texts[] = {"verdict",
                                        "endpoint drained",
                                        "endpoint disabled",
                                        "site drained",
                                        "site disabled",
                                        "site below min_up",
                                        "fell together with everything: not believed",
                                        "not in the zone file",
                                        "site not of this service"};
    _Static_assert(sizeof texts / sizeof *texts == CAUSE_COUNT, "a text for each cause");
    return texts[cause];
}
