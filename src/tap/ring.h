/* A ring of octets from one thread that writes to one that reads: no lock, no allocation, no waiting. What finds no room is counted and lost.
 * Pieces lie whole in it, each behind its length; a piece that does not fit before the end stands at the start.
 * Thread: ring_room(), ring_commit() the writer's, ring_next(), ring_release() the reader's. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_OCTETS = 1 << 20 };

struct ring {
    /* The writer's. */
    _Alignas(64) uint64_t at;  /* octets ever given out */
    uint64_t taken_seen;       /* of taken, when it was last looked at */
    _Atomic uint64_t lost;     /* pieces that found no room */
    _Atomic uint64_t readable; /* octets ever made readable */
    /* The reader's. */
    _Alignas(64) uint64_t read;
    _Atomic uint64_t taken; /* octets ever given back */
    _Alignas(64) uint8_t octets[RING_OCTETS];
};

struct ring *ring_new(void);
void ring_free(struct ring *ring);

/* Room for len octets (aligned to 8), which ring_commit() makes readable with all before them; NULL: full, counted. */
void *ring_room(struct ring *ring, size_t len);
void ring_commit(struct ring *ring);

/* The next readable piece, or NULL; it stays until ring_release(). */
const void *ring_next(struct ring *ring);
/* Gives back all that ring_next() has given. */
void ring_release(struct ring *ring);
