/* What a peer may send: as one datagram, and as a stream in pieces. The first octet says how large the pieces are. */
#include "base/invariant.h"
#include "probe/sip_framer.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct sip_span span, const char *from, size_t len)
{
    invariant(span.len == 0 || (span.at >= from && span.at + span.len <= from + len));
}

static void look(const struct sip_message *message, const char *from, size_t len)
{
    static const struct sip_request request = {.local = {{FAMILY_V4, {192, 0, 2, 9}}, 40000}, .ids = {1, 2, 3}};
    invariant(message->head <= len);
    inside(message->branch, from, len);
    inside(message->call_id, from, len);
    inside(message->from_tag, from, len);
    inside(message->method, from, len);
    if (sip_message_answers(message, &request))
        invariant(message->vias == 1 && message->branch.len == SIP_BRANCH_TEXT - 1);
}

static void datagram(const char *data, size_t size)
{
    struct sip_message message;
    if (sip_datagram_read(data, size, &message) != SIP_BAD)
        look(&message, data, size);
}

static void stream(const char *data, size_t size, size_t piece)
{
    struct sip_framer framer = {0};
    struct sip_message message;
    enum sip_kind kind = SIP_INCOMPLETE;
    while (size && kind != SIP_BAD) {
        size_t room, take = size < piece ? size : piece;
        char *to = sip_framer_room(&framer, &room);
        take = take < room ? take : room;
        memcpy(to, data, take);
        sip_framer_add(&framer, take);
        data += take;
        size -= take;
        while ((kind = sip_framer_next(&framer, &message)) == SIP_RESPONSE || kind == SIP_OTHER)
            look(&message, framer.data, framer.len);
    }
    sip_framer_release(&framer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    datagram((const char *)data + 1, size - 1);
    stream((const char *)data + 1, size - 1, data[0] ? data[0] : SIP_STREAM_MAX);
    return 0;
}
