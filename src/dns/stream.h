/* An answer that consists of as many messages as it takes (RFC 5936), made one by one as the client takes them. Who makes one embeds struct stream at
 * the start of its own and holds by reference all that it needs: worlds and snapshots may be replaced while it runs.
 * Thread: the TCP loop's. serve/ frees it, at its end or before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
    /* Writes the next message (without the length that TCP puts before it) and returns its length; 0: that was all. room is MESSAGE_MAX. It is called
     * in the TCP loop: about a millisecond, and no waiting. */
    size_t (*next)(struct stream *stream, uint8_t *out, size_t room);
    void (*free)(struct stream *stream);
    bool transfer; /* it takes one of the places of server.tcp.transfers, and waits for one before its first message; a refusal is none */
};
