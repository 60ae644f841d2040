/* What the director believes of every endpoint: a mirror of the probe engine's checks and the endpoints' health composed from it.
 * Bound to one world. No clock: time is an argument. Thread: the director's. */
#pragma once

#include "control/saved.h"
#include "control/trust.h"
#include "probe/probe.h"
#include "snapshot/world.h"

/* The mirror of one check. */
struct checkup {
    struct check check; /* texts belong to the world's config; its tls is not set here */
    uint16_t probe;     /* its number in the configuration */
    struct health health;
    struct observation last;
    uint64_t at_ms, count; /* of the last probe; 0 probes: nothing seen in this run */
    int64_t warned_end_s;  /* the end of a certificate that the log has warned of; 0: of none */
};

struct beliefs {
    const struct config *config;
    struct checkup *checks; /* those of one endpoint stand together, then one for each named check */
    size_t check_count;
    size_t subject_count;           /* endpoints, and behind them the named checks */
    uint32_t *first;                /* by subject: its first check; one more entry for the end */
    uint8_t *families;              /* by endpoint: bit 0 IPv4, bit 1 IPv6 where the zone files have such addresses */
    struct endpoint_health *health; /* by subject */
    uint32_t generation;            /* of the engine's set */
    uint32_t *successors;           /* by check of the set before: its index in this set, or UINT32_MAX */
    size_t successor_count;
    size_t saved_count; /* checks that began with a saved verdict */
};

/* Checks known to previous (may be NULL) keep what is believed; new ones begin with their host's verdict there, or their saved verdict (saved may
 * be NULL), or unknown. */
void beliefs_init(struct beliefs *beliefs, const struct world *world, const struct beliefs *previous, const struct saved *saved,
                  uint64_t now_ms);
void beliefs_release(struct beliefs *beliefs);

/* Hands the checks to the engine as the set of beliefs->generation. trust is that of the very configuration. */
void beliefs_install(const struct beliefs *beliefs, const struct trust *trust, struct probe_engine *engine);

/* Takes one result in and says whether a choice may now be different. *ret_before: what was believed of *ret_endpoint before. */
bool beliefs_take(struct beliefs *beliefs, const struct check_result *result, uint16_t *ret_endpoint, struct endpoint_health *ret_before);

/* Whose result this is; NULL: of a check that is gone. */
const struct checkup *beliefs_addressee(const struct beliefs *beliefs, const struct check_result *result);

/* The engine has stopped: everything probed turns unknown. True if that changed anything. */
bool beliefs_stop(struct beliefs *beliefs, uint64_t now_ms);

/* The engine is behind since then: what is older than three times its probe's interval and timeout (10 s at least) turns unknown, until its next
 * result. The number of checks that changed by it. */
size_t beliefs_expire(struct beliefs *beliefs, uint64_t behind_since_ms, uint64_t now_ms);

/* Whether every check has a verdict, or has failed to get one in `fall` probes: enough to answer for the first time. */
bool beliefs_settled(const struct beliefs *beliefs);

/* Falls within this of each other fell together: long enough for the slowest probe to have noticed (see policy_suspect). */
uint64_t beliefs_window_ms(const struct beliefs *beliefs);

/* The verdicts to save, to be released with saved_release(). */
void beliefs_save(const struct beliefs *beliefs, uint64_t now_ms, struct saved *ret_saved);
