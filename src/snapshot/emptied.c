/* What a steered RRset is answered with when nobody is to be had: NODATA. In a signed zone its NSEC or NSEC3 says that the type is there, so for
 * this case one is made that does not. */
#include "base/memory.h"
#include "dnssec/signer.h"
#include "snapshot/build.h"

#include <stdlib.h>

enum { NSEC3_SALT_LEN_AT = 4, WINDOW_HEADER = 2 };

struct emptied {
    uint32_t zone;
    const struct proof *whole; /* in whose place it comes */
    const struct rrset *proof; /* without the type, and signed */
};

/* Where the type bit maps begin (RFC 4034 4.1, RFC 5155 3.2). */
static size_t bitmap_at(uint16_t proof_type, const uint8_t *rdata)
{
    if (proof_type == TYPE_NSEC)
        return name_len(rdata);
    const size_t hash_len_at = NSEC3_SALT_LEN_AT + 1u + rdata[NSEC3_SALT_LEN_AT];
    return hash_len_at + 1 + rdata[hash_len_at];
}

/* All steered types stand in the first window, and others of the name (RRSIG, NSEC) behind them. */
static void clear_type(uint8_t *bitmap, uint16_t type)
{
    if (bitmap[0] == 0 && type / 8 < bitmap[1])
        bitmap[WINDOW_HEADER + type / 8] &= (uint8_t) ~(0x80 >> type % 8);
}

static void write_emptied(struct builder *b, const void *what)
{
    const struct emptied *emptied = what;
    const struct zone_answers *answers = &b->world->zone_answers[emptied->zone];
    body_begin(b->maker, answers->apex, answers->apex_len, true);
    b->maker->c.question_only = true;
    build_add_soa(b, emptied->zone);
    if (!b->maker->secure)
        return;
    b->maker->proofs[b->maker->proof_count++] = emptied->whole->body;
    body_add(b->maker, SECTION_AUTHORITY, emptied->whole->node->name, emptied->proof, emptied->proof->ttl_s);
}

static uint32_t emptied_bodies(struct builder *b, const struct steered *set)
{
    struct world *world = b->world;
    const struct name *name = &world->names[set->name];
    const struct proof *own = build_nodata_proof(b, set->zone, name->octets, name->len);
    const struct zone_node *node = own->node;
    const struct rrset *whole = zone_rrset(node, TYPE_NSEC);
    if (whole == NULL)
        whole = zone_rrset(node, TYPE_NSEC3);
    struct rdata rdata = whole->rdatas[0], signatures[SIGNING_KEYS_MAX];
    uint8_t *octets = mem_copy(rdata.octets, rdata.len);
    clear_type(octets + bitmap_at(whole->type, octets), set->type);
    rdata.octets = octets;
    struct rrset proof = {.type = whole->type, .count = 1, .ttl_s = whole->ttl_s, .rdatas = &rdata, .rrsigs = signatures};
    struct rrsig *rrsigs = mem_new(SIGNING_KEYS_MAX, sizeof *rrsigs);
    int64_t renew_s;
    proof.rrsig_count = (uint16_t)signer_sign(world->signers[set->zone], node->name, &proof, b->now_s, rrsigs, &renew_s);
    world->renew_s = renew_s < world->renew_s ? renew_s : world->renew_s;
    for (unsigned i = 0; i < proof.rrsig_count; i++)
        signatures[i] = (struct rdata){.octets = rrsigs[i].octets, .len = rrsigs[i].len};
    const struct emptied emptied = {set->zone, own, &proof};
    const uint32_t bodies = build_bodies(b, set->zone, write_emptied, &emptied, FLAG_AA | RCODE_NOERROR, 0);
    free(octets);
    free(rrsigs);
    return bodies;
}

void build_emptied(struct builder *b)
{
    for (size_t i = 0; i < b->world->steered_count; i++) {
        struct steered *set = &b->world->steered[i];
        set->emptied = set->is_signed ? emptied_bodies(b, set) : b->world->zone_answers[set->zone].nodata;
    }
}
