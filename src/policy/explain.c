/* One decision told in full, by the rules that plans are made of. */
#include "policy/room.h"

#include "base/memory.h"

#include <stdlib.h>

struct teller {
    const struct policy *policy;
    const uint8_t *standings, *causes;
    const uint16_t *chosen; /* in order */
    unsigned chosen_count;
    struct explained *next; /* to be written */
};

static void tell(struct teller *teller, uint16_t endpoint, int site_rank)
{
    struct explained *told = teller->next++;
    *told = (struct explained){.endpoint = endpoint,
                               .standing = teller->standings[endpoint],
                               .cause = teller->causes[endpoint],
                               .rank = -1,
                               .site_rank = site_rank};
    for (unsigned i = 0; i < teller->chosen_count; i++)
        if (teller->chosen[i] == endpoint)
            told->rank = (int)i;
}

static void tell_site(struct teller *teller, unsigned site, unsigned bucket, int site_rank)
{
    const uint16_t *row = draw_row(teller->policy, site, bucket);
    for (size_t i = 0; i < teller->policy->config->sites[site].endpoint_count; i++)
        tell(teller, row[i], site_rank);
}

static void tell_all(struct teller *teller, const struct plan_spec *spec, struct site_list list, unsigned bucket)
{
    bool of_service[SITES_MAX] = {false};
    for (size_t i = 0; i < spec->site_count; i++)
        of_service[spec->sites[i]] = true;
    int site_rank = 0;
    for (size_t i = 0; i < list.count; i++)
        if (of_service[list.sites[i]])
            tell_site(teller, list.sites[i], bucket, site_rank++);
    for (size_t site = 0; site < teller->policy->config->site_count; site++)
        if (!of_service[site])
            tell_site(teller, (unsigned)site, bucket, -1);
}

/* Where the winner decides: the sites that were passed over before its own, then those behind it. */
static struct site_list order_around(const struct policy *policy, const struct plan_spec *spec, struct site_list list, uint16_t winner,
                                     uint8_t room[SITES_MAX])
{
    uint8_t behind[SITES_MAX];
    bool taken[SITES_MAX] = {false};
    const struct site_list order = winner_order(policy, spec, policy->site_of[winner], behind);
    size_t count = 0;
    for (; list.sites[count] != order.sites[0]; count++) {
        room[count] = list.sites[count];
        taken[room[count]] = true;
    }
    for (size_t i = 0; i < order.count; i++)
        if (!taken[order.sites[i]])
            room[count++] = order.sites[i];
    return (struct site_list){room, count, NULL};
}

enum selection_kind policy_explain(const struct policy *policy, const struct world_state *state, const struct plan_spec *of,
                                   uint32_t class_number, unsigned bucket, struct explained *ret)
{
    const size_t count = policy->config->endpoint_count;
    const struct plan_spec here = spec_of_class(policy, of, class_number), *spec = &here, seen = spec_effective(spec);
    struct route route;
    uint8_t *standings = mem_new(count, 1), *causes = mem_new(count, 1), room[SITES_MAX];
    uint16_t chosen[TARGETS_MAX];
    struct slate slate;
    slate_init(&slate, policy, state, spec);
    struct site_list list = site_order(policy, &slate, spec, class_number, bucket, &route);
    policy_standings(policy, state, &seen, standings, causes);
    const bool steered = slate.kind == SELECTION_STEERED;
    if (steered)
        bucket_fill(policy, &slate, list, room_first(policy, &slate, spec, class_number, bucket), bucket, spec->by_winner ? 1 : slate.need,
                    chosen);
    if (steered && spec->by_winner) {
        const uint16_t winner = chosen[0];
        winner_fill(policy, &slate, spec, winner, chosen);
        list = order_around(policy, spec, list, winner, room);
        bucket = policy->own_bucket[winner];
    }
    struct teller teller = {policy, standings, causes, chosen, steered ? slate.need : 0, ret};
    tell_all(&teller, spec, list, bucket);
    slate_release(&slate);
    free(standings);
    free(causes);
    return slate.kind;
}

static uint64_t distance_m(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number, struct site_list list,
                           unsigned site)
{
    uint64_t metres = 0;
    for (size_t rank = 0; rank < list.count; rank++) {
        metres = room_cost_m(policy, spec, class_number, list, rank, metres);
        if (list.sites[rank] == site)
            break;
    }
    return metres;
}

struct explained_room policy_explain_room(const struct policy *policy, const struct world_state *state, const struct plan_spec *of,
                                          uint32_t class_number, unsigned bucket)
{
    struct explained_room told = {.nearest = SITES_MAX, .first = SITES_MAX};
    const struct plan_spec here = spec_of_class(policy, of, class_number), *spec = &here, seen = spec_effective(spec);
    const struct site_list natural = natural_order(policy, spec, class_number, bucket);
    struct route route;
    struct slate slate;
    slate_init(&slate, policy, state, spec);
    const struct site_list list = site_order(policy, &slate, spec, class_number, bucket, &route);
    if (slate.kind == SELECTION_STEERED) {
        uint8_t sites[TARGETS_MAX];
        size_t walked;
        sites_collect(&slate, list, NO_SITE, 1, sites, &walked);
        const uint8_t first = room_first(policy, &slate, &seen, class_number, bucket);
        told.nearest = sites[0];
        told.first = first == NO_SITE ? sites[0] : first;
        told.nearest_m = distance_m(policy, spec, class_number, natural, told.nearest);
        told.first_m = distance_m(policy, spec, class_number, natural, told.first);
    }
    if (told.first != told.nearest)
        told.cause = site_admits(policy, &slate, told.nearest, bucket) ? ROOM_FULL : ROOM_RETURNING;
    slate_release(&slate);
    return told;
}

static unsigned first_site(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                           uint32_t class_number, unsigned bucket, struct route *room, size_t *ret_rank)
{
    struct slate slate;
    slate_init(&slate, policy, state, spec);
    unsigned site = SITES_MAX;
    *ret_rank = 0;
    if (slate.kind == SELECTION_STEERED) {
        const struct site_list list = site_order(policy, &slate, spec, class_number, bucket, room);
        uint16_t winner[TARGETS_MAX];
        bucket_fill(policy, &slate, list, room_first(policy, &slate, spec, class_number, bucket), bucket, 1, winner);
        site = policy->site_of[winner[0]];
        while (list.sites[*ret_rank] != site)
            ++*ret_rank;
    }
    slate_release(&slate);
    return site;
}

struct explained_switch policy_explain_switch(const struct policy *policy, const struct world_state *state, const struct plan_spec *of,
                                              uint32_t class_number, unsigned bucket)
{
    const struct plan_spec here = spec_of_class(policy, of, class_number), spec = spec_effective(&here);
    struct explained_switch told = {.from = SITES_MAX, .to = SITES_MAX};
    struct world_state without = *state;
    struct detour detour;
    struct route route;
    size_t rank, rank_without;
    detour_init(&detour, state, &spec);
    if (detour.mask == 0)
        return told;
    without.diversions = NULL;
    told.from = first_site(policy, &without, &spec, class_number, bucket, &route, &rank_without);
    told.to = first_site(policy, state, &spec, class_number, bucket, &route, &rank);
    if (told.from == told.to || told.from == SITES_MAX || told.to == SITES_MAX)
        return told;
    const uint8_t by = route.by[rank] != NO_DIVERSION ? route.by[rank] : detour.by[told.from];
    told.id = by == NO_DIVERSION ? 0 : state->diversions->of[by].id;
    return told;
}
