#include "zone/fixture.h"

#define SHA256 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void the_apex_needs_one_soa_and_name_servers(void **state)
{
    (void)state;
    assert_file_refused("$TTL 1\n@ NS ns1.example.net.\n", "main.zone", "no SOA record of sip.example.com.");
    assert_file_refused("$TTL 1\n@ SOA a.example.net. b.example.net. 1 2 3 4 5\n", "main.zone", "no NS record of sip.example.com.");
    assert_refused("@ SOA ns1 hostmaster 2026010100 3600 900 604800 30\n", 7, "a second SOA; the first is in line 3");
    assert_refused("@ DS 1 8 2 " SHA256 "\n", 7, "belongs to the parent zone");
    assert_refused("a SOA ns1 hostmaster 1 3600 900 604800 30\n", 7, "at the top of the zone only");
}

static void every_owner_lies_inside_the_zone(void **state)
{
    (void)state;
    assert_refused("example.com. A 192.0.2.2\n", 7, "example.com. lies outside the zone");
    assert_refused("xsip.example.com. A 192.0.2.2\n", 7, "outside the zone");
    assert_refused(". A 192.0.2.2\n", 7, ". lies outside the zone");
    /* A label that only looks like the apex: one label with dots in it. */
    assert_refused("\\003sip.example.net. A 192.0.2.2\n", 7, "outside the zone");
}

static void only_class_in_is_served(void **state)
{
    (void)state;
    assert_refused("a CH A 192.0.2.2\n", 7, "only IN");
    assert_refused("a HS TXT x\n", 7, "only IN");
    assert_refused("a CLASS3 TXT x\n", 7, "only IN");
    assert_refused("a IN IN A 192.0.2.2\n", 7, "no record type");
}

static void a_cname_stands_alone(void **state)
{
    (void)state;
    struct fixture f;
    assert_refused("a CNAME ns1\na A 192.0.2.2\n", 8, "beside a CNAME");
    assert_refused("a TXT x\na CNAME ns1\n", 7, "a.sip.example.com. TXT: stands beside a CNAME");
    assert_refused("a CNAME ns1\na CNAME b\nb A 192.0.2.2\n", 8, "more than one CNAME");
    assert_refused("@ CNAME b.example.net.\n", 4, "beside a CNAME");
    assert_loads(f, "a CNAME ns1\na CNAME ns1\na NSEC b CNAME RRSIG NSEC\n"); /* a repetition and DNSSEC */
    fixture_remove(&f);
}

static void nothing_stands_below_a_dname(void **state)
{
    (void)state;
    struct fixture f;
    assert_refused("old DNAME new\na.b.old A 192.0.2.2\nolder A 192.0.2.2\n", 8,
                   "a.b.old.sip.example.com.: stands below the DNAME of old.sip");
    assert_refused("old DNAME new\nold DNAME newer\n", 8, "more than one DNAME");
    assert_loads(f, "old DNAME new\nold A 192.0.2.2\n");
    fixture_remove(&f);
}

static void wildcards_are_no_delegations_and_no_dnames(void **state)
{
    (void)state;
    struct fixture f;
    assert_refused("*.a NS ns1\n", 7, "not at a wildcard");
    assert_refused("* DNAME b.example.net.\n", 7, "not at a wildcard");
    assert_loads(f, "* A 192.0.2.2\n*.a CNAME ns1\na.* A 192.0.2.3\n");
    fixture_remove(&f);
}

static void data_that_a_delegation_hides_is_told_and_kept(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "sub NS ns.sub\nsub DS 1 8 2 " SHA256 "\nsub A 192.0.2.3\nns.sub A 192.0.2.2\nns.sub AAAA 2001:db8::2\n");
    fixture_remove(&f);
    assert_warned("sub NS ns1\nsub TXT x\n", 8, "sub.sip.example.com. TXT: is never answered, sub.sip.example.com. is delegated");
    assert_warned("sub NS ns1\na.sub MX 1 mx.example.net.\n", 8, "is never answered");
    assert_warned("sub NS ns1\na.sub NS ns1\n", 8, "is never answered");
    f = fixture_of(HEAD "sub NS ns1\na.sub TXT x\n", sizeof(HEAD "sub NS ns1\na.sub TXT x\n") - 1);
    assert_non_null(record_of(&f, "\1a\3sub", "TXT", 0));
    fixture_remove(&f);
}

static void name_servers_in_the_zone_have_addresses(void **state)
{
    (void)state;
    struct fixture f;
    assert_refused("@ NS ns2\n", 7, "ns2.sip.example.com. is in this zone and has no address");
    assert_refused("@ NS ns2\nns2 TXT x\n", 7, "has no address");
    assert_refused("sub NS ns.sub\n", 7, "its address (glue) is missing");
    assert_refused("sub NS a.sub\nsub NS ns1\na.sub TXT x\n", 7, "its address (glue) is missing");
    assert_refused("@ NS ns2\nns2 CNAME ns1\n", 7, "is an alias (RFC 2181 10.3)");
    assert_loads(f, "@ NS NS3\nns3 AAAA 2001:db8::1\n@ NS ns.example.net.\nsub NS ns.example.net.\n"
                    "b NS ns.c\nc NS ns1\n@ NS n.w\n*.w A 192.0.2.9\n");
    fixture_remove(&f);
}

static void targets_of_srv_and_mx_exist_and_are_no_aliases(void **state)
{
    (void)state;
    struct fixture f;
    assert_warned("_sip._udp SRV 1 2 5060 lb1\n", 7, "_sip._udp.sip.example.com. SRV: the target lb1.sip.example.com. does not exist");
    assert_warned("_sip._udp SRV 1 2 5060 ns1\n_sip._udp SRV 1 2 5060 www\nwww CNAME ns1\n", 8, "is an alias (RFC 2782)");
    assert_warned("_sip._udp SRV 1 2 5060 a\na TXT x\n", 7, "has no address");
    assert_warned("a MX 10 b\n", 7, "does not exist");
    assert_warned("a MX 10 www\nwww CNAME ns1\n", 7, "is an alias (RFC 2181 10.3)");
    assert_warned("old DNAME b.example.net.\na MX 10 x.old\n", 8, "is an alias");
    assert_loads(f, "_sip._udp SRV 0 0 0 .\na MX 0 .\nb MX 1 mx.example.net.\nc SRV 1 2 3 x.w\n"
                    "*.w A 192.0.2.2\nd SRV 1 2 3 a.sub\nsub NS ns1\n");
    fixture_remove(&f);
}

static void what_is_missing_is_not_told_while_lines_cannot_be_read(void **state)
{
    (void)state;
    assert_file_refused("$TTL 1\n@ SOA a b 1 2 3 4 x\n@ NS ns1\nns1 A 192.0.2.1\n", "main.zone:2", "where a time was expected");
    assert_refused("@ NS ns2\nns2 A 192.0.2\n", 8, "no IPv4 address");
}

static void equal_records_of_a_set_are_one(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a A 192.0.2.3\na A 192.0.2.2\na A 192.0.2.3\na TYPE1 \\# 4 c0000202\na A 192.0.2.1\nb TXT x\nb TXT X\n");
    const struct rrset *set = zone_rrset(node_of(&f, "\1a"), 1);
    assert_int_equal(set->count, 3);
    assert_string_equal(record_of(&f, "\1a", "A", 0), "a.sip.example.com. 30 IN A 192.0.2.3"); /* in the order of the file */
    assert_string_equal(record_of(&f, "\1a", "A", 1), "a.sip.example.com. 30 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1a", "A", 2), "a.sip.example.com. 30 IN A 192.0.2.1");
    assert_int_equal(zone_rrset(node_of(&f, "\1b"), 16)->count, 2);
    fixture_remove(&f);
}

static void the_smallest_ttl_of_a_set_counts(void **state)
{
    (void)state;
    static const char text[] = HEAD "a 60 A 192.0.2.2\na 50 A 192.0.2.3\na 40 A 192.0.2.4\na 99 AAAA 2001:db8::1\n";
    struct fixture f = fixture_of(text, sizeof text - 1);
    assert_int_equal(f.report.count, 1);
    assert_true(fixture_told(&f, SEVERITY_WARNING, "main.zone:8", "a.sip.example.com. A: differing TTLs"));
    assert_int_equal(zone_rrset(node_of(&f, "\1a"), 1)->ttl_s, 40);
    assert_int_equal(zone_rrset(node_of(&f, "\1a"), 28)->ttl_s, 99);
    fixture_remove(&f);
}

static void a_set_must_fit_in_a_message(void **state)
{
    (void)state;
    enum { LINE = 28 };
    /* 12 + 19 + 4 octets, and 16 for each A: 4093 of them are 65523, one more is too many. */
    for (unsigned count = 4093; count <= 4094; count++) {
        char *text = malloc(sizeof HEAD + (size_t)count * LINE), *at = stpcpy(text, HEAD);
        for (unsigned i = 0; i < count; i++)
            at += sprintf(at, "a A 10.0.%u.%u\n", i / 256, i % 256);
        struct fixture f = fixture_of(text, (size_t)(at - text));
        if (count == 4093)
            assert_int_equal(zone_rrset(node_of(&f, "\1a"), 1)->count, 4093);
        else
            assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:7", "does not fit in a message"));
        assert_int_equal(f.report.count, count - 4093);
        fixture_remove(&f);
        free(text);
    }
}

static void nodes_stand_in_canonical_order(void **state)
{
    (void)state;
    /* The example of RFC 4034 6.1, below our apex. */
    static const char *const order[] = {"\1a", "\10yljkjljk\1a", "\1z\1a", "\4zabc\1a", "\1z", "\1\1\1z", "\1*\1z", "\1\310\1z"};
    struct fixture f;
    assert_loads(f, "\\200.z A 192.0.2.2\n*.z A 192.0.2.2\n\\001.z A 192.0.2.2\nz A 192.0.2.2\nzABC.a A 192.0.2.2\nZ.a A 192.0.2.2\n"
                    "yljkjljk.a A 192.0.2.2\na A 192.0.2.2\n");
    assert_int_equal(f.zone->node_count, 10);
    const struct zone_node *node = f.zone->nodes + 1;
    for (size_t i = 0; i < 8; i++) {
        node += node->name_len == sizeof("\3ns1" WIRE_APEX) && memcmp(node->name, "\3ns1", 4) == 0;
        assert_memory_equal(node->name, order[i], strlen(order[i]));
        assert_int_equal(node->name_len, strlen(order[i]) + sizeof WIRE_APEX);
        node++;
    }
    fixture_remove(&f);
}

static void empty_non_terminals_are_nodes(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "_sip._udp.a.b TXT x\n_sips._tcp.a.b TXT x\n");
    assert_int_equal(f.zone->node_count, 2 + 2 + 4);
    assert_int_equal(node_of(&f, "\4_udp\1a\1b")->rrset_count, 0);
    assert_int_equal(node_of(&f, "\4_tcp\1a\1b")->rrset_count, 0);
    assert_int_equal(node_of(&f, "\1a\1b")->rrset_count, 0);
    assert_int_equal(node_of(&f, "\1b")->rrset_count, 0);
    assert_null(zone_rrset(node_of(&f, "\1b"), 16));
    assert_null(node_of(&f, "\1a"));
    assert_null(node_of(&f, "\1x\1b"));
    fixture_remove(&f);
}

static void sets_of_a_node_stand_by_type(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a TYPE65280 \\# 0\na AAAA 2001:db8::1\na TXT x\na A 192.0.2.2\n");
    const struct zone_node *node = node_of(&f, "\1a");
    assert_int_equal(node->rrset_count, 4);
    assert_int_equal(node->rrsets[0].type, 1);
    assert_int_equal(node->rrsets[1].type, 16);
    assert_int_equal(node->rrsets[2].type, 28);
    assert_int_equal(node->rrsets[3].type, 65280);
    assert_null(zone_rrset(node, 2));
    assert_null(zone_rrset(node, 65535));
    fixture_remove(&f);
}

static void warnings_end_after_a_hundred(void **state)
{
    (void)state;
    char *text = malloc(20000), *at = stpcpy(text, HEAD);
    for (unsigned i = 0; i < 300; i++)
        at += sprintf(at, "a%u SRV 1 2 3 nowhere\n", i);
    struct fixture f = fixture_of(text, (size_t)(at - text));
    assert_non_null(f.zone);
    assert_int_equal(f.report.count, 101);
    fixture_remove(&f);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_apex_needs_one_soa_and_name_servers),
        cmocka_unit_test(every_owner_lies_inside_the_zone),
        cmocka_unit_test(only_class_in_is_served),
        cmocka_unit_test(a_cname_stands_alone),
        cmocka_unit_test(nothing_stands_below_a_dname),
        cmocka_unit_test(wildcards_are_no_delegations_and_no_dnames),
        cmocka_unit_test(data_that_a_delegation_hides_is_told_and_kept),
        cmocka_unit_test(name_servers_in_the_zone_have_addresses),
        cmocka_unit_test(targets_of_srv_and_mx_exist_and_are_no_aliases),
        cmocka_unit_test(what_is_missing_is_not_told_while_lines_cannot_be_read),
        cmocka_unit_test(equal_records_of_a_set_are_one),
        cmocka_unit_test(the_smallest_ttl_of_a_set_counts),
        cmocka_unit_test(a_set_must_fit_in_a_message),
        cmocka_unit_test(nodes_stand_in_canonical_order),
        cmocka_unit_test(empty_non_terminals_are_nodes),
        cmocka_unit_test(sets_of_a_node_stand_by_type),
        cmocka_unit_test(warnings_end_after_a_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
