#include "policy/depends.h"

static bool concerns(const struct depend *depend, const struct plan_spec *spec)
{
    return depend->takes == TAKES_SITE || (spec && spec->depends && (spec->depends[depend->number / 64] >> depend->number % 64 & 1));
}

struct failed depends_failed(const struct config *config, const struct world_state *state, const struct plan_spec *spec, unsigned site)
{
    const struct needs *needs = &config->sites[site].needs;
    struct failed worst = {.depend = NULL};
    for (size_t i = 0; state->checks && i < needs->depend_count; i++) {
        const struct depend *depend = &needs->depends[i];
        const struct endpoint_health *health = &state->checks[depend->check];
        const bool down = health->overall == VERDICT_DOWN;
        if (!concerns(depend, spec) || (!down && health->overall != VERDICT_DRAINING))
            continue;
        if (down && state->suspect && health->since_ms >= state->suspect_since_ms)
            continue; /* it fell with everything */
        if (worst.depend == NULL || (down && worst.verdict != VERDICT_DOWN))
            worst = (struct failed){depend, health->overall, health->since_ms};
    }
    return worst;
}
