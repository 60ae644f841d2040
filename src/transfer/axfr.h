/* A whole zone as a stream of messages (RFC 5936): every record as the file has it, in signed zones with the signatures and the denial chain, SOA
 * first and last. The zone is held by reference and never copied.
 * Thread: the one that pulls the stream. The stream's free() ends it. */
#pragma once

#include "dns/stream.h"
#include "model/config.h"
#include "transfer/ledger.h"
#include "transfer/tsig.h"
#include "zone/zone.h"

/* What the messages answer. */
struct axfr_request {
    uint16_t id, flags;      /* of the query */
    const uint8_t *question; /* its octets as asked: name, type, class */
    uint16_t question_len;
    bool edns, dnssec_ok;
    const struct tsig *tsig; /* as it was taken, or NULL: unsigned */
    struct addr peer;
    int64_t (*wall_s)(void); /* for signatures */
    struct ledger *ledger;   /* is told of the end; NULL: nobody is */
};

/* Takes over one reference to zone and one to the configuration that the key belongs to (NULL for none). */
struct stream *axfr_new(struct zone *zone, struct config *config, const struct axfr_request *request);

/* The answer to a client that has the serial already, or that has asked over UDP (RFC 1995 2): the SOA alone, unsigned. Returns its length. */
size_t axfr_soa_alone(const struct zone *zone, const struct axfr_request *request, uint8_t *out, size_t room);
