/* What a WebSocket peer may send: the answer to the upgrade and frames, as a stream in pieces, with SIP in the messages. The first octet says how large
 * the pieces are, and whether the upgrade is done already. */
#include "base/invariant.h"
#include "probe/sip_message.h"
#include "probe/websocket.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct websocket *ws, enum ws_kind kind, const uint8_t *octets, size_t len)
{
    struct sip_message message;
    if (kind == WS_UPGRADED || kind == WS_REFUSED)
        return;
    invariant(octets >= ws->data && octets + len <= ws->data + ws->len);
    invariant(kind == WS_MESSAGE || len <= WS_CONTROL_MAX);
    if (kind == WS_MESSAGE)
        sip_datagram_read((const char *)octets, len, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t random[16] = "the sample nonce";
    struct websocket ws = {0};
    enum ws_kind kind = WS_INCOMPLETE;
    if (size == 0)
        return 0;
    const size_t piece = data[0] & 0x7f ? data[0] & 0x7f : WS_STREAM_MAX;
    websocket_begin(&ws, random);
    ws.upgraded = data[0] & 0x80;
    data++, size--;
    while (size && kind != WS_BAD && kind != WS_CLOSE && kind != WS_REFUSED) {
        size_t room, len = 0, take = size < piece ? size : piece;
        const uint8_t *octets = NULL;
        uint8_t *to = websocket_room(&ws, &room);
        take = take < room ? take : room;
        memcpy(to, data, take);
        websocket_add(&ws, take);
        data += take;
        size -= take;
        while ((kind = websocket_next(&ws, &octets, &len)) != WS_INCOMPLETE && kind != WS_BAD) {
            look(&ws, kind, octets, len);
            if (kind == WS_CLOSE || kind == WS_REFUSED)
                break;
        }
    }
    websocket_release(&ws);
    return 0;
}
