#include "snapshot/destinations.h"

#include "snapshot/steer.h"

static void add(const struct snapshot *snapshot, const struct plan *plan, const struct selection *selection, float share,
                float ret_shares[SITES_MAX])
{
    if (selection->kind == SELECTION_STEERED && selection->count > 0)
        ret_shares[snapshot->world->config->endpoints[plan->choices[selection->first].endpoint].site] += share;
}

bool snapshot_destinations(const struct snapshot *snapshot, uint32_t service, uint32_t class_number, float ret_shares[SITES_MAX])
{
    const struct world *world = snapshot->world;
    memset(ret_shares, 0, SITES_MAX * sizeof *ret_shares);
    if (world->service_sets[service] == NONE || snapshot->services[service] == SERVICE_DISABLED)
        return false;
    const struct plan *plan = snapshot->plans[world->steered[world->service_sets[service]].spec];
    const uint32_t run = plan->run_of_class[class_number];
    const bool uniform = plan->picks[run].uniform;
    for (unsigned bucket = 0; bucket < (uniform ? 1 : BUCKETS); bucket++)
        add(snapshot, plan, plan_selection(plan, run, bucket), uniform ? 1.0f : 1.0f / BUCKETS, ret_shares);
    return true;
}
