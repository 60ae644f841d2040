#include "dns/compress.h"

#include "dns/message.h"

#include <strings.h>

enum {
    POINTER_REACH = POINTER_MASK - 255, /* a longer question moves the target by up to a name */
};

static void remember(struct compressor *c, size_t offset)
{
    if (!c->question_only && offset <= POINTER_REACH && c->name_count < COMPRESS_NAMES)
        c->names[c->name_count++] = (uint16_t)offset;
}

void compress_begin(struct compressor *c, uint8_t *buffer, size_t room, const uint8_t *qname, size_t qname_len, bool whole)
{
    c->w = writer_over(buffer, room);
    c->name_count = c->pointer_count = 0;
    c->question_only = false;
    memset(write_span(&c->w, HEADER_LEN), 0, HEADER_LEN);
    write_bytes(&c->w, qname, qname_len);
    write_u32(&c->w, 0);
    const uint8_t *label = qname;
    if (!whole && *label)
        label += *label + 1;
    for (; *label; label += *label + 1)
        remember(c, HEADER_LEN + (size_t)(label - qname));
}

/* Whether the name in the message at this offset equals name (case ignored, RFC 4343), pointers followed. */
static bool written_at(const struct compressor *c, size_t offset, const uint8_t *name)
{
    const uint8_t *at = c->w.start + offset;
    for (;;) {
        if (*at >= 0xc0) {
            at = c->w.start + (get_u16(at) & POINTER_MASK);
            continue;
        }
        if (*at != *name || strncasecmp((const char *)at + 1, (const char *)name + 1, *at) != 0)
            return false;
        if (*at == 0)
            return true;
        at += *at + 1;
        name += *name + 1;
    }
}

static bool find(const struct compressor *c, const uint8_t *name, unsigned known, uint16_t *ret_offset)
{
    for (unsigned i = 0; i < known; i++)
        if (written_at(c, c->names[i], name)) {
            *ret_offset = c->names[i];
            return true;
        }
    return false;
}

void compress_name(struct compressor *c, const uint8_t *name)
{
    const unsigned known = c->name_count; /* a name's own labels are complete only after its end */
    for (; *name && !c->w.bad; name += *name + 1) {
        uint16_t target;
        if (c->pointer_count < COMPRESS_POINTERS && find(c, name, known, &target)) {
            c->pointers[c->pointer_count++] = (uint16_t)writer_len(&c->w);
            write_u16(&c->w, (uint16_t)(POINTER | target));
            return;
        }
        remember(c, writer_len(&c->w));
        write_bytes(&c->w, name, *name + 1u);
    }
    write_u8(&c->w, 0);
}
