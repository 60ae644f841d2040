#include "dns/name.h"

#include <stdio.h>

enum { POINTER_LABEL = 0xc0 /* and above: the first octet of a pointer */ };

static uint8_t lower(uint8_t c)
{
    return (uint8_t)(c + ((unsigned)(c - 'A') < 26u ? 0x20 : 0));
}

/* The hottest loop of all: on plain pointers, with the reader's bounds checked a label at a time. */
size_t name_read(struct reader *r, uint8_t out[NAME_OCTETS])
{
    const uint8_t *at = r->at;
    size_t left = r->bad ? 0 : reader_left(r), len = 0;
    for (; left > 0 && *at > 0; left -= *at + 1u, at += *at + 1) {
        const unsigned label = *at;
        if (label > LABEL_OCTETS || label >= left || len + 1 + label > NAME_OCTETS - 1)
            break;
        out[len++] = (uint8_t)label;
        for (unsigned i = 1; i <= label; i++)
            out[len++] = lower(at[i]);
    }
    r->bad = left == 0 || *at != 0;
    if (r->bad)
        return 0;
    out[len++] = 0;
    r->at = at + 1;
    return len;
}

/* One octet of a label in text form, escapes undone. False at a malformed escape. */
static bool text_octet(const char **text, uint8_t *ret_octet)
{
    const char *t = *text;
    if (*t != '\\') {
        *ret_octet = (uint8_t)*t;
        *text = t + 1;
        return true;
    }
    if (t[1] < '0' || t[1] > '9') {
        *ret_octet = (uint8_t)t[1];
        *text = t + 2;
        return t[1] != 0;
    }
    unsigned value = 0;
    for (int i = 1; i <= 3; i++) {
        if (t[i] < '0' || t[i] > '9')
            return false;
        value = value * 10 + (unsigned)(t[i] - '0');
    }
    *ret_octet = (uint8_t)value;
    *text = t + 4;
    return value <= 255;
}

void name_skip(struct reader *r)
{
    while (!r->bad) {
        const uint8_t label = read_u8(r);
        if (label == 0)
            return;
        if (label >= POINTER_LABEL) {
            read_u8(r);
            return;
        }
        if (label > LABEL_OCTETS)
            r->bad = true;
        else
            read_span(r, label);
    }
}

size_t name_from_text(const char *text, uint8_t out[NAME_OCTETS])
{
    size_t len = 0;
    if (strcmp(text, ".") == 0) {
        out[0] = 0;
        return 1;
    }
    while (*text) {
        const size_t at = len++;
        while (*text && *text != '.') {
            uint8_t octet;
            if (!text_octet(&text, &octet) || len >= NAME_OCTETS - 1)
                return 0;
            out[len++] = lower(octet);
        }
        const size_t label = len - at - 1;
        if (label == 0 || label > LABEL_OCTETS)
            return 0;
        out[at] = (uint8_t)label;
        text += *text == '.';
    }
    if (len == 0)
        return 0;
    out[len++] = 0;
    return len;
}

const char *name_to_text(const uint8_t *name, char out[NAME_TEXT])
{
    char *to = out;
    if (*name == 0)
        *to++ = '.';
    for (; *name; name += *name + 1) {
        for (unsigned i = 1; i <= *name; i++) {
            const uint8_t c = name[i];
            if (c <= 0x20 || c >= 0x7f)
                to += snprintf(to, 5, "\\%03u", c);
            else if (strchr(".\\\"()@;$", c))
                to += snprintf(to, 3, "\\%c", c);
            else
                *to++ = (char)c;
        }
        *to++ = '.';
    }
    *to = 0;
    return out;
}

size_t name_len(const uint8_t *name)
{
    const uint8_t *at = name;
    while (*at)
        at += *at + 1;
    return (size_t)(at - name) + 1;
}

unsigned name_labels(const uint8_t *name)
{
    unsigned labels = 0;
    for (; *name; name += *name + 1)
        labels++;
    return labels;
}

bool name_below(const uint8_t *name, size_t len, const uint8_t *parent, size_t parent_len, size_t *ret_before)
{
    const uint8_t *at = name;
    while (len > parent_len) {
        len -= *at + 1u;
        at += *at + 1;
    }
    if (len != parent_len || memcmp(at, parent, len) != 0)
        return false;
    if (ret_before)
        *ret_before = (size_t)(at - name);
    return true;
}

/* Labels from the last to the first, each ended by 0; octets 0 and 1 are written as 1 1 and 1 2, so that 0 only ends labels. */
size_t name_sort_key(const uint8_t *name, uint8_t out[NAME_SORT_KEY])
{
    const uint8_t *labels[NAME_OCTETS / 2];
    unsigned count = 0;
    for (; *name; name += *name + 1)
        labels[count++] = name;
    uint8_t *to = out;
    while (count > 0) {
        const uint8_t *label = labels[--count];
        for (unsigned i = 1; i <= *label; i++) {
            if (label[i] <= 1)
                *to++ = 1;
            *to++ = (uint8_t)(label[i] <= 1 ? label[i] + 1 : label[i]);
        }
        *to++ = 0;
    }
    return (size_t)(to - out);
}
