/* The client's side of WebSocket (RFC 6455) for SIP (RFC 7118): the upgrade and the frames, cut out of a stream through one bounded buffer. Pure: the
 * caller does the I/O and brings the random numbers.
 * Use: room() - receive into it - add() - next() until it says WS_INCOMPLETE. After WS_BAD and WS_CLOSE the stream is of no more use.
 * Thread: the owner's. The owner releases it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WS_STREAM_MAX = 20480, /* the longest message that we take, all its fragments together, and its frames' heads */
    WS_CONTROL_MAX = 125,  /* RFC 6455 5.5 */
    WS_KEY_TEXT = 24 + 1,
    WS_UPGRADE_MAX = 1536,
    WS_HEAD_MAX = 14, /* of a frame */
    WS_DETAIL = 80,
};

enum ws_kind { WS_INCOMPLETE, WS_UPGRADED, WS_REFUSED, WS_MESSAGE, WS_PING, WS_PONG, WS_CLOSE, WS_BAD };

struct websocket {
    uint8_t *data;
    size_t len, room;
    size_t message; /* octets in front that belong to the message in the making */
    size_t taken;   /* octets behind those that were given out last */
    bool upgraded, fragmented, given;
    char key[WS_KEY_TEXT];  /* what the peer's answer depends on */
    unsigned status;        /* of a refused upgrade */
    uint32_t retry_after_s; /* of a 503; 0: not said */
    char detail[WS_DETAIL]; /* what is wrong */
};

/* Zeroed memory is one without a buffer yet. */
void websocket_release(struct websocket *ws);
/* For a new connection, which begins with an upgrade of this key, made of 16 random octets. */
void websocket_begin(struct websocket *ws, const uint8_t random[16]);

/* The upgrade's request; its length, or 0 when out is too small. host: with its port if that is not the scheme's own. origin may be NULL. */
size_t websocket_upgrade(const struct websocket *ws, const char *host, const char *path, const char *origin, char *out, size_t room);
/* One whole frame with this payload under a mask (RFC 6455 5.3); its length, or 0 when out is too small. Text or, with a control opcode, that. */
enum ws_opcode { WS_OP_CONTINUATION = 0, WS_OP_TEXT = 1, WS_OP_BINARY = 2, WS_OP_CLOSE = 8, WS_OP_PING = 9, WS_OP_PONG = 10 };
size_t websocket_frame(enum ws_opcode opcode, const void *payload, size_t len, const uint8_t mask[4], uint8_t *out, size_t room);

/* Where to receive and how much (never 0). */
uint8_t *websocket_room(struct websocket *ws, size_t *ret_room);
void websocket_add(struct websocket *ws, size_t received);

/* What comes next; a message's or a control frame's octets are valid until the next call of any function here. */
enum ws_kind websocket_next(struct websocket *ws, const uint8_t **ret_octets, size_t *ret_len);
/* Part of something is waiting for the rest. */
bool websocket_partial(const struct websocket *ws);

/* websocket_upgrade.c. The head of an answer to the upgrade, up to and including its empty line: WS_UPGRADED, WS_REFUSED or WS_BAD. */
enum ws_kind websocket_upgrade_read(struct websocket *ws, const char *head, size_t len);
