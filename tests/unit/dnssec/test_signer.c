/* Signatures over single sets: what ldns thinks of them, when they end, when they are made anew; which keys sign. */
#include "fixture.h"

#include "base/cursor.h"

#include <ldns/ldns.h>
#include <pthread.h>

static ldns_rr *record_of(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len)
{
    char *text = zone_record_text(owner, type, ttl_s, rdata, len);
    assert_non_null(text);
    ldns_rr *record = NULL;
    assert_int_equal(ldns_rr_new_frm_str(&record, text, 0, NULL, NULL), LDNS_STATUS_OK);
    free(text);
    return record;
}

/* Whether ldns finds the signature good, with the key that signer_sign_zone() publishes. */
static bool ldns_verifies(const struct signing_fixture *f, const uint8_t *owner, const struct rrset *set, const struct rrsig *rrsig)
{
    const struct rrset *keys = zone_rrset(&f->zone->nodes[0], 48);
    ldns_rr_list *records = ldns_rr_list_new(), *signatures = ldns_rr_list_new(), *trusted = ldns_rr_list_new();
    for (unsigned i = 0; i < set->count; i++)
        ldns_rr_list_push_rr(records, record_of(owner, set->type, set->ttl_s, set->rdatas[i].octets, set->rdatas[i].len));
    ldns_rr_list_push_rr(signatures, record_of(owner, 46, set->ttl_s, rrsig->octets, rrsig->len));
    for (unsigned i = 0; i < keys->count; i++)
        ldns_rr_list_push_rr(trusted, record_of(WIRE_APEX, 48, keys->ttl_s, keys->rdatas[i].octets, keys->rdatas[i].len));
    const ldns_status status = ldns_verify_time(records, signatures, trusted, NOW_S, NULL);
    ldns_rr_list_deep_free(records);
    ldns_rr_list_deep_free(signatures);
    ldns_rr_list_deep_free(trusted);
    return status == LDNS_STATUS_OK;
}

static struct signing_fixture signed_by(const char *algorithm)
{
    struct signing_fixture f = signing_new();
    signing_key(&f, algorithm, 257);
    signing_load(&f, "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\nns1 A 192.0.2.54\n*.wild TXT \"wild\"\n");
    signing_signer(&f, NULL, NOW_S);
    signing_sign(&f, 1, NOW_S);
    return f;
}

static const struct rrset *set_named(const struct signing_fixture *f, const char *name, size_t len, uint16_t type)
{
    return zone_rrset(zone_find(f->zone, (const uint8_t *)name, len), type);
}
#define NS1 "\3ns1\3sip\7example\3com"
#define WILD "\1*\4wild\3sip\7example\3com"

static void ldns_verifies_each_algorithm(void **state)
{
    (void)state;
    static const char *const names[] = {"ECDSAP256SHA256", "ED25519", "RSASHA256", "ECDSAP384SHA384"};
    for (size_t i = 0; i < 4; i++) {
        struct signing_fixture f = signed_by(names[i]);
        struct rrsig made[SIGNING_KEYS_MAX];
        const struct rrset *set = set_named(&f, NS1, sizeof NS1, 1);
        assert_int_equal(signer_sign(f.signer, (const uint8_t *)NS1, set, NOW_S, made, &f.renew_s), 1);
        assert_true(ldns_verifies(&f, (const uint8_t *)NS1, set, &made[0]));
        made[0].octets[made[0].len - 1] ^= 1;
        assert_false(ldns_verifies(&f, (const uint8_t *)NS1, set, &made[0]));
        signing_remove(&f);
    }
}

/* A resolver puts the asked name in the place of the star; the Labels field tells it so. */
static void the_signature_of_a_wildcard_holds_for_the_names_it_stands_for(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ECDSAP256SHA256");
    struct rrsig made[SIGNING_KEYS_MAX];
    const struct rrset *set = set_named(&f, WILD, sizeof WILD, 16);
    signer_sign(f.signer, (const uint8_t *)WILD, set, NOW_S, made, &f.renew_s);
    assert_int_equal(made[0].octets[3], 4);
    assert_true(ldns_verifies(&f, (const uint8_t *)"\1a\1b\4wild\3sip\7example\3com", set, &made[0]));
    signing_remove(&f);
}

static void order_and_case_of_records_do_not_matter(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ED25519"); /* whose signatures are a function of what is signed */
    struct rrsig one[SIGNING_KEYS_MAX], other[SIGNING_KEYS_MAX];
    static const struct rdata here[] = {{(const uint8_t *)"\1a\1x", 5}, {(const uint8_t *)"\1B\1x", 5}};
    static const struct rdata there[] = {{(const uint8_t *)"\1b\1X", 5}, {(const uint8_t *)"\1A\1x", 5}, {(const uint8_t *)"\1a\1x", 5}};
    const struct rrset a = {.type = 2, .count = 2, .ttl_s = 5, .rdatas = here}, b = {.type = 2, .count = 3, .ttl_s = 5, .rdatas = there};
    signer_sign(f.signer, (const uint8_t *)NS1, &a, NOW_S, one, &f.renew_s);
    signer_sign(f.signer, (const uint8_t *)NS1, &b, NOW_S, other, &f.renew_s);
    assert_int_equal(one[0].len, other[0].len);
    assert_memory_equal(one[0].octets, other[0].octets, one[0].len);
    signing_remove(&f);
}

/* RFC 3597 7, RFC 6840 5.1: names stay as they are in the types that RFC 4034 does not list, NSEC among them. */
static void names_in_other_types_keep_their_case(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ED25519");
    struct rrsig one[SIGNING_KEYS_MAX], other[SIGNING_KEYS_MAX];
    static const uint16_t types[] = {47, 64, 65280};
    for (size_t i = 0; i < 3; i++) {
        static const struct rdata small = {(const uint8_t *)"\1a\0", 3}, large = {(const uint8_t *)"\1A\0", 3};
        const struct rrset a = {.type = types[i], .count = 1, .rdatas = &small}, b = {.type = types[i], .count = 1, .rdatas = &large};
        signer_sign(f.signer, (const uint8_t *)NS1, &a, NOW_S, one, &f.renew_s);
        signer_sign(f.signer, (const uint8_t *)NS1, &b, NOW_S, other, &f.renew_s);
        assert_memory_not_equal(one[0].octets, other[0].octets, one[0].len);
    }
    signing_remove(&f);
}

/* Any octets as any type: signed as they are, never read past their end. */
static void unsound_records_are_signed_as_they_are(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ED25519");
    struct rrsig made[SIGNING_KEYS_MAX];
    for (unsigned type = 1; type < 45; type++)
        for (uint16_t len = 0; len < 24; len++) {
            uint8_t *octets = malloc(len + 1u);
            memset(octets, len * 11, len + 1u);
            const struct rdata rdata = {octets, len};
            const struct rrset set = {.type = (uint16_t)type, .count = 1, .rdatas = &rdata};
            assert_int_equal(signer_sign(f.signer, (const uint8_t *)NS1, &set, NOW_S, made, &f.renew_s), 1);
            free(octets);
        }
    signing_remove(&f);
}

static void renewals_are_spread_and_leave_what_refresh_says(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ECDSAP256SHA256");
    int64_t first = INT64_MAX, last = 0;
    const int64_t cycle = 9 * DAY_S; /* validity less refresh */
    for (uint8_t i = 0; i < 100; i++) {
        struct rrsig made[SIGNING_KEYS_MAX];
        int64_t renew_s;
        const struct rdata rdata = {(const uint8_t[]){10, 0, 0, i}, 4};
        const struct rrset set = {.type = 1, .count = 1, .ttl_s = 60, .rdatas = &rdata};
        signer_sign(f.signer, (const uint8_t *)NS1, &set, NOW_S, made, &renew_s);
        assert_int_equal(renew_s, rrsig_expiration_s(made[0].octets, NOW_S) - 5 * DAY_S);
        assert_int_equal(rrsig_inception_s(made[0].octets, NOW_S), NOW_S - 3600);
        first = renew_s < first ? renew_s : first;
        last = renew_s > last ? renew_s : last;
    }
    assert_true(first >= NOW_S + cycle / 2 && last <= NOW_S + cycle);
    assert_true(last - first > cycle / 3);
    signing_remove(&f);
}

static void the_cache_gives_until_renewal_is_due(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ECDSAP256SHA256"); /* whose signatures differ each time */
    struct signatures *cache = signatures_new(10);
    struct rrsig one[SIGNING_KEYS_MAX], other[SIGNING_KEYS_MAX];
    int64_t renew_s, again_s;
    const struct rrset *set = set_named(&f, NS1, sizeof NS1, 1);
    signing_signer(&f, cache, NOW_S);
    signer_sign(f.signer, (const uint8_t *)NS1, set, NOW_S, one, &renew_s);
    signing_signer(&f, cache, NOW_S); /* a reload */
    signer_sign(f.signer, (const uint8_t *)NS1, set, renew_s - 1, other, &again_s);
    assert_memory_equal(one[0].octets, other[0].octets, one[0].len);
    assert_int_equal(again_s, renew_s);
    signer_sign(f.signer, (const uint8_t *)NS1, set, renew_s, other, &again_s);
    assert_memory_not_equal(one[0].octets, other[0].octets, one[0].len);
    assert_true(again_s > renew_s);
    signer_sign(f.signer, (const uint8_t *)NS1, set, NOW_S - 2 * DAY_S, one, &again_s); /* a clock set back */
    assert_true(rrsig_inception_s(one[0].octets, NOW_S) < NOW_S - 2 * DAY_S);
    struct rrset longer = *set;
    longer.ttl_s++;
    signer_sign(f.signer, (const uint8_t *)NS1, &longer, NOW_S - 2 * DAY_S, other, &again_s);
    assert_memory_not_equal(one[0].octets, other[0].octets, one[0].len);
    signing_remove(&f);
    signatures_free(cache);
}

static void a_full_cache_forgets_what_was_not_asked_for_the_longest(void **state)
{
    (void)state;
    struct signatures *cache = signatures_new(3);
    const struct rrsig_times times = {NOW_S, 1000, 10};
    struct rrsig rrsig = {.len = 40}, found;
    uint8_t content[CONTENT_OCTETS] = {0};
    put_u32(rrsig.octets + 8, NOW_S + 500);
    put_u32(rrsig.octets + 12, NOW_S - 500);
    for (uint8_t i = 0; i < 4; i++) {
        content[20] = i; /* all in one bucket */
        signatures_keep(cache, content, &rrsig);
        content[20] = 0;
        assert_true(signatures_find(cache, content, &times, &found));
    }
    content[20] = 1;
    assert_false(signatures_find(cache, content, &times, &found));
    content[20] = 3;
    assert_true(signatures_find(cache, content, &times, &found));
    signatures_keep(cache, content, &rrsig); /* in its own place */
    content[20] = 2;
    assert_true(signatures_find(cache, content, &times, &found));
    signatures_free(cache);
}

struct work {
    struct signing_fixture *f;
    unsigned first;
};

static void *sign_some(void *arg)
{
    const struct work *work = arg;
    for (unsigned i = 0; i < 300; i++) {
        struct rrsig made[SIGNING_KEYS_MAX];
        int64_t renew_s;
        const uint8_t octets[] = {10, 0, (uint8_t)work->first, (uint8_t)i};
        const struct rdata rdata = {octets, 4};
        const struct rrset set = {.type = 1, .count = 1, .ttl_s = 60, .rdatas = &rdata};
        struct signer *signer = signer_ref(work->f->signer);
        signer_sign(signer, (const uint8_t *)NS1, &set, NOW_S, made, &renew_s);
        if (i % 50 == 0 && !ldns_verifies(work->f, (const uint8_t *)NS1, &set, &made[0]))
            return NULL;
        signer_unref(signer);
    }
    return arg;
}

static void threads_sign_with_one_signer(void **state)
{
    (void)state;
    struct signing_fixture f = signed_by("ECDSAP256SHA256");
    struct signatures *cache = signatures_new(50);
    signing_signer(&f, cache, NOW_S);
    pthread_t threads[4];
    struct work work[4];
    void *done;
    for (unsigned i = 0; i < 4; i++) {
        work[i] = (struct work){&f, i / 2};
        assert_int_equal(pthread_create(&threads[i], NULL, sign_some, &work[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_ptr_equal(done, &work[i]);
    }
    signing_remove(&f);
    signatures_free(cache);
}

/* --- which keys sign */

static unsigned signers_of(struct signing_fixture *f, uint16_t type)
{
    struct rrsig made[SIGNING_KEYS_MAX];
    static const struct rdata rdata = {(const uint8_t *)"\0\0\0\0", 4};
    const struct rrset set = {.type = type, .count = 1, .rdatas = &rdata};
    return signer_sign(f->signer, WIRE_APEX, &set, NOW_S, made, &f->renew_s);
}

static void a_zone_without_a_key_is_told_how_to_make_one(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    assert_null(signer_new(&f.config, WIRE_APEX, WIRE_APEX_LEN, NULL, NOW_S, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "no key of sip.example.com. here: sipsteer keys sip.example.com. generate"));
    signing_remove(&f);
}

static void a_key_made_in_the_future_tells_of_a_wrong_clock(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    free(signing_key_at(&f, "ED25519", 257, NOW_S + 1));
    assert_null(signer_new(&f.config, WIRE_APEX, WIRE_APEX_LEN, NULL, NOW_S, &f.report));
    assert_true(
        signing_told(&f, SEVERITY_ERROR, "made at 20270115080001, but this machine's clock says 20270115080000 (UTC): the clock is wrong"));
    signing_remove(&f);
}

static void set_times(const char *path, int64_t publish, int64_t activate, int64_t inactive, int64_t delete)
{
    struct error err = {"?"};
    const int64_t times[KEY_TIMES] = {NOW_S - 9 * DAY_S, publish, activate, KEY_NEVER, inactive, delete, KEY_NEVER, KEY_NEVER};
    assert_true(keyfile_set_times(path, times, &err));
}

static void a_key_that_is_not_active_yet_does_not_make_a_signed_zone(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    char *path = signing_key_at(&f, "ED25519", 257, NOW_S - DAY_S);
    set_times(path, NOW_S - 5, NOW_S + 1, KEY_NEVER, KEY_NEVER);
    assert_null(signer_new(&f.config, WIRE_APEX, WIRE_APEX_LEN, NULL, NOW_S, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "no key of sip.example.com. is published and active now"));
    signing_signer(&f, NULL, NOW_S + 1);
    free(path);
    signing_remove(&f);
}

static void timings_decide_what_is_published_and_signs_and_when_that_changes(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    char *old = signing_key_at(&f, "ED25519", 257, NOW_S - DAY_S), *new = signing_key_at(&f, "ED25519", 257, NOW_S - DAY_S);
    set_times(old, NOW_S - 100, NOW_S - 100, NOW_S + 10, NOW_S + 20);
    set_times(new, NOW_S + 5, NOW_S + 10, KEY_NEVER, KEY_NEVER);
    signing_load(&f, "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\n");
    static const struct {
        int64_t at, next;
        unsigned published, signing;
    } moments[] = {{0, 5, 1, 1}, {5, 10, 2, 1}, {9, 10, 2, 1}, {10, 20, 2, 1}, {19, 20, 2, 1}, {20, INT64_MAX - NOW_S, 1, 1}};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        signing_signer(&f, NULL, NOW_S + moments[i].at);
        signing_sign(&f, 1, NOW_S + moments[i].at);
        assert_int_equal(signer_next_event(f.signer), NOW_S + moments[i].next);
        assert_int_equal(zone_rrset(&f.zone->nodes[0], 48)->count, moments[i].published);
        assert_int_equal(signers_of(&f, 1), moments[i].signing);
    }
    free(old);
    free(new);
    signing_remove(&f);
}

static void ksks_sign_keys_and_zsks_the_rest(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    signing_key(&f, "ED25519", 257);
    signing_key(&f, "ED25519", 257);
    signing_key(&f, "ED25519", 256);
    signing_key(&f, "RSASHA256", 257);
    signing_signer(&f, NULL, NOW_S);
    assert_int_equal(signers_of(&f, 48), 3);
    assert_int_equal(signers_of(&f, 59), 3);
    assert_int_equal(signers_of(&f, 60), 3);
    assert_int_equal(signers_of(&f, 6), 2); /* the ZSK, and the only key of RSASHA256 */
    signing_key(&f, "ED25519", 257);
    signing_key(&f, "ED25519", 257);
    assert_null(signer_new(&f.config, WIRE_APEX, WIRE_APEX_LEN, NULL, NOW_S, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "more than 4 keys of sip.example.com. sign at once"));
    signing_remove(&f);
}

static void cds_follows_the_timings_or_asks_to_remove_the_ds(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct error err;
    char *path = signing_key_at(&f, "ECDSAP256SHA256", 257, NOW_S - DAY_S);
    const int64_t times[KEY_TIMES] = {NOW_S - 9, NOW_S - 9, NOW_S - 9, KEY_NEVER, KEY_NEVER, KEY_NEVER, NOW_S, NOW_S + 5};
    assert_true(keyfile_set_times(path, times, &err));
    signing_load(&f, "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\n");
    signing_signer(&f, NULL, NOW_S);
    signing_sign(&f, 1, NOW_S);
    const struct rrset *cds = zone_rrset(&f.zone->nodes[0], 59), *cdnskey = zone_rrset(&f.zone->nodes[0], 60);
    const struct rrset *dnskey = zone_rrset(&f.zone->nodes[0], 48);
    assert_int_equal(cds->rdatas[0].len, 36);
    assert_memory_equal(cdnskey->rdatas[0].octets, dnskey->rdatas[0].octets, dnskey->rdatas[0].len);
    ldns_rr *key = record_of(WIRE_APEX, 48, 60, dnskey->rdatas[0].octets, dnskey->rdatas[0].len);
    ldns_rr *ds = ldns_key_rr2ds(key, LDNS_SHA256);
    assert_memory_equal(cds->rdatas[0].octets + 4, ldns_rdf_data(ldns_rr_rdf(ds, 3)), 32);
    assert_int_equal(get_u16(cds->rdatas[0].octets), ldns_calc_keytag(key));
    ldns_rr_free(ds);
    ldns_rr_free(key);
    signing_signer(&f, NULL, NOW_S + 5);
    signing_sign(&f, 1, NOW_S + 5);
    assert_null(zone_rrset(&f.zone->nodes[0], 59));
    f.config.dnssec.cds = SYNC_DELETE;
    signing_signer(&f, NULL, NOW_S + 5);
    signing_sign(&f, 1, NOW_S + 5);
    assert_memory_equal(zone_rrset(&f.zone->nodes[0], 59)->rdatas[0].octets, "\0\0\0\0\0", 5);
    assert_memory_equal(zone_rrset(&f.zone->nodes[0], 60)->rdatas[0].octets, "\0\0\3\0\0", 5);
    free(path);
    signing_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ldns_verifies_each_algorithm),
        cmocka_unit_test(the_signature_of_a_wildcard_holds_for_the_names_it_stands_for),
        cmocka_unit_test(order_and_case_of_records_do_not_matter),
        cmocka_unit_test(names_in_other_types_keep_their_case),
        cmocka_unit_test(unsound_records_are_signed_as_they_are),
        cmocka_unit_test(renewals_are_spread_and_leave_what_refresh_says),
        cmocka_unit_test(the_cache_gives_until_renewal_is_due),
        cmocka_unit_test(a_full_cache_forgets_what_was_not_asked_for_the_longest),
        cmocka_unit_test(threads_sign_with_one_signer),
        cmocka_unit_test(a_zone_without_a_key_is_told_how_to_make_one),
        cmocka_unit_test(a_key_made_in_the_future_tells_of_a_wrong_clock),
        cmocka_unit_test(a_key_that_is_not_active_yet_does_not_make_a_signed_zone),
        cmocka_unit_test(timings_decide_what_is_published_and_signs_and_when_that_changes),
        cmocka_unit_test(ksks_sign_keys_and_zsks_the_rest),
        cmocka_unit_test(cds_follows_the_timings_or_asks_to_remove_the_ds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
