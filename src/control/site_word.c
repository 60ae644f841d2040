#include "control/site_word.h"

/* Endpoints of the site with this verdict, or held back by an order of their own. */
static size_t count_out(const struct setup *setup, const struct site *site)
{
    size_t out = 0;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
        const enum verdict verdict = setup->beliefs.health[i].overall;
        out += verdict == VERDICT_DOWN || verdict == VERDICT_DRAINING || setup->effects.endpoints[i] != ORDERED_NOTHING;
    }
    return out;
}

static bool is_unknown(const struct setup *setup, const struct site *site)
{
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (setup->beliefs.health[i].overall != VERDICT_UNKNOWN)
            return false;
    return site->endpoint_count > 0;
}

static bool is_past_max(const struct setup *setup, size_t number, const struct site *site)
{
    const struct utilisation *use = &setup->meters.site_use[number];
    return use->trust > 0 && use->ratio > site->room.max / 100.0;
}

/* Wherever they are, and whatever they call. */
static bool leaves_all(const struct setup *setup, size_t number)
{
    const struct diversions *diversions = setup->effects.diversions;
    const size_t services = world_config(setup->world)->service_count;
    for (unsigned i = 0; i < diversions->count; i++) {
        bool all = diversions->of[i].area == 0 && diversion_leaves(&diversions->of[i], (unsigned)number);
        for (size_t service = 0; service < services && all; service++)
            all = diversions->by_service[service] >> i & 1;
        if (all)
            return true;
    }
    return false;
}

enum site_word site_word_of(const struct view *view, size_t number)
{
    const struct setup *setup = view->setup;
    const struct site *site = &world_config(setup->world)->sites[number];
    if (setup->effects.sites[number] == ORDERED_DISABLE)
        return SITE_IS_DISABLED;
    if (setup->effects.sites[number] == ORDERED_FAIL)
        return SITE_IS_DRILL;
    if (setup->effects.sites[number] == ORDERED_DRAIN)
        return SITE_IS_DRAINING;
    if (leaves_all(setup, number))
        return SITE_IS_SWITCHED;
    if (setup->ramps.sites[number].away)
        return SITE_IS_DOWN;
    if (is_unknown(setup, site))
        return SITE_IS_UNKNOWN;
    if (setup->ramps.site_shares[number] < SHARE_WHOLE)
        return SITE_IS_RAMPING;
    if (count_out(setup, site) > 0 || is_past_max(setup, number, site))
        return SITE_IS_DEGRADED;
    return SITE_IS_UP;
}

const char *site_word_text(enum site_word state)
{
    static const char *const texts[] = {[SITE_IS_DISABLED] = "disabled", [SITE_IS_DRILL] = "drill",       [SITE_IS_SWITCHED] = "switched",
                                        [SITE_IS_DOWN] = "down",         [SITE_IS_DRAINING] = "draining", [SITE_IS_UNKNOWN] = "unknown",
                                        [SITE_IS_RAMPING] = "ramping",   [SITE_IS_DEGRADED] = "degraded", [SITE_IS_UP] = "up"};
    return texts[state];
}
