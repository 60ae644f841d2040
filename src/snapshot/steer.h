/* The snapshot as the query path reads it, and the whole of steering at the time of a query. For snapshot/ and answer/ only.
 * Thread: any, inside snapshot_enter() and snapshot_leave(), or with a snapshot of its own. */
#pragma once

#include "base/siphash.h"
#include "model/demand.h"
#include "snapshot/find.h"
#include "snapshot/lottery.h"
#include "snapshot/sheet.h"

struct snapshot {
    uint64_t generation;
    struct world *world;
    struct place *place;
    const struct trie *trie;
    struct plan **plans;   /* by spec */
    uint64_t *prints;      /* by spec: fingerprint of what the plan was made from */
    struct sheet **sheets; /* by steered.sheet; all there before it is published */
    struct sheet **donors; /* until then, beside those that lack: the one before; NULL */
    uint8_t *services;     /* enum service_state by service */
    const uint8_t *nsid;
    size_t nsid_len;
    struct siphash_keys cookies; /* none: cookies are off */
    uint32_t place_number;
    struct lottery *lottery; /* NULL: nobody takes part */
};

/* Where a steered answer comes from, for one client. */
struct steering {
    struct selection selection;
    uint32_t number; /* of the selection in its plan */
    uint32_t run;
    unsigned depth, bucket, scope;
    bool uniform, lottery; /* lottery: the bucket was drawn, for the client is a heavy one */
};

/* The whole of steering, at the time of a query: class, bucket, selection. draw replaces the client's bucket with spread = "query", and that of
 * a heavy client. */
static inline struct steering steer(const struct snapshot *snapshot, const struct steered *set, const struct addr *client, uint32_t draw)
{
    const struct plan *plan = snapshot->plans[set->spec];
    const struct trie_match match = trie_walk(snapshot->trie, client, plan->run_of_class);
    struct steering to = {.run = match.run, .depth = match.depth, .scope = match.depth, .uniform = plan->picks[match.run].uniform};
    if (!to.uniform) {
        const unsigned sticky = client->family == FAMILY_V4 ? set->sticky_v4 : set->sticky_v6;
        to.lottery = snapshot->lottery && !set->spread_query && lottery_has(snapshot->lottery, client, sticky);
        to.bucket = set->spread_query || to.lottery ? draw % BUCKETS : policy_bucket(client, sticky);
        if (!set->spread_query && to.scope < sticky)
            to.scope = sticky;
    }
    const struct selection *selection = plan_selection(plan, match.run, to.bucket);
    to.number = (uint32_t)(selection - plan->selections);
    to.selection = *selection;
    return to;
}

/* Who has been answered, for the counts of demand: unlike steer() this walks to the client's very class. */
static inline struct sample steer_sample(const struct snapshot *snapshot, const struct steered *set, const struct addr *client)
{
    const unsigned sticky = client->family == FAMILY_V4 ? set->sticky_v4 : set->sticky_v6;
    struct sample sample = {.place = snapshot->place_number, .service = set->service, .client = {*client, (uint8_t)sticky}};
    addr_mask(&sample.client.addr, sticky);
    sample.class = trie_class(snapshot->trie, client, NULL);
    sample.bucket = (uint8_t)policy_bucket(client, sticky);
    return sample;
}
