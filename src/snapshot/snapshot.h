/* THE MEETING PLACE: the immutable whole that a worker reads, replaced by one pointer swap.
 * Built and published by the director's thread only; read by workers inside RCU (QSBR); the old one is freed after a grace period. */
#pragma once

#include "base/error.h"
#include "base/siphash.h"
#include "snapshot/world.h"

struct snapshot;

/* How services stand by the operator's orders; one octet a service. */
enum service_state { SERVICE_NORMAL, SERVICE_DRAINED /* short TTL */, SERVICE_DISABLED /* NODATA */ };

/* Plans and answers for this state of the world. services: enum service_state by service index. previous (may be NULL) lends the plans that stay the same;
 * it must be of the same world and place to lend any. generation: the caller's, growing. */
struct snapshot *snapshot_build(struct world *world, struct place *place, const struct world_state *state, const uint8_t *services,
                                const struct snapshot *previous, int64_t wall_s, uint64_t generation);

/* In signed zones each steered RRset needs a signature for every selection that its plan gives. What the snapshot before has is lent; while
 * anything lacks (false), it cannot be published, and snapshot_sign() is to make it: a matter of up to seconds, so not in the director's thread.
 * wall_s: seconds of the wall clock, for the time that signatures are good. threads: at least 1, this one; more where nobody answers yet. */
bool snapshot_is_signed(const struct snapshot *snapshot);
void snapshot_sign(struct snapshot *snapshot, int64_t wall_s, unsigned threads);
/* When (wall clock) the first signature should be renewed, or a key changes its part. INT64_MAX: never. The snapshot is signed. */
int64_t snapshot_renew_s(const struct snapshot *snapshot);

/* What of next can be published before it is signed: all that is in unsigned zones, and beside it the signed ones' choices of previous. NULL
 * if they are not of the same world and place. */
struct snapshot *snapshot_hold_signed(const struct snapshot *next, const struct snapshot *previous);
/* Of one that waited for its signatures: it is newer than what was published meanwhile. */
void snapshot_renumber(struct snapshot *snapshot, uint64_t generation);

/* The secrets that its answers' cookies are made with (copied), before it is published. Without a call, or with none, cookies are off. */
void snapshot_set_cookies(struct snapshot *snapshot, const struct siphash_keys *secrets);

/* The client prefixes (copied) that are spread by lottery: whoever they serve is answered by a bucket drawn for each query, as briefly as in doubt.
 * Before it is published. A prefix takes part in services whose sticky length is its own. Without a call: none. */
void snapshot_set_lottery(struct snapshot *snapshot, const struct prefix *prefixes, size_t count);

/* Only for one that was never published (explain of a file, tests). */
void snapshot_free(struct snapshot *snapshot);

/* Whether it may be published, but for its generation and signatures: false when it would empty an answer (see snapshot_publish). */
bool snapshot_check(const struct snapshot *snapshot, struct error *err);

/* Makes it the current one and takes it; the one before is freed when no worker can see it any more. Refused (false, and it stays the caller's) when
 * its generation is not newer, or when it answers nothing for a service that the current one answers, unless that service is disabled or
 * chose on_all_down = "empty". Called in one place: control/publish.c. */
bool snapshot_publish(struct snapshot *snapshot, struct error *err);

/* The published one, NULL before the first. In a reader: valid until snapshot_leave(). In the director's thread: until the next publish. */
const struct snapshot *snapshot_current(void);

/* A thread that reads snapshots calls begin first and end last, and between them enter and leave around each use. Only one inside enter and
 * leave holds up the freeing of old snapshots, so leave before waiting for anything. Cheap: once a batch. */
void snapshot_reader_begin(void);
void snapshot_reader_end(void);
void snapshot_enter(void);
void snapshot_leave(void);

/* Takes the published one back at the end of the program, after the last worker has gone. */
void snapshot_withdraw(void);

/* Whether it was built from this world and place (NULL: any place). NULL as snapshot is of none. */
bool snapshot_is_of(const struct snapshot *snapshot, const struct world *world, const struct place *place);

uint64_t snapshot_generation(const struct snapshot *snapshot);
/* The configuration that its world was made from; there as long as the snapshot is. */
const struct config *snapshot_config(const struct snapshot *snapshot);
const struct world *snapshot_world(const struct snapshot *snapshot);

/* One decision, as the answer to a query takes it. */
struct decision {
    bool steered;          /* false: the name and type are answered from the zone file as it is */
    uint32_t service;      /* index, when steered */
    struct plan_spec spec; /* what the RRset's plan is made for */
    uint32_t class_number;
    unsigned class_depth;   /* prefix length at which the class is certain */
    unsigned bucket, scope; /* scope: what ECS is told */
    bool uniform;           /* every bucket gets the same */
    bool lottery;           /* the bucket is drawn for each query: the client is a heavy one. This one is the draw 0 */
    uint32_t ttl_s;
    struct selection selection;
};

/* The decision for name (wire format, lower case), type and client; what answer_query() would use. Thread: director's, or under RCU. */
struct decision snapshot_decide(const struct snapshot *snapshot, const uint8_t *name, size_t name_len, uint16_t type,
                                const struct addr *client);
