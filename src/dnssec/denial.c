/* NSEC (RFC 4034 4) and NSEC3 (RFC 5155): one record for each name that is there, in a ring. */
#include "base/cursor.h"
#include "base/memory.h"
#include "dns/name.h"
#include "dnssec/coding.h"
#include "dnssec/internal.h"
#include "dnssec/types.h"

#include <stdlib.h>

enum {
    BITMAP_MAX = 256 * 34,
    NSEC3_SHA1 = 1,
    HASH_OCTETS = 20,
    NSEC3_FIXED = 6, /* algorithm, flags, iterations, salt length, hash length */
};

/* In canonical order all that is below a node comes right behind it. */
void denial_stand(struct signing *signing)
{
    const struct zone *plain = signing->plain;
    const struct zone_node *cut = NULL;
    for (size_t i = 0; i < plain->node_count; i++) {
        const struct zone_node *node = &plain->nodes[i];
        if (cut && name_below(node->name, node->name_len, cut->name, cut->name_len, NULL)) {
            signing->standings[i] = STANDING_HIDDEN;
            continue;
        }
        const bool delegates = i > 0 && zone_rrset(node, TYPE_NS);
        cut = delegates || zone_rrset(node, TYPE_DNAME) ? node : NULL;
        signing->standings[i] = delegates ? STANDING_CUT : STANDING_OWN;
    }
}

/* RFC 4034 4.1.2. types ascend. Returns the octets written. */
static size_t write_bitmap(const uint16_t *types, size_t count, uint8_t *out)
{
    uint8_t *at = out;
    for (size_t i = 0; i < count;) {
        const unsigned window = types[i] >> 8;
        uint8_t *bits = at + 2, last = 0;
        memset(bits, 0, 32);
        for (; i < count && types[i] >> 8 == (int)window; i++) {
            last = (uint8_t)types[i];
            bits[last / 8] |= (uint8_t)(0x80 >> last % 8);
        }
        at[0] = (uint8_t)window;
        at[1] = (uint8_t)(last / 8 + 1);
        at += 2 + at[1];
    }
    return (size_t)(at - out);
}

static void insert_type(uint16_t *types, size_t *count, uint16_t type)
{
    size_t at = (*count)++;
    for (; at > 0 && types[at - 1] > type; at--)
        types[at] = types[at - 1];
    types[at] = type;
}

/* The types that the zone answers for at this node; at a cut only NS and DS are the parent's (RFC 6840 4.1). RRSIG, where anything
 * is signed, and NSEC. */
static size_t bitmap_of(const struct signing *signing, size_t node_number, uint8_t out[BITMAP_MAX])
{
    const struct zone_node *node = &signing->nodes[node_number];
    const bool cut = signing->standings[node_number] == STANDING_CUT, nsec = signing->signer->denial == DENIAL_NSEC;
    uint16_t *types = mem_new(node->rrset_count + 2u, sizeof *types);
    size_t count = 0;
    bool signs = nsec;
    for (unsigned i = 0; i < node->rrset_count; i++) {
        const uint16_t type = node->rrsets[i].type;
        if (cut && type != TYPE_NS && type != TYPE_DS)
            continue;
        types[count++] = type;
        signs |= !cut || type == TYPE_DS;
    }
    if (signs)
        insert_type(types, &count, TYPE_RRSIG);
    if (nsec)
        insert_type(types, &count, TYPE_NSEC);
    const size_t len = write_bitmap(types, count, out);
    free(types);
    return len;
}

/* Empty non-terminals have no NSEC. */
static void add_nsecs(struct signing *signing)
{
    uint8_t rdata[NAME_OCTETS + BITMAP_MAX];
    const struct zone_node *next = &signing->plain->nodes[0];
    for (size_t i = signing->plain->node_count; i-- > 0;) {
        struct zone_node *node = &signing->nodes[i];
        if (signing->standings[i] == STANDING_HIDDEN || node->rrset_count == 0)
            continue;
        memcpy(rdata, next->name, next->name_len);
        const size_t len = next->name_len + bitmap_of(signing, i, rdata + next->name_len);
        const struct rrset set = single_set(&signing->arena, TYPE_NSEC, signing->denial_ttl_s, rdata, len);
        node_add(node, &set);
        next = node;
    }
}

struct hashed {
    uint8_t hash[HASH_OCTETS];
    size_t node;
};

static int by_hash(const void *left, const void *right)
{
    return memcmp(((const struct hashed *)left)->hash, ((const struct hashed *)right)->hash, HASH_OCTETS);
}

static struct hashed *hash_names(const struct signing *signing, size_t *ret_count)
{
    struct hashed *hashed = mem_new(signing->plain->node_count, sizeof *hashed);
    *ret_count = 0;
    for (size_t i = 0; i < signing->plain->node_count; i++) {
        if (signing->standings[i] == STANDING_HIDDEN)
            continue;
        struct hashed *item = &hashed[(*ret_count)++];
        item->node = i;
        nsec3_hash(signing->nodes[i].name, signing->nodes[i].name_len, item->hash);
    }
    qsort(hashed, *ret_count, sizeof *hashed, by_hash);
    return hashed;
}

static void make_nsec3_node(struct signing *signing, const struct hashed *hashed, const struct hashed *next, struct zone_node *ret)
{
    const struct zone *plain = signing->plain;
    uint8_t name[NAME_OCTETS] = {BASE32_HASH};
    uint8_t rdata[NSEC3_FIXED + HASH_OCTETS + BITMAP_MAX] = {NSEC3_SHA1, 0, 0, 0, 0, HASH_OCTETS}; /* RFC 9276: no salt, 0 iterations */
    base32_hash(hashed->hash, name + 1);
    memcpy(name + 1 + BASE32_HASH, plain->apex, plain->apex_len);
    memcpy(rdata + NSEC3_FIXED, next->hash, HASH_OCTETS);
    const size_t len = NSEC3_FIXED + HASH_OCTETS + bitmap_of(signing, hashed->node, rdata + NSEC3_FIXED + HASH_OCTETS);
    struct rrset *set = arena_new(&signing->arena, sizeof *set);
    *set = single_set(&signing->arena, TYPE_NSEC3, signing->denial_ttl_s, rdata, len);
    ret->name_len = (uint8_t)(1 + BASE32_HASH + plain->apex_len);
    ret->name = arena_copy(&signing->arena, name, ret->name_len);
    ret->rrset_count = 1;
    ret->rrsets = set;
}

static void add_nsec3s(struct signing *signing)
{
    size_t count;
    struct hashed *hashed = hash_names(signing, &count);
    signing->nsec3_nodes = arena_new(&signing->arena, count * sizeof *signing->nsec3_nodes);
    signing->nsec3_count = count;
    for (size_t i = 0; i < count; i++)
        make_nsec3_node(signing, &hashed[i], &hashed[(i + 1) % count], &signing->nsec3_nodes[i]);
    free(hashed);
}

static void add_nsec3param(struct signing *signing)
{
    static const uint8_t parameters[] = {NSEC3_SHA1, 0, 0, 0, 0};
    const struct rrset set = single_set(&signing->arena, TYPE_NSEC3PARAM, signing->denial_ttl_s, parameters, sizeof parameters);
    node_add(&signing->nodes[0], &set);
}

bool denial_add(struct signing *signing, struct report *report)
{
    if (signing->signer->denial == DENIAL_NSEC) {
        add_nsecs(signing);
        return true;
    }
    if (1 + BASE32_HASH + signing->plain->apex_len > NAME_OCTETS)
        return report_error(report, signing->plain->file, "the zone's name is too long for NSEC3: use denial = \"nsec\"");
    add_nsec3param(signing);
    add_nsec3s(signing);
    return true;
}
