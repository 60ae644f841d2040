/* Who asks: what the workers count, gathered once a tick, and the lottery that follows from it. For control/ only. Thread: the director's. */
#pragma once

#include "control/setup.h"
#include "control/streams.h"
#include "load/demand.h"
#include "serve/serve.h"

#include <jansson.h>

struct audience;
struct metering;

struct audience *audience_new(void);
void audience_free(struct audience *audience);

/* Takes what was counted, of setup's place; that of others is demand of unknown class. True: the lottery has changed, publish. */
bool audience_gather(struct audience *audience, struct server *server, const struct setup *setup, struct metering *metering,
                     uint64_t now_ms);

/* Looks where it is sent; once a second. */
void audience_watch(struct audience *audience, const struct setup *setup, const struct snapshot *snapshot, uint64_t now_ms);
const struct streams *audience_streams(const struct audience *audience);

/* A world and its place have taken those of others, or new geo data those of older (both worlds are the same): demand goes over to the classes and services
 * that are the same. */
struct locale {
    const struct world *world;
    const struct place *place;
};
void audience_move(struct audience *audience, struct locale old, struct locale new);

/* Gives the snapshot, not yet published, the lottery. */
void audience_draw(const struct audience *audience, struct snapshot *snapshot);

/* Enough has been counted to decide by it: half of a full measurement. What little there is just after the start would be taken for all, and each query
 * for many calls. */
bool audience_knows(const struct audience *audience);

/* For what is reckoned from it. */
const struct demand *audience_demand(const struct audience *audience);

/* From which share of all answers a client prefix is heavy: balance.heavy percent of the smallest site's part of the capacity. */
double audience_heavy_share(const struct config *config);

/* How many networks are spread by lottery. */
size_t audience_lottery(const struct audience *audience);

/* The reply of `sipsteer demand`. most: so many entries of each list, the largest first; 0: all services and sites in the configuration's order, and 20
 * flows and networks. */
json_t *audience_json(const struct audience *audience, const struct setup *setup, size_t most);
