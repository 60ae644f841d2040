/* What the threads that answer tell the director of transfers and NOTIFY: counted, marked and left for it to read; nobody waits, nothing is
 * logged here. What comes faster than the director looks is counted only.
 * Thread: writers any, one reader (the director's). Zones are numbers of the current world. */
#pragma once

#include "base/addr.h"
#include "dns/name.h"

#include <stdatomic.h>

enum { LEDGER_ZONES = 10000 /* as many as a configuration may have */, LEDGER_EVENTS = 16 };

enum ledger_kind { LEDGER_REFUSED, LEDGER_SENT, LEDGER_BROKEN, LEDGER_KINDS };

struct ledger_event {
    enum ledger_kind kind;
    struct addr peer;
    uint8_t zone[NAME_OCTETS]; /* wire format */
    uint32_t serial;
    uint64_t records, octets, messages; /* what was sent */
    uint16_t error;                     /* LEDGER_REFUSED: enum tsig_error, or 0: address or key are not allowed */
};

struct ledger;

/* wake_fd: an eventfd that is raised for a NOTIFY. */
struct ledger *ledger_new(int wake_fd);
void ledger_free(struct ledger *ledger);

/* Writers. */
void ledger_tell(struct ledger *ledger, const struct ledger_event *event);
void ledger_notified(struct ledger *ledger, uint32_t zone);

/* Reader. The next event that was kept; false when there is none. */
bool ledger_next(struct ledger *ledger, struct ledger_event *ret_event);
/* Whether the zone's primary has sent NOTIFY since this was asked last. */
bool ledger_take_notified(struct ledger *ledger, uint32_t zone);
uint64_t ledger_count(const struct ledger *ledger, enum ledger_kind kind);
