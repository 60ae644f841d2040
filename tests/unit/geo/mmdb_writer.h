/* Writes small mmdb files for the tests, in any layout and as damaged as a test wants: the data section value by value, then
 * the networks, then mmdb_save(). */
#pragma once

#include "base/addr.h"
#include "base/invariant.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MMDB_ROOM = 1 << 20, MMDB_NODES = 20000 };

/* A child: a node number, or one of these kinds with a data offset below. */
#define MMDB_EMPTY 0x100000000u
#define MMDB_DATA 0x200000000u

struct mmdb_writer {
    uint8_t data[MMDB_ROOM];
    size_t data_len;
    uint64_t child[MMDB_NODES][2];
    uint32_t node_count;
    unsigned ip_version, record_size;
    const char *type;
};

static inline struct mmdb_writer *mmdb_new(unsigned ip_version, unsigned record_size)
{
    struct mmdb_writer *w = calloc(1, sizeof *w);
    invariant(w);
    w->ip_version = ip_version;
    w->record_size = record_size;
    w->type = "Test";
    w->child[0][0] = w->child[0][1] = MMDB_EMPTY;
    w->node_count = 1;
    return w;
}

static inline void mmdb_octet(struct mmdb_writer *w, unsigned octet)
{
    invariant(w->data_len < MMDB_ROOM);
    w->data[w->data_len++] = (uint8_t)octet;
}

/* A number in big-endian octets. */
static inline void mmdb_octets(struct mmdb_writer *w, uint64_t value, unsigned count)
{
    while (count-- > 0)
        mmdb_octet(w, (unsigned)(value >> (8 * count) & 0xff));
}

static inline void mmdb_head(struct mmdb_writer *w, unsigned type, size_t size)
{
    const unsigned top = type > 7 ? 0 : type << 5;
    mmdb_octet(w, top | (size < 29 ? (unsigned)size : size < 285 ? 29 : size < 65821 ? 30 : 31));
    if (type > 7)
        mmdb_octet(w, type - 7);
    if (size >= 65821)
        mmdb_octets(w, size - 65821, 3);
    else if (size >= 285)
        mmdb_octets(w, size - 285, 2);
    else if (size >= 29)
        mmdb_octets(w, size - 29, 1);
}

static inline uint32_t mmdb_map(struct mmdb_writer *w, unsigned pairs)
{
    const uint32_t offset = (uint32_t)w->data_len;
    mmdb_head(w, 7, pairs);
    return offset;
}

static inline uint32_t mmdb_string(struct mmdb_writer *w, const char *text)
{
    const uint32_t offset = (uint32_t)w->data_len;
    mmdb_head(w, 2, strlen(text));
    for (; *text; text++)
        mmdb_octet(w, (uint8_t)*text);
    return offset;
}

static inline void mmdb_double(struct mmdb_writer *w, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mmdb_head(w, 3, 8);
    mmdb_octets(w, bits, 8);
}

static inline void mmdb_float(struct mmdb_writer *w, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    mmdb_head(w, 15, 4);
    mmdb_octets(w, bits, 4);
}

/* type: 5 uint16, 6 uint32, 8 int32, 9 uint64; as short as it can be. */
static inline void mmdb_integer(struct mmdb_writer *w, unsigned type, uint64_t value)
{
    unsigned octets = 0;
    while (octets < 8 && value >> (8 * octets))
        octets++;
    mmdb_head(w, type, octets);
    mmdb_octets(w, value, octets);
}

static inline void mmdb_pointer(struct mmdb_writer *w, uint32_t offset)
{
    if (offset < 2048) {
        mmdb_octets(w, 1u << 13 | offset, 2);
        return;
    }
    mmdb_octet(w, 1u << 5 | 3u << 3);
    mmdb_octets(w, offset, 4);
}

static inline void mmdb_pair(struct mmdb_writer *w, const char *key, const char *value)
{
    mmdb_string(w, key);
    mmdb_string(w, value);
}

/* A record as GeoLite2-City has it, in parts: NULL or NAN leave them out. */
static inline uint32_t mmdb_city(struct mmdb_writer *w, const char *continent, const char *country, double latitude, double longitude)
{
    const bool located = latitude == latitude;
    const uint32_t offset = mmdb_map(w, 1u + (continent != NULL) + (country != NULL) + located);
    mmdb_string(w, "city");
    mmdb_map(w, 1);
    mmdb_string(w, "names");
    mmdb_map(w, 1);
    mmdb_pair(w, "en", "Somewhere");
    if (continent) {
        mmdb_string(w, "continent");
        mmdb_map(w, 1);
        mmdb_pair(w, "code", continent);
    }
    if (country) {
        mmdb_string(w, "country");
        mmdb_map(w, 1);
        mmdb_pair(w, "iso_code", country);
    }
    if (located) {
        mmdb_string(w, "location");
        mmdb_map(w, 2);
        mmdb_string(w, "latitude");
        mmdb_double(w, latitude);
        mmdb_string(w, "longitude");
        mmdb_double(w, longitude);
    }
    return offset;
}

static inline uint32_t mmdb_asn(struct mmdb_writer *w, uint32_t asn)
{
    const uint32_t offset = mmdb_map(w, 2);
    mmdb_string(w, "autonomous_system_number");
    mmdb_integer(w, 6, asn);
    mmdb_pair(w, "autonomous_system_organization", "Example");
    return offset;
}

/* The bits of a prefix in this tree: IPv4 lies under ::/96 in an IPv6 one. */
static inline struct prefix mmdb_in_tree(const struct mmdb_writer *w, const char *text)
{
    struct prefix prefix;
    invariant(prefix_parse(text, &prefix));
    if (w->ip_version == 4 || prefix.addr.family == FAMILY_V6)
        return prefix;
    struct prefix wide = {.addr.family = FAMILY_V6, .len = (uint8_t)(96 + prefix.len)};
    memcpy(wide.addr.bytes + 12, prefix.addr.bytes, 4);
    return wide;
}

/* Makes the prefix lead to a child; what was said of a larger network stays for the rest of it. */
static inline void mmdb_set(struct mmdb_writer *w, const char *text, uint64_t to)
{
    const struct prefix prefix = mmdb_in_tree(w, text);
    uint64_t at = 0;
    for (unsigned depth = 0; depth + 1 < prefix.len; depth++) {
        uint64_t *child = &w->child[at][addr_bit(&prefix.addr, depth)];
        if (*child >= MMDB_EMPTY) {
            invariant(w->node_count < MMDB_NODES);
            w->child[w->node_count][0] = w->child[w->node_count][1] = *child;
            *child = w->node_count++;
        }
        at = *child;
    }
    w->child[at][addr_bit(&prefix.addr, prefix.len - 1u)] = to;
}

static inline void mmdb_insert(struct mmdb_writer *w, const char *text, uint32_t offset)
{
    mmdb_set(w, text, MMDB_DATA | offset);
}

/* Lets a /96 or shorter lead to the IPv4 tree, as MaxMind's files do. */
static inline void mmdb_alias(struct mmdb_writer *w, const char *text)
{
    uint64_t at = 0;
    for (unsigned depth = 0; depth < 96; depth++)
        at = w->child[at][0];
    mmdb_set(w, text, at);
}

static inline uint64_t mmdb_child_value(const struct mmdb_writer *w, uint64_t child)
{
    if (child >= MMDB_DATA)
        return w->node_count + 16 + (child & 0xffffffffu);
    return child == MMDB_EMPTY ? w->node_count : child;
}

static inline void mmdb_metadata(struct mmdb_writer *w)
{
    mmdb_map(w, 9);
    mmdb_string(w, "node_count");
    mmdb_integer(w, 6, w->node_count);
    mmdb_string(w, "record_size");
    mmdb_integer(w, 5, w->record_size);
    mmdb_string(w, "ip_version");
    mmdb_integer(w, 5, w->ip_version);
    mmdb_pair(w, "database_type", w->type);
    mmdb_string(w, "languages");
    mmdb_head(w, 11, 1);
    mmdb_string(w, "en");
    mmdb_string(w, "binary_format_major_version");
    mmdb_integer(w, 5, 2);
    mmdb_string(w, "binary_format_minor_version");
    mmdb_integer(w, 5, 0);
    mmdb_string(w, "build_epoch");
    mmdb_integer(w, 9, 1700000000);
    mmdb_string(w, "description");
    mmdb_map(w, 1);
    mmdb_pair(w, "en", "for a test");
}

/* Writes the tree of 24, 28 or 32 bit records. */
static inline void mmdb_write_tree(const struct mmdb_writer *w, FILE *file)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        const uint64_t left = mmdb_child_value(w, w->child[i][0]), right = mmdb_child_value(w, w->child[i][1]);
        const unsigned whole = w->record_size / 8 * 8;
        for (unsigned bit = whole; bit; bit -= 8)
            fputc((int)(left >> (bit - 8) & 0xff), file);
        if (w->record_size == 28)
            fputc((int)((left >> 24 & 15) << 4 | (right >> 24 & 15)), file);
        for (unsigned bit = whole; bit; bit -= 8)
            fputc((int)(right >> (bit - 8) & 0xff), file);
    }
}

/* Writes the file and frees the writer. */
static inline void mmdb_save(struct mmdb_writer *w, const char *path)
{
    FILE *file = fopen(path, "wb");
    invariant(file);
    mmdb_write_tree(w, file);
    for (unsigned i = 0; i < 16; i++)
        fputc(0, file);
    fwrite(w->data, 1, w->data_len, file);
    fputs("\xab\xcd\xef"
          "MaxMind.com",
          file);
    w->data_len = 0;
    mmdb_metadata(w);
    fwrite(w->data, 1, w->data_len, file);
    invariant(fclose(file) == 0);
    free(w);
}
