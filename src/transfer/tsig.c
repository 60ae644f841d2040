#include "transfer/tsig.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "dns/records.h"
#include "transfer/digest.h"

#include <openssl/crypto.h>

enum {
    TIME_OCTETS = 6,
    FIXED_OCTETS = 16,  /* of the RDATA: all but the algorithm, the MAC and the other data */
    RECORD_OCTETS = 10, /* type, class, TTL, length */
    MAC_LEAST = 10,     /* RFC 8945 5.2.2.1 */
    QDCOUNT_AT = 4,
    ANCOUNT_AT = 6,
    NSCOUNT_AT = 8,
    ARCOUNT_AT = 10,
    ZONE_RECORDS_MAX = 8,        /* in the answer and authority sections of a request: NOTIFY and IXFR have one SOA */
    ADDITIONAL_RECORDS_MAX = 16, /* OPT and TSIG */
};

const char *const tsig_algorithms[] = {
    [TSIG_HMAC_SHA1] = "hmac-sha1",     [TSIG_HMAC_SHA224] = "hmac-sha224", [TSIG_HMAC_SHA256] = "hmac-sha256",
    [TSIG_HMAC_SHA384] = "hmac-sha384", [TSIG_HMAC_SHA512] = "hmac-sha512", NULL,
};

static uint64_t read_time(struct reader *r)
{
    const uint64_t high = read_u16(r);
    return high << 32 | read_u32(r);
}

static void put_time(uint8_t *to, uint64_t seconds)
{
    put_u16(to, (uint16_t)(seconds >> 32));
    put_u32(to + 2, (uint32_t)seconds);
}

/* The fields of the record (RFC 8945 4.2). False: not its form. */
static bool read_record(const struct records *records, const struct rr *rr, struct tsig_record *record)
{
    struct reader r = rr_rdata(records, rr);
    record->at = rr->at;
    record->name_len = rr->owner_len;
    memcpy(record->name, rr->owner, rr->owner_len);
    record->algorithm_len = (uint8_t)name_read(&r, record->algorithm);
    record->signed_s = read_time(&r);
    record->fudge_s = read_u16(&r);
    record->mac_len = read_u16(&r);
    record->mac = read_span(&r, record->mac_len);
    record->original_id = read_u16(&r);
    record->error = read_u16(&r);
    record->other_len = read_u16(&r);
    record->other = read_span(&r, record->other_len);
    return !r.bad && reader_left(&r) == 0 && record->algorithm_len > 0 && rr->class == CLASS_ANY && rr->ttl_s == 0;
}

/* TSIG_GOOD: there is one, as the last record of the message, which is sound. */
static enum tsig_taken find(const uint8_t *message, size_t len, struct tsig_record *ret_record)
{
    struct records records;
    struct rr rr;
    enum tsig_taken found = TSIG_NONE;
    if (!records_begin(&records, message, len))
        return TSIG_UNSOUND;
    while (records_skim(&records, &rr)) {
        if (found != TSIG_NONE)
            return TSIG_UNSOUND; /* something behind it, perhaps another one */
        if (rr.type != TYPE_TSIG)
            continue;
        rr_read_owner(&records, &rr);
        if (rr.owner_len == 0 || rr.section != SECTION_ADDITIONAL || !read_record(&records, &rr, ret_record))
            return TSIG_UNSOUND;
        found = TSIG_GOOD;
    }
    return records.bad ? TSIG_UNSOUND : found;
}

/* Nobody who has shown no key may have thousands of records looked at. */
static bool is_small(const uint8_t *message, size_t len)
{
    return len >= HEADER_LEN && get_u16(message + QDCOUNT_AT) <= 1 && get_u16(message + ANCOUNT_AT) <= ZONE_RECORDS_MAX &&
           get_u16(message + NSCOUNT_AT) <= ZONE_RECORDS_MAX && get_u16(message + ARCOUNT_AT) <= ADDITIONAL_RECORDS_MAX;
}

/* The message as it was before it was signed. */
static void take_off(const struct tsig_record *record, uint8_t *message, size_t *len)
{
    put_u16(message, record->original_id);
    put_u16(message + ARCOUNT_AT, (uint16_t)(get_u16(message + ARCOUNT_AT) - 1));
    *len = record->at;
}

static bool name_is(const uint8_t *wire, const char *name)
{
    char text[NAME_TEXT];
    return strcmp(name_to_text(wire, text), name) == 0;
}

static bool algorithm_is(const struct tsig_record *record, enum tsig_algorithm algorithm)
{
    uint8_t name[NAME_OCTETS];
    const size_t len = name_from_text(tsig_algorithms[algorithm], name);
    return len == record->algorithm_len && memcmp(name, record->algorithm, len) == 0;
}

static const struct tsig_key *find_key(const struct tsig_record *record, const struct tsig_key *keys, size_t count)
{
    char name[NAME_TEXT];
    name_to_text(record->name, name);
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, name) == 0)
            return algorithm_is(record, keys[i].algorithm) ? &keys[i] : NULL;
    return NULL;
}

static struct digest *begin_digest(const struct tsig *tsig)
{
    struct digest *digest = digest_begin(tsig->key);
    if (tsig->stage != TSIG_REQUEST) {
        digest_add_u16(digest, tsig->mac_len);
        digest_add(digest, tsig->mac, tsig->mac_len);
    }
    return digest;
}

/* RFC 8945 4.3.3: everything in the first two messages, the times alone in later ones. */
static void add_variables(struct digest *digest, enum tsig_stage stage, const struct tsig_record *record)
{
    uint8_t time[TIME_OCTETS];
    static const uint8_t class_and_ttl[] = {0, CLASS_ANY, 0, 0, 0, 0};
    const bool all = stage != TSIG_LATER_ANSWER;
    put_time(time, record->signed_s);
    if (all) {
        digest_add(digest, record->name, record->name_len);
        digest_add(digest, class_and_ttl, sizeof class_and_ttl);
        digest_add(digest, record->algorithm, record->algorithm_len);
    }
    digest_add(digest, time, sizeof time);
    digest_add_u16(digest, record->fudge_s);
    if (all) {
        digest_add_u16(digest, record->error);
        digest_add_u16(digest, record->other_len);
        digest_add(digest, record->other, record->other_len);
    }
}

static void remember_mac(struct tsig *tsig, const uint8_t *mac, size_t len)
{
    memcpy(tsig->mac, mac, len);
    tsig->mac_len = (uint8_t)len;
    if (tsig->stage != TSIG_LATER_ANSWER)
        tsig->stage++;
}

/* Whether the record's MAC, perhaps truncated, is that of this message, whose record has been taken off. Ends the digest. */
static bool mac_fits(struct digest *digest, enum tsig_stage stage, const struct tsig_record *record, const uint8_t *message)
{
    uint8_t mac[TSIG_MAC_MAX];
    digest_add(digest, message, record->at);
    add_variables(digest, stage, record);
    digest_end(digest, mac);
    return CRYPTO_memcmp(mac, record->mac, record->mac_len) == 0;
}

static bool mac_len_allowed(const struct tsig_record *record, enum tsig_algorithm algorithm)
{
    const size_t whole = digest_len(algorithm), half = whole / 2;
    return record->mac_len <= whole && record->mac_len >= (half > MAC_LEAST ? half : MAC_LEAST);
}

static bool in_time(const struct tsig_record *record, uint64_t now_s)
{
    return now_s <= record->signed_s + record->fudge_s && record->signed_s <= now_s + record->fudge_s;
}

static enum tsig_taken check_request(struct tsig *tsig, const struct tsig_record *record, const uint8_t *message, uint64_t now_s)
{
    if (tsig->key == NULL) {
        tsig->error = TSIG_BADKEY;
        return TSIG_WRONG;
    }
    if (!mac_len_allowed(record, tsig->key->algorithm))
        return TSIG_UNSOUND;
    if (!mac_fits(begin_digest(tsig), TSIG_REQUEST, record, message))
        tsig->error = TSIG_BADSIG;
    else if (!in_time(record, now_s))
        tsig->error = TSIG_BADTIME;
    else if (record->mac_len < digest_len(tsig->key->algorithm))
        tsig->error = TSIG_BADTRUNC;
    remember_mac(tsig, record->mac, record->mac_len);
    return tsig->error ? TSIG_WRONG : TSIG_GOOD;
}

enum tsig_taken tsig_take_request(struct tsig *ret_tsig, const struct tsig_key *keys, size_t key_count, uint8_t *message, size_t *len,
                                  uint64_t now_s)
{
    struct tsig *tsig = ret_tsig;
    *tsig = (struct tsig){0};
    const enum tsig_taken found = is_small(message, *len) ? find(message, *len, &tsig->asked) : TSIG_UNSOUND;
    if (found != TSIG_GOOD)
        return found;
    const uint16_t id = get_u16(message);
    take_off(&tsig->asked, message, len);
    tsig->key = find_key(&tsig->asked, keys, key_count);
    const enum tsig_taken taken = check_request(tsig, &tsig->asked, message, now_s);
    put_u16(message, id); /* who has sent it waits for an answer with this one */
    tsig->asked.mac = tsig->asked.other = NULL;
    tsig->stage = TSIG_FIRST_ANSWER;
    return taken;
}

void tsig_begin(struct tsig *tsig, const struct tsig_key *key)
{
    *tsig = (struct tsig){.key = key};
    tsig->asked.name_len = (uint8_t)name_from_text(key->name, tsig->asked.name);
    tsig->asked.algorithm_len = (uint8_t)name_from_text(tsig_algorithms[key->algorithm], tsig->asked.algorithm);
}

void tsig_release(struct tsig *tsig)
{
    digest_drop(tsig->running);
    tsig->running = NULL;
}

/* RFC 8945 5.3.2: without a key that both know, or after a wrong MAC, the answer has an empty MAC. */
static bool signs(const struct tsig *tsig)
{
    return tsig->error != TSIG_BADKEY && tsig->error != TSIG_BADSIG;
}

size_t tsig_room(const struct tsig *tsig)
{
    if (tsig->asked.name_len == 0)
        return 0;
    return tsig->asked.name_len + RECORD_OCTETS + tsig->asked.algorithm_len + FIXED_OCTETS +
           (signs(tsig) ? digest_len(tsig->key->algorithm) : 0) + (tsig->error == TSIG_BADTIME ? TIME_OCTETS : 0);
}

static void write_record(struct writer *w, const struct tsig_record *record)
{
    uint8_t time[TIME_OCTETS];
    put_time(time, record->signed_s);
    write_bytes(w, record->name, record->name_len);
    write_u16(w, TYPE_TSIG);
    write_u16(w, CLASS_ANY);
    write_u32(w, 0);
    write_u16(w, (uint16_t)(record->algorithm_len + FIXED_OCTETS + record->mac_len + record->other_len));
    write_bytes(w, record->algorithm, record->algorithm_len);
    write_bytes(w, time, sizeof time);
    write_u16(w, record->fudge_s);
    write_u16(w, record->mac_len);
    write_bytes(w, record->mac, record->mac_len);
    write_u16(w, record->original_id);
    write_u16(w, record->error);
    write_u16(w, record->other_len);
    write_bytes(w, record->other, record->other_len);
}

/* RFC 8945 5.2.3: a client whose clock is wrong gets its own time back, and ours in the other data. */
size_t tsig_sign(struct tsig *tsig, uint8_t *message, size_t len, size_t room, uint64_t now_s)
{
    struct tsig_record *record = &tsig->asked;
    uint8_t mac[TSIG_MAC_MAX], other[TIME_OCTETS];
    const bool wrong_time = tsig->error == TSIG_BADTIME;
    if (!wrong_time && signs(tsig)) {
        record->signed_s = now_s;
        record->fudge_s = TSIG_FUDGE_S;
    }
    put_time(other, now_s);
    record->error = tsig->error;
    record->original_id = get_u16(message);
    record->other = other;
    record->other_len = wrong_time ? TIME_OCTETS : 0;
    record->mac = mac;
    record->mac_len = 0;
    if (signs(tsig)) {
        struct digest *digest = begin_digest(tsig);
        digest_add(digest, message, len);
        add_variables(digest, tsig->stage, record);
        record->mac_len = (uint16_t)digest_end(digest, mac);
        remember_mac(tsig, mac, record->mac_len);
    }
    struct writer w = writer_over(message, room);
    write_span(&w, len);
    write_record(&w, record);
    invariant(!w.bad);
    record->mac = record->other = NULL;
    put_u16(message + ARCOUNT_AT, (uint16_t)(get_u16(message + ARCOUNT_AT) + 1));
    return writer_len(&w);
}

static const char *error_text(uint16_t error)
{
    switch (error) {
    case TSIG_BADSIG: return "BADSIG: it has another secret for this key";
    case TSIG_BADKEY: return "BADKEY: it does not know this key with this algorithm";
    case TSIG_BADTIME: return "BADTIME: its clock and ours are more than the fudge apart";
    case TSIG_BADTRUNC: return "BADTRUNC";
    default: return "an unknown TSIG error";
    }
}

static bool check_answer(struct tsig *tsig, const struct tsig_record *record, const uint8_t *message, uint64_t now_s, struct error *err)
{
    if (!name_is(record->name, tsig->key->name) || !algorithm_is(record, tsig->key->algorithm))
        return error_set(err, "the answer is signed with another key than %s", tsig->key->name);
    if (record->error && record->mac_len == 0)
        return error_set(err, "the answer says %s", error_text(record->error));
    if (record->mac_len != digest_len(tsig->key->algorithm))
        return error_set(err, "the answer's signature has %u octets, %zu were expected", record->mac_len, digest_len(tsig->key->algorithm));
    struct digest *digest = tsig->running ? tsig->running : begin_digest(tsig);
    tsig->running = NULL;
    if (!mac_fits(digest, tsig->stage, record, message))
        return error_set(err, "the answer's signature is wrong (key %s)", tsig->key->name);
    if (record->error)
        return error_set(err, "the answer says %s", error_text(record->error));
    if (!in_time(record, now_s))
        return error_set(err, "the answer was signed at another time than now: clocks differ by more than %u s", record->fudge_s);
    return true;
}

static bool take_unsigned(struct tsig *tsig, const uint8_t *message, size_t len, struct error *err)
{
    if (tsig->stage != TSIG_LATER_ANSWER)
        return error_set(err, "the answer is not signed, as the key %s demands", tsig->key->name);
    if (++tsig->unsigned_count > TSIG_UNSIGNED_MAX)
        return error_set(err, "more than %d messages without a signature", TSIG_UNSIGNED_MAX);
    if (!tsig->running)
        tsig->running = begin_digest(tsig);
    digest_add(tsig->running, message, len);
    return true;
}

bool tsig_take_answer(struct tsig *tsig, uint8_t *message, size_t *len, uint64_t now_s, bool *ret_signed, struct error *err)
{
    struct tsig_record record = {0};
    const enum tsig_taken found = find(message, *len, &record);
    *ret_signed = found == TSIG_GOOD;
    if (found == TSIG_UNSOUND)
        return error_set(err, "the answer is malformed, or has a TSIG record where none may be");
    if (found == TSIG_NONE)
        return take_unsigned(tsig, message, *len, err);
    take_off(&record, message, len);
    if (!check_answer(tsig, &record, message, now_s, err))
        return false;
    remember_mac(tsig, record.mac, record.mac_len);
    tsig->unsigned_count = 0;
    return true;
}
