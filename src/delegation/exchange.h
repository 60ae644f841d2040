/* Questions to other name servers, all at the same time: UDP with tries, TCP where the answer is cut or where it is asked for.
 * A reply counts only if it comes from the address that was asked, fits id and question and is sound to its last octet; whatever else
 * comes is counted and passed over. Every try has its own random id and port. Never takes longer than the deadline.
 * Thread: the caller's, which waits. exchanges_release() frees the replies. */
#pragma once

#include "base/addr.h"
#include "dns/records.h"

enum outcome {
    OUTCOME_NOT_ASKED,   /* the time was up before */
    OUTCOME_ANSWERED,    /* reply is set */
    OUTCOME_SILENT,      /* nothing came in time */
    OUTCOME_CLOSED,      /* nobody listens there, or the connection was closed early */
    OUTCOME_UNREACHABLE, /* the network says so, ours or one on the way */
    OUTCOME_NONSENSE,    /* all that came did not fit */
};

struct exchange {
    struct hostport server;
    struct query_spec query; /* its id is chosen at each try */
    bool tcp;                /* from the start */

    enum outcome outcome;
    uint8_t *reply; /* owned */
    size_t reply_len;
    unsigned passed_over; /* replies that did not fit */
};

enum { TRIES = 3, TRY_MS = 1000, TCP_MS = 3000 };

/* deadline_ms: clock_ms() at which all is over, at most some seconds ahead: exchanges take TRIES * TRY_MS + TCP_MS. */
void exchanges_run(struct exchange *exchanges, size_t count, uint64_t deadline_ms);
void exchanges_release(struct exchange *exchanges, size_t count);

/* Whether these octets answer this query, with this id. */
bool reply_fits(const struct query_spec *query, uint16_t id, const uint8_t *octets, size_t len);
