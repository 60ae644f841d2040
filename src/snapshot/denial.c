/* What proves that something is missing, for every name of a signed zone (RFC 4035 3.1.3, RFC 5155 7.2), as far as it can be known at load. */
#include "base/invariant.h"
#include "snapshot/build.h"

enum { BASE32_CHARACTERS = 32 };

/* The record itself with its signatures. It points at the question only: it may come to stand behind any answer. */
static uint32_t proof_body(struct builder *b, uint32_t zone, const struct zone_node *node, const struct rrset *set)
{
    const struct zone_answers *answers = &b->world->zone_answers[zone];
    b->maker->secure = true;
    body_begin(b->maker, answers->apex, answers->apex_len, true);
    b->maker->c.question_only = true;
    body_add(b->maker, SECTION_AUTHORITY, node->name, set, set->ttl_s);
    b->maker->proofs[b->maker->proof_count++] = (uint32_t)b->world->body_count; /* its own index */
    invariant(body_fits(b->maker));
    const struct body *body = body_finish(b->maker, &b->world->arena, 0, 0);
    return build_add_bodies(b, (struct body_pair){{body, body}});
}

/* Base 32 with the extended hex alphabet (RFC 4648 7); the label is one of ours. */
static void decode_hash(const uint8_t *label, uint8_t ret_hash[PROOF_HASH_OCTETS])
{
    for (unsigned group = 0; group < BASE32_CHARACTERS / 8; group++) {
        uint64_t bits = 0;
        for (unsigned i = 0; i < 8; i++) {
            const uint8_t c = label[group * 8 + i];
            bits = bits << 5 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        for (unsigned i = 0; i < 5; i++)
            ret_hash[group * 5 + i] = (uint8_t)(bits >> (8 * (4 - i)));
    }
}

static struct proof make_proof(struct builder *b, uint32_t zone, const struct zone_node *node, const struct rrset *set)
{
    uint8_t key[NAME_SORT_KEY];
    size_t len = PROOF_HASH_OCTETS;
    if (set->type == TYPE_NSEC)
        len = name_sort_key(node->name, key);
    else
        decode_hash(node->name + 1, key);
    return (struct proof){
        .key = arena_copy(&b->world->arena, key, len), .key_len = (uint16_t)len, .body = proof_body(b, zone, node, set), .node = node};
}

static void make_proofs(struct builder *b, uint32_t zone)
{
    const struct zone *of = b->world->zones[zone];
    struct proofs *proofs = &b->world->zone_answers[zone].proofs;
    const bool nsec3 = of->denial == DENIAL_NSEC3;
    const struct zone_node *nodes = nsec3 ? of->nsec3_nodes : of->nodes;
    const size_t count = nsec3 ? of->nsec3_count : of->node_count;
    proofs->kind = of->denial;
    if (of->denial == DENIAL_NONE)
        return;
    struct proof *all = arena_new(&b->world->arena, count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        const struct rrset *set = zone_rrset(&nodes[i], nsec3 ? TYPE_NSEC3 : TYPE_NSEC);
        if (set)
            all[proofs->count++] = make_proof(b, zone, &nodes[i], set);
    }
    proofs->all = all;
    invariant(proofs->count > 0);
}

const struct proof *build_nodata_proof(const struct builder *b, uint32_t zone, const uint8_t *name, size_t len)
{
    const struct proofs *proofs = &b->world->zone_answers[zone].proofs;
    if (proofs->kind == DENIAL_NONE)
        return NULL;
    return proofs->kind == DENIAL_NSEC ? proofs_cover(proofs, name, len) /* an empty non-terminal has none of its own */
                                       : proofs_match(proofs, name, len);
}

const struct proof *build_no_wildcard_proof(const struct builder *b, uint32_t zone, const uint8_t *name, size_t len)
{
    const struct proofs *proofs = &b->world->zone_answers[zone].proofs;
    uint8_t wildcard[NAME_OCTETS] = {1, '*'};
    if (proofs->kind == DENIAL_NONE || len + 2 > sizeof wildcard)
        return NULL;
    memcpy(wildcard + 2, name, len);
    return proofs_cover(proofs, wildcard, len + 2);
}

void build_add_proof(struct builder *b, struct proof_list *list, const struct proof *proof)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->all[i] == proof)
            return;
    if (proof == NULL || !b->maker->secure || list->count == PROOFS_MAX)
        return;
    list->all[list->count++] = proof;
    b->maker->proofs[b->maker->proof_count++] = proof->body;
    const struct rrset *set = zone_rrset(proof->node, TYPE_NSEC);
    if (set == NULL)
        set = zone_rrset(proof->node, TYPE_NSEC3);
    body_add(b->maker, SECTION_AUTHORITY, proof->node->name, set, set->ttl_s);
}

void build_add_expansion_proof(struct builder *b, struct proof_list *list, uint32_t zone, const uint8_t *name, size_t len,
                               size_t encloser_len)
{
    const struct proofs *proofs = &b->world->zone_answers[zone].proofs;
    if (proofs->kind == DENIAL_NONE)
        return;
    const uint8_t *closer = proofs->kind == DENIAL_NSEC ? name : proofs_next_closer(name, len, encloser_len);
    build_add_proof(b, list, proofs_cover(proofs, closer, len - (size_t)(closer - name)));
}

void build_add_missing_proofs(struct builder *b, struct proof_list *list, uint32_t encloser, const uint8_t *name, size_t len)
{
    const struct name *at = &b->world->names[encloser];
    if (b->world->zone_answers[at->zone].proofs.kind == DENIAL_NSEC3)
        build_add_proof(b, list, build_nodata_proof(b, at->zone, at->octets, at->len));
    build_add_expansion_proof(b, list, at->zone, name, len, at->len);
    build_add_proof(b, list, build_no_wildcard_proof(b, at->zone, at->octets, at->len));
}

static uint32_t body_or_none(const struct proof *proof)
{
    return proof ? proof->body : NONE;
}

void build_proofs(struct builder *b)
{
    for (uint32_t zone = 0; zone < b->world->config->zone_count; zone++)
        make_proofs(b, zone);
    for (uint32_t i = 0; i < b->world->name_count; i++) {
        struct name *name = &b->world->names[i];
        if (name->cut != NONE && name->cut != i)
            continue;
        name->proof = body_or_none(build_nodata_proof(b, name->zone, name->octets, name->len));
        if (name->wildcard == NONE)
            name->no_wildcard = body_or_none(build_no_wildcard_proof(b, name->zone, name->octets, name->len));
    }
}
