/* What somebody wants of the orders, read from a request, tried on a list of orders, and taken. For control/ only. Thread: the director's. */
#pragma once

#include "control/client.h"
#include "control/overrides.h"
#include "control/protocol.h"

struct director;

struct wish {
    enum command command;
    struct override
        order; /* of drain, disable and switch: without an id, its times by the wall clock and the monotonic one; of revert: the one to undo */
    struct target target; /* of drain, disable and enable */
    uint64_t until_ms;    /* of enable: monotonic; 0: for good */
    char reason[REASON_TEXT];
};

/* Finds in the configuration in force and in the orders what the request is about. False: why not. */
bool wish_read(const struct director *director, const struct request *request, const struct client *by, struct wish *ret_wish,
               struct error *err);
/* Puts it into a list of orders. *ret_id: of the order that was added, or taken out; 0 where there is none. */
bool wish_apply(const struct wish *wish, const struct config *config, struct overrides *overrides, uint64_t *ret_id, struct error *err);
/* The same as if it were in force from now on: for previews. */
bool wish_suppose(const struct wish *wish, const struct config *config, struct overrides *overrides, uint64_t now_ms, struct error *err);
/* What the reply says of it, put into the reply: with the orders as they are, and as they were before. */
void wish_describe(const struct director *director, const struct wish *wish, const struct overrides *before, const struct overrides *after,
                   uint64_t id, json_t *reply);

struct place;

/* Takes it: publishes, logs, notes. place: geo data that tell apart the clients it needs (the reference is taken in every case), or NULL. The reply. */
json_t *orders_take(struct director *director, const struct wish *wish, struct place *place, const struct client *by);

/* Forgets what has ended, begins what is due, brings back what was suspended, sets the timer for the next; tries again to publish what was refused. */
void orders_pass(struct director *director);

/* What the daemon orders itself, for a drill. Puts the order in force and publishes; one that cannot be published is taken back (false). To be persisted
 * by the caller. */
bool orders_impose(struct director *director, const struct override *order, struct error *err);
/* Takes back all orders of this kind on the target, and publishes. False: there were none. To be persisted by the caller. */
bool orders_withdraw(struct director *director, const char *target, enum order kind);
