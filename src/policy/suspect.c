/* Rule 7, the other half: where everything dies in one moment, it is more likely that we are the ones cut off. */
#include "policy/policy.h"

static bool is_probed(const struct endpoint_health *health)
{
    for (unsigned six = 0; six < 2; six++)
        for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
            if (health->of[six][transport].probed)
                return true;
    return false;
}

/* When the endpoint began to fall: its earliest facet that fell at or after from_ms. An endpoint is down since its last facet fell, but
 * the facets before that one fell with it and are to be believed no more than it. */
static uint64_t first_fall_ms(const struct endpoint_health *health, uint64_t from_ms)
{
    uint64_t first_ms = health->since_ms;
    for (unsigned six = 0; six < 2; six++) {
        for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++) {
            const struct facet *facet = &health->of[six][transport];
            if (facet->probed && facet->since_ms >= from_ms && facet->since_ms < first_ms)
                first_ms = facet->since_ms;
        }
    }
    return first_ms;
}

struct tally {
    size_t endpoints, sites;
    uint64_t first_ms, last_ms; /* falls */
};

/* Of the probed endpoints that fell at or after from_ms. Endpoints of a site stand together, so a site is new where it differs from the
 * last. */
static struct tally tally_falls(const struct config *config, const struct endpoint_health *health, uint64_t from_ms)
{
    struct tally tally = {.first_ms = UINT64_MAX};
    int last_site = -1;
    for (size_t i = 0; i < config->endpoint_count; i++) {
        if (!is_probed(&health[i]) || health[i].since_ms < from_ms)
            continue;
        const uint64_t first_ms = first_fall_ms(&health[i], from_ms);
        tally.endpoints++;
        tally.sites += config->endpoints[i].site != last_site;
        last_site = config->endpoints[i].site;
        if (first_ms < tally.first_ms)
            tally.first_ms = first_ms;
        if (health[i].since_ms > tally.last_ms)
            tally.last_ms = health[i].since_ms;
    }
    return tally;
}

bool policy_suspect(const struct config *config, const struct endpoint_health *health, uint64_t window_ms, uint64_t *ret_since_ms)
{
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (is_probed(&health[i]) && health[i].overall != VERDICT_DOWN)
            return false;
    const struct tally all = tally_falls(config, health, 0);
    const uint64_t from_ms = all.last_ms > window_ms ? all.last_ms - window_ms : 0;
    const struct tally cluster = tally_falls(config, health, from_ms);
    if (cluster.endpoints < 2 || (all.sites >= 2 && cluster.sites < 2))
        return false;
    *ret_since_ms = cluster.first_ms;
    return true;
}
