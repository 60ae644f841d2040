#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init(), SHA1_Init(): contexts on the stack */
#include "dnssec/signer.h"

#include "base/cursor.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "dns/name.h"
#include "dnssec/canonical.h"
#include "dnssec/internal.h"
#include "dnssec/types.h"

#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RRSIG_FIXED = 18 /* octets in front of the signer's name */ };

struct signer *signer_new(const struct zone_config *config, const uint8_t *apex, size_t apex_len, struct signatures *cache, int64_t now_s,
                          struct report *report)
{
    const struct dnssec_config *dnssec = &config->dnssec;
    struct signer *signer = mem_new(1, sizeof *signer);
    invariant(dnssec->denial != DENIAL_NONE && apex_len <= NAME_OCTETS);
    signer->denial = dnssec->denial;
    signer->validity_s = dnssec->validity_s;
    signer->refresh_s = dnssec->refresh_s;
    signer->cache = cache;
    signer->apex_len = (uint8_t)apex_len;
    memcpy(signer->apex, apex, apex_len);
    arena_init(&signer->arena);
    if (!keys_read(&signer->keys, dnssec->keys, apex, apex_len, report) || !roles_assign(signer, now_s, dnssec->keys, report)) {
        signer_unref(signer);
        return NULL;
    }
    signer->next_event_s = KEY_NEVER;
    for (size_t i = 0; i < signer->keys.count; i++) {
        const int64_t next_s = key_next_event(&signer->keys.items[i], now_s);
        if (next_s < signer->next_event_s)
            signer->next_event_s = next_s;
    }
    publish_keys(signer, dnssec->cds, now_s);
    return signer;
}

struct signer *signer_ref(struct signer *signer)
{
    atomic_fetch_add_explicit(&signer->more_refs, 1, memory_order_relaxed);
    return signer;
}

void signer_unref(struct signer *signer)
{
    if (signer == NULL || atomic_fetch_sub_explicit(&signer->more_refs, 1, memory_order_acq_rel) > 0)
        return;
    keys_release(&signer->keys);
    arena_release(&signer->arena);
    free(signer);
}

int64_t signer_next_event(const struct signer *signer)
{
    return signer->next_event_s;
}

/* What is being signed: the records behind the room for an RRSIG without its signature. */
struct subject {
    const struct signer *signer;
    const struct rrset *set;
    uint8_t *octets;
    size_t len, headroom;
    uint8_t labels;
    int64_t now_s;
};

static uint8_t labels_of(const uint8_t *owner)
{
    const bool wildcard = owner[0] == 1 && owner[1] == '*';
    return (uint8_t)(name_labels(owner) - wildcard);
}

static void digest_content(const struct subject *subject, const struct signing_key *key, uint8_t ret[CONTENT_OCTETS])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, key->fingerprint, sizeof key->fingerprint);
    SHA256_Update(&ctx, subject->octets + subject->headroom, subject->len - subject->headroom);
    SHA256_Final(ret, &ctx);
}

/* Signatures that are made together must not all be renewed together: up to half of the time until renewal is taken off, which half
 * the content decides. */
static uint32_t expiration(const struct signer *signer, const uint8_t *content, int64_t now_s)
{
    const uint32_t span = (signer->validity_s - signer->refresh_s) / 2 + 1;
    return (uint32_t)(now_s + signer->validity_s - get_u32(content) % span);
}

/* RFC 4034 3.1.8.1 */
static void make_rrsig(const struct subject *subject, const struct key *key, const uint8_t *content, struct rrsig *ret)
{
    const struct signer *signer = subject->signer;
    struct writer w = writer_over(subject->octets, subject->headroom);
    write_u16(&w, subject->set->type);
    write_u8(&w, key->algorithm->number);
    write_u8(&w, subject->labels);
    write_u32(&w, subject->set->ttl_s);
    write_u32(&w, expiration(signer, content, subject->now_s));
    write_u32(&w, (uint32_t)(subject->now_s - INCEPTION_BEFORE_S));
    write_u16(&w, key->tag);
    write_bytes(&w, signer->apex, signer->apex_len);
    uint8_t signature[SIGNATURE_OCTETS_MAX];
    const size_t len = pair_sign(key->pair, subject->octets, subject->len, signature);
    invariant(!w.bad && len > 0); /* the key has signed when it was read: OpenSSL is out of order */
    memcpy(ret->octets, subject->octets, subject->headroom);
    memcpy(ret->octets + subject->headroom, signature, len);
    ret->len = (uint16_t)(subject->headroom + len);
}

/* Returns when it should be made anew. */
static int64_t sign_by(const struct subject *subject, const struct signing_key *key, struct rrsig *ret)
{
    const struct signer *signer = subject->signer;
    const struct rrsig_times times = {subject->now_s, signer->validity_s, signer->refresh_s};
    uint8_t content[CONTENT_OCTETS];
    digest_content(subject, key, content);
    if (!signatures_find(signer->cache, content, &times, ret)) {
        make_rrsig(subject, key->key, content, ret);
        signatures_keep(signer->cache, content, ret);
    }
    return rrsig_expiration_s(ret->octets, subject->now_s) - signer->refresh_s;
}

unsigned signer_sign(struct signer *signer, const uint8_t *owner, const struct rrset *set, int64_t now_s,
                     struct rrsig ret[SIGNING_KEYS_MAX], int64_t *ret_renew_s)
{
    const bool keys = set->type == TYPE_DNSKEY || set->type == TYPE_CDS || set->type == TYPE_CDNSKEY;
    const struct signing_keys *signing = keys ? &signer->for_keys : &signer->for_data;
    struct subject subject = {.signer = signer, .set = set, .labels = labels_of(owner), .now_s = now_s};
    subject.headroom = RRSIG_FIXED + (size_t)signer->apex_len;
    subject.octets = canonical_set(owner, set, subject.headroom, &subject.len);
    *ret_renew_s = INT64_MAX;
    for (unsigned i = 0; i < signing->count; i++) {
        const int64_t renew_s = sign_by(&subject, &signing->items[i], &ret[i]);
        if (renew_s < *ret_renew_s)
            *ret_renew_s = renew_s;
    }
    free(subject.octets);
    return signing->count;
}

/* A context on the stack: SHA1() looks its method up and allocates at each call, and takes ten times as long (0.74 us to 0.07 us). */
void nsec3_hash(const uint8_t *name, size_t len, uint8_t ret[20])
{
    SHA_CTX ctx;
    SHA1_Init(&ctx);
    SHA1_Update(&ctx, name, len);
    SHA1_Final(ret, &ctx);
}
