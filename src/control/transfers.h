/* What the director has to do with other name servers: what the workers tell of transfers and NOTIFY (the ledger), NOTIFY to secondaries.
 * For control/ only. Thread: the director's. */
#pragma once

#include "base/error.h"
#include "serve/serve.h"
#include "snapshot/world.h"

#include <event2/event.h>
#include <jansson.h>

struct transfers;

/* wake_fd: raised when a worker has something that does not wait for the next pass. Makes server ask it about what is special. */
struct transfers *transfers_new(struct event_base *base, int wake_fd, struct server *server);
void transfers_free(struct transfers *transfers);

/* The zones that are served from now on; a reference is taken. */
void transfers_set(struct transfers *transfers, struct world *world);
/* Once a second: logs what the workers have told, sends what is due. */
void transfers_pass(struct transfers *transfers);

/* Whether the zone's primary has sent NOTIFY since this was asked last. */
bool transfers_take_notified(struct transfers *transfers, size_t zone);

/* For status: counts; what is known of a zone's transfers is added to its object. */
json_t *transfers_json(const struct transfers *transfers);
void transfers_describe(const struct transfers *transfers, size_t zone, json_t *object);
