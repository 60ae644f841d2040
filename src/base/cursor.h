/* The only way octets are read from or written to a packet: bounded, with a sticky error.
 * A read past the end gives zeroes and sets bad; a write past the end writes nothing and sets bad. Callers check bad once.
 * Thread: the owner's. Owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *start, *at, *end;
    bool bad;
};

static inline struct reader reader_over(const void *data, size_t len)
{
    const uint8_t *from = data;
    return (struct reader){.start = from, .at = from, .end = len ? from + len : from}; /* data may be NULL when there is nothing */
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* The next len octets, or NULL (and bad) when there are fewer. */
static inline const uint8_t *read_span(struct reader *r, size_t len)
{
    if (r->bad || reader_left(r) < len) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *from = r->at;
    r->at += len;
    return from;
}

static inline uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = read_span(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
    const uint8_t *p = read_span(r, 2);
    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
    const uint8_t *p = read_span(r, 4);
    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

struct writer {
    uint8_t *start, *at, *end;
    bool bad;
};

static inline struct writer writer_over(void *data, size_t room)
{
    uint8_t *from = data;
    return (struct writer){.start = from, .at = from, .end = from + room};
}

static inline size_t writer_len(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

static inline size_t writer_room(const struct writer *w)
{
    return (size_t)(w->end - w->at);
}

/* Room for len octets to fill, or NULL (and bad). */
static inline uint8_t *write_span(struct writer *w, size_t len)
{
    if (w->bad || writer_room(w) < len) {
        w->bad = true;
        return NULL;
    }
    uint8_t *to = w->at;
    w->at += len;
    return to;
}

static inline void write_bytes(struct writer *w, const void *from, size_t len)
{
    uint8_t *to = write_span(w, len);
    if (to && len)
        memcpy(to, from, len);
}

static inline void put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static inline void put_u32(uint8_t *to, uint32_t value)
{
    put_u16(to, (uint16_t)(value >> 16));
    put_u16(to + 2, (uint16_t)value);
}

static inline uint16_t get_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t get_u32(const uint8_t *from)
{
    return (uint32_t)get_u16(from) << 16 | get_u16(from + 2);
}

static inline void write_u8(struct writer *w, uint8_t value)
{
    write_bytes(w, &value, 1);
}

static inline void write_u16(struct writer *w, uint16_t value)
{
    uint8_t *to = write_span(w, 2);
    if (to)
        put_u16(to, value);
}

static inline void write_u32(struct writer *w, uint32_t value)
{
    uint8_t *to = write_span(w, 4);
    if (to)
        put_u32(to, value);
}
