/* Safety: probes alone never take out more than the operator lets them. Falls are believed in the order in which they came, as long as they fit;
 * what does not fit is kept, as if it had not fallen. */
#include "policy/policy.h"

#include "base/memory.h"
#include "policy/depends.h"
#include "policy/sizes.h"

#include <stdlib.h>

struct fall {
    uint64_t at_ms;
    uint16_t endpoint;
};

static int by_time(const void *left, const void *right)
{
    const struct fall *a = left, *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return (int)a->endpoint - (int)b->endpoint;
}

static bool is_ordered(const struct config *config, const struct world_state *state, size_t endpoint)
{
    return state->endpoint_orders[endpoint] != ORDERED_NOTHING || state->site_orders[config->endpoints[endpoint].site] != ORDERED_NOTHING;
}

/* Whether probes take the endpoint out, and since when: its own, or those of a check that its whole site depends on. */
static bool has_fallen(const struct config *config, const struct world_state *state, size_t endpoint, uint64_t *ret_at_ms)
{
    const struct endpoint_health *health = &state->health[endpoint];
    const struct failed failed = depends_failed(config, state, NULL, config->endpoints[endpoint].site);
    const bool down = health->overall == VERDICT_DOWN && !(state->suspect && health->since_ms >= state->suspect_since_ms);
    const bool lost = failed.depend && failed.verdict == VERDICT_DOWN;
    *ret_at_ms = down && (!lost || health->since_ms < failed.since_ms) ? health->since_ms : failed.since_ms;
    return down || lost;
}

static size_t list_falls(const struct config *config, const struct world_state *state, struct fall *falls)
{
    size_t count = 0;
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (!is_ordered(config, state, i) && has_fallen(config, state, i, &falls[count].at_ms))
            falls[count++].endpoint = (uint16_t)i;
    qsort(falls, count, sizeof *falls, by_time);
    return count;
}

/* By site: how many endpoints are neither ordered out nor fallen; the number of sites that have such. */
static size_t count_left(const struct config *config, const struct world_state *state, uint16_t *left)
{
    size_t sites = 0;
    for (size_t i = 0; i < config->endpoint_count; i++)
        left[config->endpoints[i].site] += !is_ordered(config, state, i);
    for (size_t i = 0; i < config->site_count; i++)
        sites += left[i] > 0;
    return sites;
}

size_t policy_safety(const struct config *config, const struct world_state *state, uint8_t *ret_kept)
{
    const struct safety_config *safety = &config->judgement.safety;
    const enum basis basis = basis_of(config, 0, config->endpoint_count);
    struct fall *falls = mem_new(config->endpoint_count + 1, sizeof *falls);
    uint16_t left[SITES_MAX] = {0};
    size_t kept = 0, sites = count_left(config, state, left);
    uint64_t whole = 0, out = 0;
    for (size_t i = 0; i < config->endpoint_count; i++) {
        ret_kept[i] = false;
        whole += endpoint_size(&config->endpoints[i], basis);
    }
    const size_t count = list_falls(config, state, falls);
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = &config->endpoints[falls[i].endpoint];
        const uint64_t size = endpoint_size(endpoint, basis);
        const bool ends_site = left[endpoint->site] == 1;
        if ((out + size) * 100 > whole * safety->max_down || (ends_site && sites <= safety->keep_sites)) {
            ret_kept[falls[i].endpoint] = true;
            kept++;
            continue;
        }
        out += size;
        left[endpoint->site]--;
        sites -= ends_site;
    }
    free(falls);
    return kept;
}
