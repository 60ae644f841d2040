#include "zone/name.h"

#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

unsigned escape_read(const char *text, uint8_t *ret_octet)
{
    if (!digit(text[0])) {
        *ret_octet = (uint8_t)text[0];
        return text[0] ? 1 : 0;
    }
    if (!digit(text[1]) || !digit(text[2]))
        return 0;
    const unsigned value = (unsigned)(text[0] - '0') * 100 + (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0');
    *ret_octet = (uint8_t)value;
    return value <= 255 ? 3 : 0;
}

/* Puts the root or the origin behind the labels in made. */
static const char *finish(struct name *made, size_t len, bool absolute, const struct name *origin)
{
    static const uint8_t root[1] = {0};
    const uint8_t *tail = absolute ? root : origin->octets;
    const size_t tail_len = absolute ? 1 : origin->len;
    if (len + tail_len > NAME_MAX_OCTETS)
        return "a name longer than 255 octets";
    memcpy(made->octets + len, tail, tail_len);
    made->len = (uint8_t)(len + tail_len);
    return NULL;
}

const char *name_parse(const char *text, const struct name *origin, struct name *ret_name)
{
    if (strcmp(text, "@") == 0) {
        *ret_name = *origin;
        return NULL;
    }
    if (*text == 0)
        return "an empty name";
    if (strcmp(text, ".") == 0)
        return finish(ret_name, 0, true, origin);
    uint8_t *octets = ret_name->octets;
    size_t label = 0, at = 1; /* where the label's length goes; where its next octet goes */
    bool dot = false;         /* the last character was a separating dot */
    for (; *text; text++) {
        dot = *text == '.';
        if (dot) {
            if (at == label + 1)
                return "a name with an empty label";
            octets[label] = (uint8_t)(at - label - 1);
            label = at++;
            continue;
        }
        if (at - label > NAME_MAX_LABEL)
            return "a label longer than 63 octets";
        if (at >= NAME_MAX_OCTETS)
            return "a name longer than 255 octets";
        octets[at] = (uint8_t)*text;
        if (*text == '\\') {
            const unsigned taken = escape_read(text + 1, &octets[at]);
            if (taken == 0)
                return "a malformed escape";
            text += taken;
        }
        at++;
    }
    if (dot)
        return finish(ret_name, label, true, origin);
    octets[label] = (uint8_t)(at - label - 1);
    return finish(ret_name, at, false, origin);
}

static char *format_octet(char *out, uint8_t octet)
{
    if (octet > ' ' && octet < 0x7f) {
        if (strchr(".\\\"();@$", octet))
            *out++ = '\\';
        *out++ = (char)octet;
        return out;
    }
    *out++ = '\\';
    *out++ = (char)('0' + octet / 100);
    *out++ = (char)('0' + octet / 10 % 10);
    *out++ = (char)('0' + octet % 10);
    return out;
}

const char *name_format(const uint8_t *name, char out[NAME_TEXT])
{
    char *to = out;
    if (*name == 0)
        *to++ = '.';
    while (*name) {
        const unsigned len = *name++;
        for (unsigned i = 0; i < len; i++)
            to = format_octet(to, *name++);
        *to++ = '.';
    }
    *to = 0;
    return out;
}

size_t name_length(const uint8_t *name)
{
    size_t at = 0;
    while (at < NAME_MAX_OCTETS && name[at] != 0) {
        if (name[at] > NAME_MAX_LABEL)
            return 0;
        at += name[at] + 1u;
    }
    return at < NAME_MAX_OCTETS ? at + 1 : 0;
}

void name_lower(uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (octets[i] >= 'A' && octets[i] <= 'Z')
            octets[i] += 'a' - 'A';
}

/* Where each label starts, first label first; returns how many. */
static unsigned labels(const uint8_t *name, uint8_t starts[128])
{
    unsigned count = 0;
    for (unsigned at = 0; name[at]; at += name[at] + 1u)
        starts[count++] = (uint8_t)at;
    return count;
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
    uint8_t starts_a[128], starts_b[128];
    unsigned left_a = labels(a, starts_a), left_b = labels(b, starts_b);
    while (left_a && left_b) {
        const uint8_t *la = a + starts_a[--left_a], *lb = b + starts_b[--left_b];
        const unsigned common = *la < *lb ? *la : *lb;
        const int order = memcmp(la + 1, lb + 1, common);
        if (order)
            return order;
        if (*la != *lb)
            return (int)*la - (int)*lb;
    }
    return (int)left_a - (int)left_b;
}

bool name_within(const uint8_t *name, size_t len, const uint8_t *apex, size_t apex_len)
{
    while (len > apex_len) {
        const size_t label = *name + 1u;
        if (label >= len)
            return false;
        name += label;
        len -= label;
    }
    return len == apex_len && memcmp(name, apex, len) == 0;
}
