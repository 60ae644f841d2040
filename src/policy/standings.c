/* Rules 1 and 3: the operator's orders, then verdicts, then what the site needs: checks, survivors, capacity. */
#include "policy/rules.h"

#include "base/memory.h"
#include "policy/depends.h"
#include "policy/detour.h"
#include "policy/sizes.h"

#include <stdlib.h>

struct sight {
    uint8_t standing, cause;
};

/* The best verdict through the spec's lens, and since when it has been so (of facets that are all down: since the last one fell). */
static struct facet look(const struct endpoint_health *health, const struct plan_spec *spec)
{
    static const uint8_t badness[] = {[VERDICT_UP] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_DRAINING] = 2, [VERDICT_DOWN] = 3};
    const struct facet overall = {.verdict = health->overall, .held = health->held, .since_ms = health->since_ms};
    if (spec->transport < 0 && spec->family == FAMILY_NONE)
        return overall;

    struct facet best = {.probed = false};
    for (unsigned six = spec->family == FAMILY_V6; six <= (spec->family != FAMILY_V4); six++) {
        const unsigned from = spec->transport < 0 ? 0 : (unsigned)spec->transport;
        const unsigned to = spec->transport < 0 ? TRANSPORT_COUNT : from + 1;
        for (unsigned transport = from; transport < to; transport++) {
            const struct facet *facet = &health->of[six][transport];
            if (facet->probed &&
                (!best.probed || badness[facet->verdict] < badness[best.verdict] ||
                 (facet->verdict == best.verdict && (facet->held != best.held ? facet->held : facet->since_ms > best.since_ms))))
                best = *facet;
        }
    }
    return best.probed ? best : overall;
}

static bool is_kept(const struct world_state *state, size_t endpoint)
{
    return state->kept && state->kept[endpoint];
}

static struct sight sight_of_verdict(const struct world_state *state, const struct facet *seen, size_t endpoint)
{
    switch (seen->verdict) {
    case VERDICT_UP: return (struct sight){STANDING_UP, CAUSE_VERDICT};
    case VERDICT_UNKNOWN: return (struct sight){STANDING_UNKNOWN, CAUSE_VERDICT};
    case VERDICT_DRAINING: return (struct sight){STANDING_RESERVE, CAUSE_VERDICT};
    case VERDICT_DOWN: break;
    }
    if (state->suspect && seen->since_ms >= state->suspect_since_ms)
        return (struct sight){STANDING_UP, CAUSE_SUSPECT};
    if (is_kept(state, endpoint) && state->health[endpoint].overall == VERDICT_DOWN)
        return (struct sight){STANDING_UP, CAUSE_SAFETY};
    if (seen->held)
        return (struct sight){STANDING_LAST, CAUSE_HELD};
    return (struct sight){STANDING_OUT, CAUSE_VERDICT};
}

/* An order is told as the cause wherever it alone would be enough: taking the verdict away would change nothing. */
static struct sight sight_of(const struct world_state *state, const struct plan_spec *spec, const struct detour *detour, unsigned site,
                             size_t endpoint)
{
    const uint8_t of_endpoint = state->endpoint_orders[endpoint], of_site = state->site_orders[site];
    if (of_endpoint == ORDERED_DISABLE)
        return (struct sight){STANDING_OUT, CAUSE_ENDPOINT_DISABLE};
    if (of_site == ORDERED_DISABLE)
        return (struct sight){STANDING_OUT, CAUSE_SITE_DISABLE};
    if (of_site == ORDERED_FAIL)
        return (struct sight){STANDING_OUT, CAUSE_DRILL};

    const struct facet seen = look(&state->health[endpoint], spec);
    const struct sight sight = sight_of_verdict(state, &seen, endpoint);
    if (sight.standing >= STANDING_LAST)
        return sight;
    if (of_endpoint == ORDERED_DRAIN)
        return (struct sight){STANDING_RESERVE, CAUSE_ENDPOINT_DRAIN};
    if (of_site == ORDERED_DRAIN)
        return (struct sight){STANDING_RESERVE, CAUSE_SITE_DRAIN};
    if (detour->by[site] != NO_DIVERSION)
        return (struct sight){STANDING_RESERVE, CAUSE_SITE_SWITCH};
    return sight;
}

/* Who is alive at a site, and how much of what it can take that is. */
struct strength {
    unsigned survivors;
    uint64_t alive, whole;
};

/* What keeps all of a site back, whoever of it lives; standing is STANDING_UP where nothing does. */
static struct sight sight_of_site(const struct site *site, const struct strength *strength, const struct failed *failed)
{
    if (failed->depend)
        return (struct sight){failed->verdict == VERDICT_DOWN ? STANDING_LAST : STANDING_RESERVE, CAUSE_DEPENDS};
    if (strength->survivors < site->min_up)
        return (struct sight){STANDING_RESERVE, CAUSE_MIN_UP};
    if (strength->alive * 100 < strength->whole * site->needs.min_capacity)
        return (struct sight){STANDING_RESERVE, CAUSE_MIN_CAPACITY};
    return (struct sight){STANDING_UP, CAUSE_VERDICT};
}

/* The site's survivors are counted whatever the RRset offers: what it needs is about the site's strength, not about the record set. */
static void stand_site(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                       const struct detour *detour, unsigned number, struct sight *sights)
{
    const struct config *config = policy->config;
    const struct site *site = &config->sites[number];
    const size_t first = site->first_endpoint, end = first + site->endpoint_count;
    const enum basis basis = basis_of(config, first, site->endpoint_count);
    const struct failed failed = depends_failed(config, state, spec, number);
    struct strength strength = {0};
    for (size_t i = first; i < end; i++) {
        const uint64_t size = endpoint_size(&config->endpoints[i], basis);
        sights[i] = sight_of(state, spec, detour, number, i);
        const bool alive = sights[i].standing <= STANDING_UNKNOWN;
        strength.survivors += alive;
        strength.whole += size;
        strength.alive += alive ? size : 0;
    }
    const struct sight whole = sight_of_site(site, &strength, &failed);
    for (size_t i = first; i < end; i++) {
        if (!spec_offers(spec, i))
            sights[i] = (struct sight){STANDING_OUT, CAUSE_NOT_OFFERED};
        else if (whole.cause == CAUSE_DEPENDS && failed.depend->takes == TAKES_SITE && is_kept(state, i))
            sights[i].cause = sights[i].standing == STANDING_UP ? CAUSE_SAFETY : sights[i].cause;
        else if (sights[i].standing < whole.standing)
            sights[i] = whole;
    }
}

void policy_standings(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec, uint8_t *ret_standings,
                      uint8_t *ret_causes)
{
    const size_t count = policy->config->endpoint_count;
    struct sight *sights = mem_new(count, sizeof *sights);
    struct detour detour;
    detour_init(&detour, state, spec);
    for (size_t i = 0; i < count; i++)
        sights[i] = (struct sight){STANDING_OUT, CAUSE_NOT_IN_SERVICE};
    for (size_t i = 0; i < spec->site_count; i++)
        stand_site(policy, state, spec, &detour, spec->sites[i], sights);
    for (size_t i = 0; i < count; i++) {
        ret_standings[i] = sights[i].standing;
        if (ret_causes)
            ret_causes[i] = sights[i].cause;
    }
    free(sights);
}
