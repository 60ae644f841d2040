#include "probe/sip_framer.h"

#include "base/invariant.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1024 }; /* answers to OPTIONS rarely exceed it, and there is one buffer a connection */

void sip_framer_release(struct sip_framer *framer)
{
    free(framer->data);
    *framer = (struct sip_framer){0};
}

void sip_framer_clear(struct sip_framer *framer)
{
    framer->len = framer->taken = framer->seen = framer->whole = 0;
}

static void drop_front(struct sip_framer *framer, size_t count)
{
    framer->len -= count;
    if (count && framer->len)
        memmove(framer->data, framer->data + count, framer->len);
}

/* Done with the message given out last, and with the empty lines between messages, which are keep-alives (RFC 5626 3.5.1). */
static void drop_done(struct sip_framer *framer)
{
    size_t done = framer->taken;
    while (done < framer->len && (framer->data[done] == '\r' || framer->data[done] == '\n'))
        done++;
    framer->taken = 0;
    drop_front(framer, done);
}

char *sip_framer_room(struct sip_framer *framer, size_t *ret_room)
{
    drop_done(framer);
    if (framer->len == framer->room)
        framer->data = mem_grow(framer->data, &framer->room, framer->len ? framer->len + 1 : ROOM_FIRST, 1);
    invariant(framer->len < SIP_STREAM_MAX); /* else next() has said SIP_BAD */
    *ret_room = (framer->room < SIP_STREAM_MAX ? framer->room : SIP_STREAM_MAX) - framer->len;
    return framer->data + framer->len;
}

void sip_framer_add(struct sip_framer *framer, size_t received)
{
    framer->len += received;
    invariant(framer->len <= framer->room);
}

static bool head_is_there(struct sip_framer *framer)
{
    const size_t from = framer->seen < 3 ? 0 : framer->seen - 3; /* the end of a head is at most four octets long */
    return sip_head_length(framer->data + from, framer->len - from) != 0;
}

enum sip_kind sip_framer_next(struct sip_framer *framer, struct sip_message *ret_message)
{
    drop_done(framer);
    if (framer->len == 0 || framer->len < framer->whole)
        return SIP_INCOMPLETE;
    if (framer->whole == 0 && !head_is_there(framer)) {
        const bool plausible = framer->len < SIP_STREAM_MAX && sip_head_plausible(framer->data, framer->len, framer->seen);
        framer->seen = framer->len;
        return plausible ? SIP_INCOMPLETE : SIP_BAD;
    }
    const enum sip_kind kind = sip_message_read(framer->data, framer->len, ret_message);
    /* In a stream nothing but Content-Length tells where a message ends (RFC 3261 20.14). */
    if (kind == SIP_BAD || !ret_message->has_length || ret_message->length > SIP_STREAM_MAX - ret_message->head)
        return SIP_BAD;
    framer->whole = ret_message->head + ret_message->length;
    if (framer->len < framer->whole)
        return SIP_INCOMPLETE;
    framer->taken = framer->whole;
    framer->seen = framer->whole = 0;
    return kind;
}

bool sip_framer_partial(const struct sip_framer *framer)
{
    return framer->len > framer->taken;
}
