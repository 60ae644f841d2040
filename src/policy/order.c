/* Rules 2, 4 and 5: which sites, in which order, and who inside them. */
#include "policy/room.h"

struct site_list natural_order(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number, unsigned bucket)
{
    const size_t count = policy->config->site_count;
    switch (spec->policy) {
    case POLICY_NEAREST: return (struct site_list){class_order(policy->classes, class_number), count, NULL};
    case POLICY_WEIGHTED: return (struct site_list){policy->site_draws + bucket * count, count, NULL};
    case POLICY_ORDERED: break;
    }
    return (struct site_list){spec->sites, spec->site_count, NULL};
}

struct site_list site_order(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                            unsigned bucket, struct route *room)
{
    const struct site_list list = natural_order(policy, spec, class_number, bucket);
    return slate->detour.mask ? detour_route(&slate->detour, list, SITES_MAX, room) : list;
}

struct plan_spec spec_of_class(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number)
{
    struct plan_spec here = *spec;
    here.mark = class_mark(policy->classes, class_number);
    return here;
}

size_t stretch_of(const struct policy *policy, uint32_t class_number)
{
    size_t low = 0, high = policy->stretch_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (policy->stretches[middle] <= class_number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Sites with somebody known to be up go before those where everybody is unknown. Room decides about the first place alone: behind it stands who is
 * nearest, for a second choice is taken in need. */
unsigned sites_collect(const struct slate *slate, struct site_list list, uint8_t first, unsigned places, uint8_t ret_sites[TARGETS_MAX],
                       size_t *ret_walked)
{
    unsigned count = 0, filled = 0;
    *ret_walked = 0;
    if (first != NO_SITE) {
        ret_sites[count++] = first;
        filled = slate->sizes[first];
    }
    for (unsigned grade = GRADE_FIRST; grade <= GRADE_SECOND; grade++) {
        for (size_t i = 0; i < list.count && filled < places; i++) {
            const uint8_t site = list.sites[i];
            if (i >= *ret_walked)
                *ret_walked = i + 1;
            if (slate->site_grades[site] != grade || site == first)
                continue;
            ret_sites[count++] = site;
            filled += slate->sizes[site];
        }
    }
    return count;
}

static bool endpoint_admits(const struct policy *policy, const struct slate *slate, uint16_t endpoint, unsigned bucket)
{
    const uint16_t *shares = slate->room.endpoint_shares;
    return shares == NULL || share_admits(policy->endpoint_seeds[endpoint], shares[endpoint], bucket);
}

void site_fill(const struct policy *policy, const struct slate *slate, unsigned site, unsigned bucket, unsigned places,
               uint16_t *ret_endpoints)
{
    const uint16_t *row = draw_row(policy, site, bucket);
    const size_t end = policy->config->sites[site].endpoint_count;
    uint16_t held[TARGETS_MAX]; /* of the second grade, or of a share that lacks the bucket: waiting for the end of their tier */
    unsigned filled = 0, waiting = 0;
    for (size_t i = 0; filled < places; i++) {
        const bool new_tier = i == end || (i > 0 && policy->tiers[row[i]] != policy->tiers[row[i - 1]]);
        for (unsigned k = 0; new_tier && k < waiting && filled < places; k++)
            ret_endpoints[filled++] = held[k];
        if (new_tier)
            waiting = 0;
        if (i == end || filled == places)
            break;
        if (slate->grades[row[i]] == GRADE_NONE)
            continue;
        if (slate->grades[row[i]] == GRADE_FIRST && endpoint_admits(policy, slate, row[i], bucket))
            ret_endpoints[filled++] = row[i];
        else if (waiting < TARGETS_MAX)
            held[waiting++] = row[i];
    }
}

void bucket_fill(const struct policy *policy, const struct slate *slate, struct site_list list, uint8_t first, unsigned bucket,
                 unsigned places, uint16_t ret_endpoints[TARGETS_MAX])
{
    uint8_t sites[TARGETS_MAX];
    size_t walked;
    const unsigned count = sites_collect(slate, list, first, places, sites, &walked);
    unsigned filled = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned left = places - filled, size = slate->sizes[sites[i]];
        site_fill(policy, slate, sites[i], bucket, size < left ? size : left, ret_endpoints + filled);
        filled += size < left ? size : left;
    }
}
