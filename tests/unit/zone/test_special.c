/* Types with a grammar of their own: SVCB and HTTPS to the octets of RFC 9460, and what each prints is read as the same octets again. */
#include "zone/fixture.h"

#define assert_octets(text, expected)                                                                                                      \
    do {                                                                                                                                   \
        struct fixture f_;                                                                                                                 \
        assert_loads(f_, "a " text "\n");                                                                                                  \
        const struct rrset *set_ = node_of(&f_, "\1a")->rrsets;                                                                            \
        assert_int_equal(set_->rdatas[0].len, sizeof(expected) - 1);                                                                       \
        assert_memory_equal(set_->rdatas[0].octets, expected, sizeof(expected) - 1);                                                       \
        fixture_remove(&f_);                                                                                                               \
    } while (0)

#define FOO_COM "\3foo\7example\3com"
#define FOO_ORG "\3foo\7example\3org"

static void svcb_has_the_octets_of_its_rfc(void **state)
{
    (void)state;
    assert_octets("HTTPS 0 foo.example.com.", "\0\0" FOO_COM "\0");
    assert_octets("SVCB 1 .", "\0\1\0");
    assert_octets("SVCB 16 foo.example.com. port=53", "\0\20" FOO_COM "\0\0\3\0\2\0\65");
    assert_octets("SVCB 1 foo.example.com. key667=hello", "\0\1" FOO_COM "\0\2\233\0\5hello");
    assert_octets("SVCB 1 foo.example.com. key667=\"hello\\210qoo\"", "\0\1" FOO_COM "\0\2\233\0\11hello\322qoo");
    assert_octets("SVCB 1 foo.example.com. ( ipv6hint=\"2001:db8::1,2001:db8::53:1\" )",
                  "\0\1" FOO_COM "\0\0\6\0\40\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\40\1\15\270\0\0\0\0\0\0\0\0\0\123\0\1");
    assert_octets("SVCB 16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn\n ipv4hint=192.0.2.1 )",
                  "\0\20" FOO_ORG "\0\0\0\0\4\0\1\0\4\0\1\0\11\2h2\5h3-19\0\4\0\4\300\0\2\1");
    assert_octets("SVCB 16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"", "\0\20" FOO_ORG "\0\0\1\0\14\10f\\oo,bar\2h2");
    assert_octets("SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2", "\0\20" FOO_ORG "\0\0\1\0\14\10f\\oo,bar\2h2");
}

static void parameters_of_svcb_are_ordered_by_number(void **state)
{
    (void)state;
    assert_octets("SVCB 1 . key10=x ohttp port=1 no-default-alpn alpn=a", "\0\1\0\0\1\0\2\1a\0\2\0\0\0\3\0\2\0\1\0\10\0\0\0\12\0\1x");
}

static void parameters_that_end_too_early_are_refused(void **state)
{
    (void)state;
    assert_refused("a SVCB \\# 14 0100000000000261010000000000\n", 7, "a mandatory key that is not there");
    assert_refused("a SVCB \\# 9 000100000000020001\n", 7, "a mandatory key that is not there");
    assert_refused("a SVCB \\# 8 0001000001000000\n", 7, "alpn without a protocol");
    assert_refused("a SVCB \\# 8 0001000009000200\n", 7, "ends too early");
}

static void other_types_have_the_octets_that_others_make(void **state)
{
    (void)state;
    assert_octets("WKS 192.0.2.1 TCP 0 9", "\300\0\2\1\6\200\100");
    assert_octets("APL !1:192.0.2.64/28 2:ff00::/8 1:0.0.0.0/0", "\0\1\34\204\300\0\2\100\0\2\10\1\377\0\1\0\0");
    assert_octets("A6 63 ::1:2:3:4 p", "\77\0\0\1\0\2\0\3\0\4\1p" WIRE_APEX "\0");
    assert_octets("AMTRELAY 10 1 1 192.0.2.1", "\12\201\300\0\2\1");
    assert_octets("IPSECKEY 10 0 0 .", "\12\0\0");
    assert_octets("ATMA +61.2", "\001612");
    assert_octets("NID 10 14:4fff:ff20:ee64", "\0\12\0\24\117\377\377\40\356\144");
}

/* What ldns prints of these octets, and what we do not (\# LENGTH HEX), is read again. */
static void what_is_printed_is_read_again(void **state)
{
    static const char *const records[] = {
        "WKS 192.0.2.1 TCP 25 53",
        "WKS 192.0.2.1 UDP 9999",
        "NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
        "ATMA +61.2.0000.0000",
        "ATMA 39.246f.00",
        "A6 63 ::1:2:3:4 prefix",
        "SINK 1 2 3 aGVsbG8=",
        "APL 1:192.0.2.0/25 !1:192.0.2.64/28 2:ff00::/8",
        "APL",
        "IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG",
        "IPSECKEY 10 3 2 gw AQNRU3mG",
        "IPSECKEY 10 0 0 .",
        "IPSECKEY 10 2 2 2001:db8::1 AQNRU3mG",
        "HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1 rvs2.example.",
        "NINFO \"a b\" c",
        "RKEY 0 255 1 aGVsbG8=",
        "NID 10 0014:4fff:ff20:ee64",
        "L64 10 2001:0DB8:1140:1000",
        "AVC \"a|b\"",
        "DOA 0 1 2 \"\" aGVsbG8=",
        "AMTRELAY 10 0 3 relay",
        "TA 1 13 2 0123",
        "SVCB 0 foo.example.",
        "SVCB 1 . alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
        "SVCB 1 . mandatory=port,alpn alpn=h2,h3 no-default-alpn port=5061 ipv4hint=192.0.2.1,192.0.2.2 ech=aGVsbG8= ipv6hint=2001:db8::1",
        "SVCB 1 . dohpath=/dns-query{?dns} ohttp key667=\"a\\000\\034 b,\\\\\"",
        "HTTPS 1 svc alpn=h2",
    };
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char text[6000];
        int len = snprintf(text, sizeof text, HEAD "a %s\n", records[i]);
        struct fixture first = fixture_of(text, (size_t)len);
        for (size_t k = 0; k < first.report.count; k++)
            print_message("%s: %s\n", records[i], first.report.findings[k].text);
        assert_non_null(first.zone);
        const struct zone_node *node = node_of(&first, "\1a");
        const struct rdata *rdata = node->rrsets[0].rdatas;
        char *printed = zone_record_text(node->name, node->rrsets[0].type, 30, rdata->octets, rdata->len);
        if (printed == NULL)
            fail_msg("%s is not printed", records[i]);
        len = snprintf(text, sizeof text, HEAD "%s\n", printed);
        struct fixture second = fixture_of(text, (size_t)len);
        if (second.zone == NULL)
            fail_msg("%s is printed as %s", records[i], printed);
        const struct rdata *again = node_of(&second, "\1a")->rrsets[0].rdatas;
        if (again->len != rdata->len || memcmp(again->octets, rdata->octets, rdata->len) != 0)
            fail_msg("%s is printed as %s, which is something else", records[i], printed);
        free(printed);
        fixture_remove(&first);
        fixture_remove(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svcb_has_the_octets_of_its_rfc),
        cmocka_unit_test(parameters_of_svcb_are_ordered_by_number),
        cmocka_unit_test(parameters_that_end_too_early_are_refused),
        cmocka_unit_test(other_types_have_the_octets_that_others_make),
        cmocka_unit_test(what_is_printed_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
