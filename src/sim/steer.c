/* Policies that are made of plans: the daemon's own code. */
#include "sim/ours.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { DOUBT_TTL_S = 5, SUSPECT_WINDOW_MS = 60000 };

static const struct steering_policy *const policies[SIM_POLICIES] = {[SIM_SIPSTEER] = &steer_ours,
                                                                     [SIM_NEAREST] = &steer_nearest,
                                                                     [SIM_STATIC] = &steer_static,
                                                                     [SIM_LEAST_LOADED] = &steer_least_loaded,
                                                                     [SIM_SHEDDING] = &steer_shedding};

const char *sim_policy_text(enum sim_policy policy)
{
    return policies[policy]->name;
}

bool sim_policy_from_text(const char *text, enum sim_policy *ret_policy)
{
    for (unsigned i = 0; i < SIM_POLICIES; i++)
        if (strcmp(text, policies[i]->name) == 0) {
            *ret_policy = (enum sim_policy)i;
            return true;
        }
    return false;
}

void steerer_init(struct steerer *steerer, enum sim_policy policy, const struct config *config, const struct service *service,
                  const struct geo *geo, uint64_t seed)
{
    const size_t words = config->endpoint_count / 64 + 1;
    *steerer = (struct steerer){.how = policies[policy],
                                .config = config,
                                .service = service,
                                .geo = geo,
                                .policy = policy_new(config, geo_classes(geo)),
                                .offered = mem_new(words, sizeof *steerer->offered),
                                .orders = mem_new(config->endpoint_count + config->site_count, 1),
                                .standings = mem_new(config->endpoint_count, 1),
                                .ours = policy == SIM_SIPSTEER ? ours_new(config) : NULL,
                                .dice = dice_new(seed, 's')};
    memset(steerer->offered, 0xff, words * sizeof *steerer->offered);
    steerer->spec = (struct plan_spec){.purpose = PLAN_TARGETS,
                                       .policy = policy == SIM_STATIC ? POLICY_WEIGHTED : service->policy,
                                       .srv = service->srv,
                                       .on_all_down = service->on_all_down,
                                       .targets = service->targets,
                                       .transport = -1,
                                       .family = FAMILY_NONE,
                                       .sites = service->sites,
                                       .site_count = service->site_count,
                                       .offered = steerer->offered};
}

void steerer_release(struct steerer *steerer)
{
    plan_unref(steerer->plan);
    ours_free(steerer->ours);
    policy_free(steerer->policy);
    free(steerer->offered);
    free(steerer->orders);
    free(steerer->standings);
}

static void take_in_health(struct steerer *steerer)
{
    steerer->state = (struct world_state){.health = steerer->watch->health,
                                          .endpoint_orders = steerer->orders,
                                          .site_orders = steerer->orders + steerer->config->endpoint_count,
                                          .room = steerer->state.room};
    steerer->state.suspect = policy_suspect(steerer->config, steerer->watch->health, SUSPECT_WINDOW_MS, &steerer->state.suspect_since_ms);
}

void steerer_look(struct steerer *steerer, bool changed, uint64_t now_ms)
{
    if (changed || steerer->state.health == NULL)
        take_in_health(steerer);
    steerer->how->look(steerer, changed, now_ms);
}

static bool doubtful(const struct steerer *steerer, const uint16_t *targets, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (steerer->watch->health[targets[i]].doubt)
            return true;
    return false;
}

void steerer_answer(struct steerer *steerer, struct cache *cache, uint64_t now_ms)
{
    cache->count = (uint8_t)steerer->how->answer(steerer, cache, cache->targets);
    uint32_t ttl_s = steerer->service->ttl_s;
    if (ttl_s > DOUBT_TTL_S && doubtful(steerer, cache->targets, cache->count))
        ttl_s = DOUBT_TTL_S;
    const uint64_t ttl_ms = (uint64_t)ttl_s * 1000;
    cache->expires_ms = now_ms + (ttl_ms > cache->keep_ms ? ttl_ms : cache->keep_ms);
}

static void make_plan(struct steerer *steerer)
{
    plan_unref(steerer->plan);
    steerer->plan = policy_plan(steerer->policy, &steerer->state, &steerer->spec);
}

/* Plans without load. */
static void look_at_health(struct steerer *steerer, bool changed, uint64_t now_ms)
{
    (void)now_ms;
    if (changed || steerer->plan == NULL)
        make_plan(steerer);
}

/* The RRset as the zone file has it: all endpoints of the service, in no order that would mean anything. */
static unsigned answer_static(const struct steerer *steerer, uint16_t ret_targets[TARGETS_MAX])
{
    unsigned count = 0;
    for (size_t i = 0; i < steerer->service->site_count; i++) {
        const struct site *site = &steerer->config->sites[steerer->service->sites[i]];
        for (unsigned k = 0; k < site->endpoint_count && count < TARGETS_MAX; k++)
            ret_targets[count++] = (uint16_t)(site->first_endpoint + k);
    }
    return count;
}

static unsigned answer_by_plan(struct steerer *steerer, const struct cache *cache, uint16_t ret_targets[TARGETS_MAX])
{
    const unsigned bucket = steerer->service->spread_query ? dice_below(&steerer->dice, BUCKETS) : cache->bucket;
    const struct selection *selection = plan_selection(steerer->plan, steerer->plan->run_of_class[cache->class], bucket);
    if (selection->kind == SELECTION_STATIC)
        return answer_static(steerer, ret_targets);
    for (unsigned i = 0; i < selection->count; i++)
        ret_targets[i] = steerer->plan->choices[selection->first + i].endpoint;
    return selection->count;
}

static void look_at_load(struct steerer *steerer, bool changed, uint64_t now_ms)
{
    if (ours_look(steerer->ours, steerer, changed, now_ms) || steerer->plan == NULL)
        make_plan(steerer);
}

static unsigned answer_and_count(struct steerer *steerer, const struct cache *cache, uint16_t ret_targets[TARGETS_MAX])
{
    ours_count(steerer->ours, steerer, cache);
    return answer_by_plan(steerer, cache, ret_targets);
}

const struct steering_policy steer_ours = {"sipsteer", look_at_load, answer_and_count};
const struct steering_policy steer_nearest = {"nearest", look_at_health, answer_by_plan};
const struct steering_policy steer_static = {"static", look_at_health, answer_by_plan};
