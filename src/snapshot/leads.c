#include "snapshot/leads.h"

#include "snapshot/steer.h"

#include <string.h>

static bool plan_leads_to(const struct config *config, const struct plan *plan, unsigned site)
{
    for (uint32_t i = 0; i < plan->selection_count; i++) {
        const struct selection *selection = &plan->selections[i];
        if (selection->kind == SELECTION_STEERED && selection->count > 0 &&
            config->endpoints[plan->choices[selection->first].endpoint].site == site)
            return true;
    }
    return false;
}

/* Neighbours often share a plan. */
bool snapshot_leads_to(const struct snapshot *snapshot, unsigned site)
{
    const struct world *world = snapshot->world;
    const struct plan *last = NULL;
    for (size_t i = 0; i < world->spec_count; i++) {
        if (snapshot->plans[i] == last)
            continue;
        last = snapshot->plans[i];
        if (plan_leads_to(world->config, last, site))
            return true;
    }
    return false;
}

void snapshot_plans_of_services(const struct snapshot *snapshot, const struct plan **ret)
{
    const struct world *world = snapshot->world;
    memset(ret, 0, world->config->service_count * sizeof *ret);
    for (size_t i = 0; i < world->steered_count; i++) {
        const struct steered *set = &world->steered[i];
        if (ret[set->service] == NULL && world->specs[set->spec].purpose == PLAN_TARGETS)
            ret[set->service] = snapshot->plans[set->spec];
    }
}
