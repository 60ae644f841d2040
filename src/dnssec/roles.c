/* Who signs what. In one algorithm KSKs sign DNSKEY, CDS and CDNSKEY, and ZSKs the rest; where only one kind is active, it signs all
 * (RFC 6781 3.1). Each algorithm of the DNSKEY set signs everything (RFC 4035 2.2, RFC 6840 5.11), as far as its keys' timings say.
 * Data may be signed by a key that is not published yet or no more: that is how an algorithm is changed (RFC 6781 4.1.4). */
#include "dns/name.h"
#include "dnssec/internal.h"

#include <openssl/sha.h>

static bool is_sep(const struct key *key)
{
    return key->flags & KEY_FLAG_SEP;
}

static bool may_sign(const struct key *key, bool keys, int64_t now_s)
{
    return key_active(key, now_s) && (!keys || key_published(key, now_s));
}

/* Whether another key of its algorithm is of the kind that signs this. */
static bool left_to_others(const struct signer *signer, const struct key *key, bool keys, int64_t now_s)
{
    if (is_sep(key) == keys)
        return false;
    for (size_t i = 0; i < signer->keys.count; i++) {
        const struct key *other = &signer->keys.items[i];
        if (other->algorithm == key->algorithm && is_sep(other) == keys && may_sign(other, keys, now_s))
            return true;
    }
    return false;
}

static void fingerprint(const struct signer *signer, const struct key *key, uint8_t ret[CONTENT_OCTETS])
{
    uint8_t octets[NAME_OCTETS + DNSKEY_OCTETS_MAX];
    memcpy(octets, signer->apex, signer->apex_len);
    memcpy(octets + signer->apex_len, key->dnskey, key->dnskey_len);
    SHA256(octets, (size_t)signer->apex_len + key->dnskey_len, ret);
}

static bool assign(struct signer *signer, bool keys, int64_t now_s)
{
    struct signing_keys *to = keys ? &signer->for_keys : &signer->for_data;
    for (size_t i = 0; i < signer->keys.count; i++) {
        const struct key *key = &signer->keys.items[i];
        if (!may_sign(key, keys, now_s) || left_to_others(signer, key, keys, now_s))
            continue;
        if (to->count == SIGNING_KEYS_MAX)
            return false;
        to->items[to->count].key = key;
        fingerprint(signer, key, to->items[to->count++].fingerprint);
    }
    return true;
}

static bool any_published(const struct signing_keys *keys, const struct algorithm *algorithm, int64_t now_s)
{
    for (unsigned i = 0; i < keys->count; i++)
        if ((algorithm == NULL || keys->items[i].key->algorithm == algorithm) && key_published(keys->items[i].key, now_s))
            return true;
    return false;
}

static bool check_created(const struct signer *signer, int64_t now_s, struct report *report)
{
    char created[KEY_TIME_TEXT], now[KEY_TIME_TEXT];
    for (size_t i = 0; i < signer->keys.count; i++) {
        const int64_t made_s = signer->keys.items[i].times[KEY_CREATED];
        if (made_s != KEY_NEVER && made_s > now_s)
            return report_error(report, signer->keys.paths[i], "made at %s, but this machine's clock says %s (UTC): the clock is wrong",
                                key_time_text(made_s, created), key_time_text(now_s, now));
    }
    return true;
}

/* A validator that knows an algorithm from the DS expects signatures of it. */
static void warn_of_silent_algorithms(const struct signer *signer, int64_t now_s, struct report *report)
{
    for (size_t i = 0; i < signer->keys.count; i++) {
        const struct key *key = &signer->keys.items[i];
        if (key_published(key, now_s) && !any_published(&signer->for_data, key->algorithm, now_s))
            report_warning(report, signer->keys.paths[i],
                           "is published, but no published key of algorithm %s signs the zone (RFC 6840 5.11)", key->algorithm->name);
    }
}

bool roles_assign(struct signer *signer, int64_t now_s, const char *folder, struct report *report)
{
    char apex[NAME_TEXT];
    name_to_text(signer->apex, apex);
    if (!check_created(signer, now_s, report))
        return false;
    if (signer->keys.count == 0)
        return report_error(report, folder, "no key of %s here: sipsteer keys %s generate makes one", apex, apex);
    if (!assign(signer, true, now_s) || !assign(signer, false, now_s))
        return report_error(report, folder, "more than %d keys of %s sign at once", SIGNING_KEYS_MAX, apex);
    if (!any_published(&signer->for_keys, NULL, now_s) || !any_published(&signer->for_data, NULL, now_s))
        return report_error(report, folder, "no key of %s is published and active now: sipsteer keys %s list tells their times", apex,
                            apex);
    warn_of_silent_algorithms(signer, now_s, report);
    return true;
}
