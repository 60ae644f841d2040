/* NOTIFY (RFC 1996), as the primary sends it: the message, and what is a sound answer. Thread: any. */
#pragma once

#include "transfer/tsig.h"
#include "zone/zone.h"

/* Writes the message with the zone's SOA, signed if tsig->key is set. Returns its length. room: at least UDP_DEFAULT + 512. */
size_t notify_write(const struct zone *zone, uint16_t id, struct tsig *tsig, uint64_t now_s, uint8_t *out, size_t room);

/* Whether the octets are the answer to it: *ret_rcode says which. False: they are not, which is told; what was sent is still unanswered. */
bool notify_read_answer(const struct zone *zone, uint16_t id, struct tsig *tsig, uint64_t now_s, uint8_t *message, size_t len,
                        unsigned *ret_rcode, struct error *err);
