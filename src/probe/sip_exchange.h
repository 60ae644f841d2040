/* What SIP probes over any transport share: a transaction of their own, and what an answer to it means.
 * Thread: the engine's. */
#pragma once

#include "probe/engine.h"
#include "probe/sip_message.h"

struct sip_exchange {
    struct sip_ids ids;
    struct hostport local;     /* of the socket; set by the back end */
    uint64_t sent_us;          /* first time */
    int64_t certificate_end_s; /* of the connection it goes over; 0: no TLS */
    bool nonsense;             /* something came that was no SIP message */
};

/* A new transaction; false when there are no random numbers. */
bool sip_exchange_begin(struct sip_exchange *exchange);

/* Writes the request of the running transaction (the same octets each time); 0 when it does not fit. */
size_t sip_exchange_write(const struct sip_exchange *exchange, const struct task *task, char out[SIP_REQUEST_MAX]);

enum sip_heard { SIP_HEARD_NOTHING, SIP_HEARD_PROVISIONAL, SIP_HEARD_END };
/* A well-formed response has come. If it is the final one to our request, ends the probe with what it means. */
enum sip_heard sip_exchange_hear(const struct sip_exchange *exchange, struct task *task, const struct sip_message *message);

/* Ends the probe as failed. */
void sip_exchange_fail(struct task *task, enum reason reason);
