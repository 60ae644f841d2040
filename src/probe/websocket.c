#include "probe/websocket.h"

#include "base/invariant.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1024, FINAL = 0x80, RESERVED = 0x70, MASKED = 0x80, CONTROL = 0x08 };

void websocket_release(struct websocket *ws)
{
    free(ws->data);
    *ws = (struct websocket){0};
}

static void drop(struct websocket *ws, size_t from, size_t count)
{
    if (count)
        memmove(ws->data + from, ws->data + from + count, ws->len - from - count);
    ws->len -= count;
}

/* Done with what was given out last. */
static void drop_given(struct websocket *ws)
{
    if (ws->given) { /* a whole message, which stands in front */
        drop(ws, 0, ws->message);
        ws->message = 0;
    }
    ws->given = false;
    drop(ws, ws->message, ws->taken);
    ws->taken = 0;
}

uint8_t *websocket_room(struct websocket *ws, size_t *ret_room)
{
    drop_given(ws);
    if (ws->len == ws->room)
        ws->data = mem_grow(ws->data, &ws->room, ws->len ? ws->len + 1 : ROOM_FIRST, 1);
    invariant(ws->len < WS_STREAM_MAX); /* else next() has said WS_BAD */
    *ret_room = (ws->room < WS_STREAM_MAX ? ws->room : WS_STREAM_MAX) - ws->len;
    return ws->data + ws->len;
}

void websocket_add(struct websocket *ws, size_t received)
{
    ws->len += received;
    invariant(ws->len <= ws->room);
}

bool websocket_partial(const struct websocket *ws)
{
    return ws->len > ws->taken + (ws->given ? ws->message : 0);
}

static enum ws_kind bad(struct websocket *ws, const char *why)
{
    snprintf(ws->detail, sizeof ws->detail, "%s", why);
    return WS_BAD;
}

static enum ws_kind wait_for_more(struct websocket *ws)
{
    return ws->len < WS_STREAM_MAX ? WS_INCOMPLETE : bad(ws, "longer than we take");
}

static enum ws_kind next_upgrade(struct websocket *ws)
{
    const uint8_t *end = ws->len >= 4 ? memmem(ws->data, ws->len, "\r\n\r\n", 4) : NULL;
    if (end == NULL)
        return wait_for_more(ws);
    const size_t head = (size_t)(end - ws->data) + 4;
    const enum ws_kind kind = websocket_upgrade_read(ws, (const char *)ws->data, head);
    ws->taken = head;
    ws->upgraded = kind == WS_UPGRADED;
    return kind;
}

struct frame {
    uint8_t opcode;
    bool final;
    size_t head;
    uint64_t len;
};

/* The head of a frame (RFC 6455 5.2); WS_MESSAGE: it is sound and there. */
static enum ws_kind read_head(struct websocket *ws, const uint8_t *at, size_t len, struct frame *ret_frame)
{
    if (len < 2)
        return WS_INCOMPLETE;
    const unsigned size = at[1] & 0x7f, more = size == 126 ? 2 : size == 127 ? 8 : 0;
    *ret_frame = (struct frame){.opcode = at[0] & 0x0f, .final = at[0] & FINAL, .head = 2 + more, .len = more ? 0 : size};
    if (at[0] & RESERVED)
        return bad(ws, "a frame of an extension that was not agreed on");
    if (at[1] & MASKED)
        return bad(ws, "a server's frame must not be masked");
    if (ret_frame->opcode & CONTROL && (!ret_frame->final || size > WS_CONTROL_MAX))
        return bad(ws, "a control frame in pieces, or too long");
    if (len < ret_frame->head)
        return WS_INCOMPLETE;
    for (unsigned i = 0; i < more; i++)
        ret_frame->len = ret_frame->len << 8 | at[2 + i];
    return WS_MESSAGE;
}

/* What a frame may be at this place. */
static enum ws_kind check_frame(struct websocket *ws, const struct frame *frame)
{
    switch (frame->opcode) {
    case WS_OP_CONTINUATION: return ws->fragmented ? WS_MESSAGE : bad(ws, "the continuation of nothing");
    case WS_OP_TEXT:
    case WS_OP_BINARY: return ws->fragmented ? bad(ws, "a message within another") : WS_MESSAGE;
    case WS_OP_CLOSE: return WS_CLOSE;
    case WS_OP_PING: return WS_PING;
    case WS_OP_PONG: return WS_PONG;
    default: return bad(ws, "a frame of unknown kind");
    }
}

/* Joins the frame's payload to the message in front; WS_MESSAGE once that is whole. */
static enum ws_kind join(struct websocket *ws, const struct frame *frame, const uint8_t **ret_octets, size_t *ret_len)
{
    drop(ws, ws->message, frame->head);
    ws->message += frame->len;
    ws->fragmented = !frame->final;
    if (ws->fragmented)
        return WS_INCOMPLETE;
    ws->given = true;
    *ret_octets = ws->data;
    *ret_len = ws->message;
    return WS_MESSAGE;
}

enum ws_kind websocket_next(struct websocket *ws, const uint8_t **ret_octets, size_t *ret_len)
{
    drop_given(ws);
    if (!ws->upgraded)
        return next_upgrade(ws);
    while (true) {
        struct frame frame;
        const size_t have = ws->len - ws->message;
        enum ws_kind kind = read_head(ws, ws->data + ws->message, have, &frame);
        if (kind == WS_MESSAGE)
            kind = check_frame(ws, &frame);
        if (kind == WS_BAD)
            return kind;
        if (kind != WS_INCOMPLETE && frame.len > WS_STREAM_MAX - ws->message - frame.head)
            return bad(ws, "longer than we take");
        if (kind == WS_INCOMPLETE || have - frame.head < frame.len)
            return wait_for_more(ws);
        if (kind == WS_MESSAGE) {
            if (join(ws, &frame, ret_octets, ret_len) == WS_MESSAGE)
                return WS_MESSAGE;
            continue;
        }
        *ret_octets = ws->data + ws->message + frame.head;
        *ret_len = (size_t)frame.len;
        ws->taken = frame.head + (size_t)frame.len;
        return kind;
    }
}

size_t websocket_frame(enum ws_opcode opcode, const void *payload, size_t len, const uint8_t mask[4], uint8_t *out, size_t room)
{
    const size_t head = len > WS_CONTROL_MAX ? 4 : 2;
    if (len > UINT16_MAX || room < head + 4 + len)
        return 0;
    out[0] = (uint8_t)(FINAL | opcode);
    out[1] = (uint8_t)(MASKED | (len > WS_CONTROL_MAX ? 126 : len));
    if (head == 4) {
        out[2] = (uint8_t)(len >> 8);
        out[3] = (uint8_t)len;
    }
    memcpy(out + head, mask, 4);
    const uint8_t *from = payload;
    for (size_t i = 0; i < len; i++)
        out[head + 4 + i] = from[i] ^ mask[i % 4];
    return head + 4 + len;
}
