/* Cuts a stream into SIP messages by Content-Length (RFC 3261 18.3), through one bounded buffer. Pure: the caller does the I/O.
 * Use: room() - receive into it - add() - next() until it says SIP_INCOMPLETE. After SIP_BAD the stream is of no more use.
 * Thread: the owner's. The owner releases it. */
#pragma once

#include "probe/sip_message.h"

enum { SIP_STREAM_MAX = 16384 }; /* the longest message that we take, body included */

struct sip_framer {
    char *data;
    size_t len, room;
    size_t taken; /* octets in front that belong to the message given out last */
    size_t
        seen; /* octets in front that have been found to be part of a head; so that single octets do not cost a look at all of them each */
    size_t whole; /* length of the message in front once its head is there, else 0 */
};

/* Zeroed memory is an empty framer. */
void sip_framer_release(struct sip_framer *framer);

/* Forgets what it holds; for a new connection. */
void sip_framer_clear(struct sip_framer *framer);

/* Where to receive and how much (never 0). */
char *sip_framer_room(struct sip_framer *framer, size_t *ret_room);
void sip_framer_add(struct sip_framer *framer, size_t received);

/* The next whole message; its spans are valid until the next call of any function here. */
enum sip_kind sip_framer_next(struct sip_framer *framer, struct sip_message *ret_message);

/* Part of a message is waiting for the rest. */
bool sip_framer_partial(const struct sip_framer *framer);
