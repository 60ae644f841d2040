#include "tap/ring.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, SKIP = 0 /* a length: the next piece stands at the start */ };

static size_t padded(size_t len)
{
    return HEAD + (len + 7) / 8 * 8;
}

struct ring *ring_new(void)
{
    struct ring *ring = aligned_alloc(_Alignof(struct ring), sizeof *ring);
    if (ring == NULL)
        abort();
    memset(ring, 0, offsetof(struct ring, octets)); /* the rest is touched when it is needed */
    return ring;
}

void ring_free(struct ring *ring)
{
    free(ring);
}

static void put_length(struct ring *ring, uint64_t at, uint64_t len)
{
    memcpy(ring->octets + at % RING_OCTETS, &len, sizeof len);
}

void *ring_room(struct ring *ring, size_t len)
{
    const size_t need = padded(len), left = RING_OCTETS - ring->at % RING_OCTETS;
    const size_t whole = need <= left ? need : left + need;
    if (ring->at + whole - ring->taken_seen > RING_OCTETS)
        ring->taken_seen = atomic_load_explicit(&ring->taken, memory_order_acquire);
    if (ring->at + whole - ring->taken_seen > RING_OCTETS) {
        atomic_store_explicit(&ring->lost, atomic_load_explicit(&ring->lost, memory_order_relaxed) + 1, memory_order_relaxed);
        return NULL;
    }
    if (need > left)
        put_length(ring, ring->at, SKIP);
    ring->at += whole;
    put_length(ring, ring->at - need, len);
    return ring->octets + (ring->at - need) % RING_OCTETS + HEAD;
}

void ring_commit(struct ring *ring)
{
    atomic_store_explicit(&ring->readable, ring->at, memory_order_release);
}

const void *ring_next(struct ring *ring)
{
    if (ring->read == atomic_load_explicit(&ring->readable, memory_order_acquire))
        return NULL;
    uint64_t len;
    memcpy(&len, ring->octets + ring->read % RING_OCTETS, sizeof len);
    if (len == SKIP) {
        ring->read += RING_OCTETS - ring->read % RING_OCTETS;
        memcpy(&len, ring->octets, sizeof len);
    }
    const void *piece = ring->octets + ring->read % RING_OCTETS + HEAD;
    ring->read += padded(len);
    return piece;
}

void ring_release(struct ring *ring)
{
    atomic_store_explicit(&ring->taken, ring->read, memory_order_release);
}
