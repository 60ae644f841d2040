/* Whole zones, signed, in the eyes of ldns, BIND and Knot. */
#include "fixture.h"

#include <time.h>

/* 255 octets: 237 in front of sip.example.com. and its 17 - the octets of four labels, with their lengths 238. */
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L45 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LONGEST L63 "." L63 "." L63 "." L45

static const char full_zone[] =
    "$ORIGIN " APEX "\n$TTL 300\n"
    "@ 600 IN SOA NS1 hostMaster 2026010100 3600 900 604800 120\n"
    "@ IN NS NS1\n@ IN NS ns2.Other.example.\n@ IN MX 10 Mail\n@ IN TXT \"apex\"\n"
    "@ IN NAPTR 10 100 \"S\" \"SIP+D2U\" \"\" _sip._UDP\n@ IN NAPTR 20 100 \"U\" \"E2U+sip\" \"!^.*$!sip:Info@example.com!\" .\n"
    "ns1 IN A 192.0.2.53\nns1 IN AAAA 2001:db8::53\nmail IN A 192.0.2.25\n"
    "_sip._udp IN SRV 20 1 5060 LB2.lon\n_sip._udp IN SRV 10 1 5060 lb1.Lon\n_sip._udp IN SRV 10 1 5061 lb1.lon\n"
    "lb1.lon IN A 192.0.2.1\nlb2.lon IN A 192.0.2.2\n"
    "same IN NS Server.child\nsame IN NS server.Child\nserver.child IN A 192.0.2.77\n"
    "alias IN CNAME LB1.lon\n"
    "old IN DNAME New.example.\n"
    "* IN TXT wild\n*.deep.wild IN SRV 1 2 3 Lb1.lon\nunder.*.deep.wild IN A 192.0.2.9\n"
    "a.ent.of.many.labels IN A 192.0.2.3\n"
    "secure IN NS ns.secure\nns.secure IN A 192.0.2.60\nsecure IN DS 12345 13 2 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "insecure IN NS ns.insecure\nns.insecure IN A 192.0.2.61\nhidden.ns.insecure IN A 192.0.2.62\n"
    "only.child.ent IN NS ns.elsewhere.example.\n" LONGEST " IN A 192.0.2.4\n"
    "types IN PTR Host\ntypes IN HINFO \"PC\" \"Linux\"\ntypes IN RP mBox.example. Txt.example.\ntypes IN AFSDB 1 Afs\n"
    "types IN KX 10 Kx\ntypes IN CAA 0 issue \"CA.example\"\ntypes IN LOC 51 30 12.748 N 0 7 39.612 W 10m 20m 2000m 20m\n"
    "types IN TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "types IN SSHFP 4 2 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "types IN URI 10 1 \"ftp://FTP.example/public\"\ntypes IN EUI48 00-00-5e-00-53-2a\ntypes IN MINFO Re.example. Em.example.\n"
    "types IN RT 10 Relay\ntypes IN PX 10 Map822.example. MapX400.example.\ntypes IN MR Mr\ntypes IN MB Mb\ntypes IN MG Mg\n"
    "types IN TYPE65280 \\# 4 0a000001\ntypes IN TYPE65534 \\# 0\ntypes IN TYPE1000 \\# 3 414243\n"
    "odd\\.dot\\000\\255 IN TXT \"\" \"a\" \"\\255\"\n"
    "ttl0 0 IN A 192.0.2.5\n";

static void add_many(struct signing_fixture *f, char *text, size_t room)
{
    size_t len = (size_t)snprintf(text, room, "%s", full_zone);
    (void)f;
    for (unsigned i = 0; i < 200; i++)
        len += (size_t)snprintf(text + len, room - len, "h%u.many IN A 10.0.0.%u\nh%u.many IN A 10.0.1.%u\n", i, i, i, i);
}

/* What all three think of the zone, at the present time, for BIND's verifier knows no other. */
static void check_with_others(enum denial denial, const char *const algorithms[][2], size_t count)
{
    static char text[64 * 1024];
    struct signing_fixture f = signing_new();
    const int64_t now_s = time(NULL);
    for (size_t i = 0; i < count; i++)
        free(signing_key_at(&f, algorithms[i][0], *algorithms[i][1] == 'k' ? 257 : 256, now_s - 60));
    add_many(&f, text, sizeof text);
    signing_load(&f, text);
    f.config.dnssec.denial = denial;
    signing_signer(&f, NULL, now_s);
    signing_sign(&f, 2026010101, now_s);
    assert_int_equal(f.report.errors, 0);
    signing_print(&f, "signed", false);
    signing_print(&f, "generic", true);
    assert_content(&f, "ldns-verify-zone", "-V3", "signed");
    if (count == 2)
        assert_content(&f, "dnssec-verify", "-o", APEX, "signed");
    else
        assert_content(&f, "dnssec-verify", "-z", "-o", APEX, "signed");
    assert_content(&f, "named-checkzone", "-i", "none", "-q", APEX, "signed");
    assert_content(&f, "kzonecheck", "-v", "-d", "on", "-o", APEX, "generic");
    signing_remove(&f);
}

static void one_key_of_each_algorithm_signs_with_nsec(void **state)
{
    (void)state;
    static const char *const names[] = {"ECDSAP256SHA256", "ED25519", "RSASHA256", "ECDSAP384SHA384"};
    for (size_t i = 0; i < 4; i++)
        check_with_others(DENIAL_NSEC, (const char *const[][2]){{names[i], "k"}}, 1);
}

static void one_key_signs_with_nsec3(void **state)
{
    (void)state;
    check_with_others(DENIAL_NSEC3, (const char *const[][2]){{"ECDSAP256SHA256", "k"}}, 1);
}

static void ksk_and_zsk_share_the_work(void **state)
{
    (void)state;
    check_with_others(DENIAL_NSEC, (const char *const[][2]){{"ECDSAP256SHA256", "k"}, {"ECDSAP256SHA256", "z"}}, 2);
    check_with_others(DENIAL_NSEC3, (const char *const[][2]){{"ED25519", "k"}, {"ED25519", "z"}}, 2);
}

static void two_algorithms_both_sign_all(void **state)
{
    (void)state;
    check_with_others(DENIAL_NSEC, (const char *const[][2]){{"ECDSAP256SHA256", "k"}, {"RSASHA256", "k"}, {"RSASHA256", "z"}}, 3);
}

static const struct rrset *set_of(const struct signing_fixture *f, const char *labels, size_t len, uint16_t type)
{
    uint8_t name[255];
    memcpy(name, labels, len);
    memcpy(name + len, WIRE_APEX, WIRE_APEX_LEN);
    const struct zone_node *node = zone_find(f->zone, name, len + WIRE_APEX_LEN);
    return node ? zone_rrset(node, type) : NULL;
}
#define set_at(f, labels, type) set_of(f, labels, sizeof(labels) - 1, type)

static struct signing_fixture sign_full(enum denial denial)
{
    struct signing_fixture f = signing_new();
    signing_key(&f, "ECDSAP256SHA256", 257);
    signing_load(&f, full_zone);
    f.config.dnssec.denial = denial;
    signing_signer(&f, NULL, NOW_S);
    signing_sign(&f, 42, NOW_S);
    return f;
}

static void what_is_not_authoritative_has_no_signature(void **state)
{
    (void)state;
    struct signing_fixture f = sign_full(DENIAL_NSEC);
    assert_int_equal(set_at(&f, "\6secure", 2)->rrsig_count, 0);
    assert_int_equal(set_at(&f, "\6secure", 43)->rrsig_count, 1);
    assert_int_equal(set_at(&f, "\6secure", 47)->rrsig_count, 1);
    assert_int_equal(set_at(&f, "\2ns\6secure", 1)->rrsig_count, 0);
    assert_null(set_at(&f, "\2ns\6secure", 47));
    assert_null(set_at(&f, "\6hidden\2ns\10insecure", 47));
    assert_null(set_at(&f, "\2of\4many\6labels", 47)); /* an empty non-terminal */
    assert_int_equal(set_at(&f, "", 2)->rrsig_count, 1);
    assert_int_equal(set_at(&f, "\3old", 39)->rrsig_count, 1);
    signing_remove(&f);
}

static void a_bitmap_at_a_cut_tells_ns_and_ds_only(void **state)
{
    (void)state;
    struct signing_fixture f = sign_full(DENIAL_NSEC);
    const struct rrset *secure = set_at(&f, "\6secure", 47), *insecure = set_at(&f, "\10insecure", 47);
    static const uint8_t ns_ds_rrsig_nsec[] = {0, 6, 0x20, 0, 0, 0, 0, 0x13}, ns_rrsig_nsec[] = {0, 6, 0x20, 0, 0, 0, 0, 0x03};
    assert_memory_equal(secure->rdatas[0].octets + secure->rdatas[0].len - 8, ns_ds_rrsig_nsec, 8);
    assert_memory_equal(insecure->rdatas[0].octets + insecure->rdatas[0].len - 8, ns_rrsig_nsec, 8);
    assert_int_equal(secure->ttl_s, 120); /* the SOA's MINIMUM, below its TTL */
    signing_remove(&f);
}

static void the_soa_has_the_serial_and_the_plain_zone_its_own(void **state)
{
    (void)state;
    struct signing_fixture f = sign_full(DENIAL_NSEC3);
    const struct rrset *soa = set_at(&f, "", 6);
    const uint8_t *serial = soa->rdatas[0].octets + soa->rdatas[0].len - 20;
    assert_int_equal(serial[3], 42);
    assert_int_equal(f.zone->serial, 42);
    assert_int_equal(f.plain->serial, 2026010100);
    assert_int_equal(zone_rrset(&f.plain->nodes[0], 6)->rrsig_count, 0);
    assert_true(f.zone->plain == f.plain);
    signing_remove(&f);
}

static void every_name_has_its_nsec3_in_the_order_of_hashes(void **state)
{
    (void)state;
    struct signing_fixture f = sign_full(DENIAL_NSEC3);
    size_t names = 0;
    for (size_t i = 1; i < f.zone->nsec3_count; i++)
        assert_true(memcmp(f.zone->nsec3_nodes[i - 1].name, f.zone->nsec3_nodes[i].name, 33) < 0);
    for (size_t i = 0; i < f.zone->node_count; i++) {
        const struct zone_node *node = &f.zone->nodes[i];
        const bool hidden = zone_rrset(node, 1) && zone_rrset(node, 1)->rrsig_count == 0;
        names += !hidden;
    }
    assert_int_equal(f.zone->nsec3_count, names);
    assert_null(set_at(&f, "", 47));
    assert_int_equal(set_at(&f, "", 51)->rrsig_count, 1);
    signing_remove(&f);
}

/* By another SHA-1, and by another base32. */
static void hashes_are_those_of_sha1_without_salt(void **state)
{
    (void)state;
    uint8_t hash[20];
    static const uint8_t apex[] = {0x8c, 0xd3, 0x5f, 0x0c, 0xfb, 0x63, 0x94, 0xb1, 0xa7, 0xe0,
                                   0x68, 0xc4, 0x23, 0xfa, 0x04, 0xdb, 0x3e, 0xfe, 0xc7, 0xca};
    nsec3_hash(WIRE_APEX, WIRE_APEX_LEN, hash);
    assert_memory_equal(hash, apex, sizeof apex);
    uint8_t letters[BASE32_HASH];
    base32_hash(hash, letters);
    assert_memory_equal(letters, "hj9lu37rceab39v0d3227ug4rcvfthua", sizeof letters);
}

static void records_of_the_signer_in_the_file_are_refused(void **state)
{
    (void)state;
    static const char *const records[] = {
        "NSEC a A", "NSEC3PARAM 1 0 0 -", "CDS 0 0 0 00",
        "DNSKEY 257 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char text[1024];
        struct signing_fixture f = signing_new();
        signing_key(&f, "ECDSAP256SHA256", 257);
        snprintf(text, sizeof text, "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\n@ %s\n", records[i]);
        signing_load(&f, text);
        signing_signer(&f, NULL, NOW_S);
        assert_null(signer_sign_zone(f.signer, f.plain, 1, NOW_S, &f.renew_s, &f.report));
        assert_true(signing_told(&f, SEVERITY_ERROR, "sipsteer signs this zone; remove the record"));
        signing_remove(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_of_each_algorithm_signs_with_nsec),
        cmocka_unit_test(one_key_signs_with_nsec3),
        cmocka_unit_test(ksk_and_zsk_share_the_work),
        cmocka_unit_test(two_algorithms_both_sign_all),
        cmocka_unit_test(what_is_not_authoritative_has_no_signature),
        cmocka_unit_test(a_bitmap_at_a_cut_tells_ns_and_ds_only),
        cmocka_unit_test(the_soa_has_the_serial_and_the_plain_zone_its_own),
        cmocka_unit_test(every_name_has_its_nsec3_in_the_order_of_hashes),
        cmocka_unit_test(hashes_are_those_of_sha1_without_salt),
        cmocka_unit_test(records_of_the_signer_in_the_file_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
