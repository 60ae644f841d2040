#include "base/cursor.h"
#include "dns/name.h"
#include "dnssec/ds.h"
#include "dnssec/internal.h"
#include "dnssec/types.h"

struct rrset single_set(struct arena *arena, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, size_t len)
{
    struct rdata *only = arena_new(arena, sizeof *only);
    *only = (struct rdata){.octets = arena_copy(arena, rdata, len), .len = (uint16_t)len};
    return (struct rrset){.type = type, .count = 1, .ttl_s = ttl_s, .rdatas = only};
}

static struct rrset room_for_keys(struct signer *signer, uint16_t type, uint32_t ttl_s)
{
    return (struct rrset){.type = type, .ttl_s = ttl_s, .rdatas = arena_new(&signer->arena, signer->keys.count * sizeof(struct rdata))};
}

static void add(struct signer *signer, struct rrset *set, const uint8_t *octets, size_t len)
{
    struct rdata *rdatas = (struct rdata *)set->rdatas; /* our own, by room_for_keys() */
    rdatas[set->count++] = (struct rdata){.octets = arena_copy(&signer->arena, octets, len), .len = (uint16_t)len};
}

/* The smallest that a published key's file says. */
static uint32_t keys_ttl(const struct signer *signer, int64_t now_s)
{
    uint32_t ttl_s = 0;
    for (size_t i = 0; i < signer->keys.count; i++) {
        const struct key *key = &signer->keys.items[i];
        if (key->ttl_s > 0 && key_published(key, now_s) && (ttl_s == 0 || key->ttl_s < ttl_s))
            ttl_s = key->ttl_s;
    }
    return ttl_s ? ttl_s : DNSKEY_TTL_S;
}

/* RFC 8078 4: remove the DS records. */
static void ask_to_remove(struct signer *signer, uint32_t ttl_s)
{
    static const uint8_t no_ds[] = {0, 0, 0, 0, 0}, no_key[] = {0, 0, 3, 0, 0};
    signer->cds = single_set(&signer->arena, TYPE_CDS, ttl_s, no_ds, sizeof no_ds);
    signer->cdnskey = single_set(&signer->arena, TYPE_CDNSKEY, ttl_s, no_key, sizeof no_key);
}

void publish_keys(struct signer *signer, enum sync_mode mode, int64_t now_s)
{
    const uint32_t ttl_s = keys_ttl(signer, now_s);
    signer->dnskey = room_for_keys(signer, TYPE_DNSKEY, ttl_s);
    signer->cds = room_for_keys(signer, TYPE_CDS, ttl_s);
    signer->cdnskey = room_for_keys(signer, TYPE_CDNSKEY, ttl_s);
    for (size_t i = 0; i < signer->keys.count; i++) {
        const struct key *key = &signer->keys.items[i];
        uint8_t ds[DS_OCTETS_MAX];
        if (key_published(key, now_s))
            add(signer, &signer->dnskey, key->dnskey, key->dnskey_len);
        if (!key_synced(key, now_s))
            continue;
        add(signer, &signer->cds, ds, ds_of_key(signer->apex, signer->apex_len, key, DIGEST_SHA256, ds));
        add(signer, &signer->cdnskey, key->dnskey, key->dnskey_len);
    }
    if (mode == SYNC_DELETE)
        ask_to_remove(signer, ttl_s);
}
