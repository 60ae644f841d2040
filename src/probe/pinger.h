/* The one socket a family through which all ICMP probes go, and which probe an answer is for.
 * Thread: the engine's. */
#pragma once

#include "probe/engine.h"
#include "probe/icmp_echo.h"

/* One probe under way. */
struct ping {
    struct echo echo;
    uint64_t sent_us;
    bool under_way;
};

struct pinger *pinger_new(struct probe_engine *engine);
void pinger_free(struct pinger *pinger);

/* Sends an echo request to the task's target and remembers the task until pinger_forget(); an answer ends its probe. False: seen tells why. */
bool pinger_send(struct pinger *pinger, struct task *task, struct ping *ping, struct observation *ret_seen);
/* Sends the same again. */
void pinger_repeat(struct pinger *pinger, const struct task *task, const struct ping *ping);
void pinger_forget(struct pinger *pinger, struct ping *ping);
/* Reads what has come for this family, as far as a moment allows. */
void pinger_read(struct pinger *pinger, enum family family);
