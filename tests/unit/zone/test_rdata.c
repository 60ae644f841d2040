#include "zone/fixture.h"

/* Owner a, this RDATA: what the zone gives back. */
#define assert_reads(type, rdata, expected)                                                                                                \
    do {                                                                                                                                   \
        struct fixture f_;                                                                                                                 \
        assert_loads(f_, "a " type " " rdata "\n");                                                                                        \
        assert_string_equal(record_of(&f_, "\1a", type, 0), "a.sip.example.com. 30 IN " expected);                                         \
        fixture_remove(&f_);                                                                                                               \
    } while (0)

#define assert_octets(type, rdata, expected)                                                                                               \
    do {                                                                                                                                   \
        struct fixture f_;                                                                                                                 \
        assert_loads(f_, "a " type " " rdata "\n");                                                                                        \
        const struct rrset *set_ = zone_rrset(node_of(&f_, "\1a"), zone_type_number(type));                                                \
        assert_non_null(set_);                                                                                                             \
        assert_int_equal(set_->rdatas[0].len, sizeof(expected) - 1);                                                                       \
        assert_memory_equal(set_->rdatas[0].octets, expected, sizeof(expected) - 1);                                                       \
        fixture_remove(&f_);                                                                                                               \
    } while (0)

static void sip_records_are_read(void **state)
{
    (void)state;
    assert_octets("SRV", "10 100 5060 ns1", "\0\n\0d\23\304\3ns1" WIRE_APEX "\0");
    assert_octets("NAPTR", "10 100 \"S\" \"SIP+D2U\" \"\" _sip._udp", "\0\n\0d\1S\7SIP+D2U\0\4_sip\4_udp" WIRE_APEX "\0");
    assert_reads("NAPTR", "20 100 u E2U+sip \"!^(.*)$!sip:\\\\1@example.com!i\" .",
                 "NAPTR 20 100 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@example.com!i\" .");
    assert_octets("A", "192.0.2.2", "\300\0\2\2");
    assert_reads("AAAA", "2001:DB8::1", "AAAA 2001:db8::1");
    assert_reads("MX", "10 mail.example.net.", "MX 10 mail.example.net.");
}

static void other_types_are_read(void **state)
{
    (void)state;
    assert_reads("TXT", "one \"two \\\"; three\" \"\"", "TXT \"one\" \"two \\\"; three\" \"\"");
    assert_octets("TXT", "\"\\065\\000\\255\\#\" \\#", "\4A\0\377#\1#");
    assert_reads("CAA", "0 issue \"ca.example\"", "CAA 0 issue \"ca.example\"");
    assert_reads("TLSA", "3 1 1 d2ab de24", "TLSA 3 1 1 d2abde24");
    assert_reads("DS", "60485 5 1 2BB183AF5F22588179A5 3B0A98631FAD1A292118", "DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118");
    assert_reads("DS", "60485 5 99 00", "DS 60485 5 99 00");
    assert_reads("NSEC", "b A RRSIG TYPE65280", "NSEC b.sip.example.com. A RRSIG TYPE65280 ");
    assert_reads("URI", "10 1 \"https://example.com/\"", "URI 10 1 \"https://example.com/\"");
    assert_reads("SSHFP", "4 2 00ff", "SSHFP 4 2 00ff");
    assert_reads("HINFO", "\"PC\" \"Linux\"", "HINFO \"PC\" \"Linux\"");
    assert_reads("RRSIG", "A 13 3 30 20300101000000 1577836800 1234 sip.example.com. AA AA",
                 "RRSIG A 13 3 30 20300101000000 20200101000000 1234 sip.example.com. AAAA");
    assert_octets("DNSKEY", "257 3 13 ( AA\n AA )", "\1\1\3\15\0\0\0");
    assert_octets("DNSKEY", "257 3 ECDSAP256SHA256 AAAA", "\1\1\3\15\0\0\0");
    assert_octets("EUI48", "00-00-5e-00-53-2a", "\0\0\136\0\123\052");
    assert_octets("RP", "hostmaster .", "\12hostmaster" WIRE_APEX "\0\0");
}

static void rfc_3597_writes_any_type(void **state)
{
    (void)state;
    struct fixture f;
    assert_octets("TYPE65280", "\\# 4 0102 03 04", "\1\2\3\4");
    assert_octets("TYPE65280", "( \\# 0 )", "");
    assert_octets("A", "\\# 4 c0000202", "\300\0\2\2");
    assert_octets("WKS", "\\# 5 c000020206", "\300\0\2\2\6");
    assert_loads(f, "a TYPE1 192.0.2.2\na TYPE33 \\# 7 00010002000300\n");
    assert_string_equal(record_of(&f, "\1a", "A", 0), "a.sip.example.com. 30 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1a", "SRV", 0), "a.sip.example.com. 30 IN SRV 1 2 3 .");
    fixture_remove(&f);
    assert_refused("a TYPE65280 \\#\n", 7, "\\# without a length");
    assert_refused("a TYPE65280 \\# 65536 00\n", 7, "\\# without a length");
    assert_refused("a TYPE65280 \\# x\n", 7, "\\# without a length");
    assert_refused("a TYPE65280 \\# 2 00\n", 7, "says 2 octets");
    assert_refused("a TYPE65280 \\# 2 000000\n", 7, "says 2 octets");
    assert_refused("a TYPE65280 \\# 2 000\n", 7, "odd number");
    assert_refused("a TYPE65280 \\# 2 00zz\n", 7, "hexadecimal");
    assert_refused("a TYPE65280 192.0.2.2\n", 7, "RFC 3597");
    assert_refused("a A \\# 3 000000\n", 7, "no sound RDATA");
    assert_refused("a A \\# 5 0000000000\n", 7, "no sound RDATA");
    assert_refused("a SRV \\# 6 000100020003\n", 7, "no sound RDATA");
    assert_refused("a NS \\# 2 c000\n", 7, "no sound RDATA");       /* a compression pointer to nowhere */
    assert_refused("a RP \\# 5 016100c00b\n", 7, "no sound RDATA"); /* one to the name before it */
    assert_refused("a NS \\# 3 026100\n", 7, "no sound RDATA");
    assert_refused("a SOA \\# 0\n", 7, "at the top of the zone only");
}

static void a_txt_record_holds_65535_octets_and_no_more(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        char *text = malloc(400000), *at = stpcpy(text, HEAD "a TXT");
        for (unsigned i = 0; i < 255; i++) {
            at = stpcpy(at, " \"");
            for (unsigned k = 0; k < 255; k++)
                at = stpcpy(at, i % 2 ? "\\200" : "x");
            at = stpcpy(at, "\"");
        }
        at = stpcpy(at, more ? " \"\"" : "");
        struct fixture f = fixture_of(text, (size_t)(at - text));
        /* 255 strings of 256 octets are 65280; with the message around them they fit, 65535 do not. */
        assert_int_equal(f.report.errors, 0);
        assert_int_equal(zone_rrset(node_of(&f, "\1a"), 16)->rdatas[0].len, 65280 + more);
        fixture_remove(&f);
        at = stpcpy(text, HEAD "a TXT");
        for (unsigned i = 0; i < 32768; i++)
            at = stpcpy(at, i < 32767 || more ? " x" : " \"\"");
        f = fixture_of(text, (size_t)(at - text));
        assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:7", more ? "RDATA longer than 65535" : "does not fit in a message"));
        fixture_remove(&f);
        free(text);
    }
}

static void numbers_are_not_cut_to_size(void **state)
{
    (void)state;
    assert_refused("a SRV 1 2 65536 ns1\n", 7, "a.sip.example.com. SRV: \"65536\" where a number from 0 to 65535 was expected");
    assert_refused("a SRV -1 2 5060 ns1\n", 7, "where a number");
    assert_refused("a SRV 1 2 0x10 ns1\n", 7, "where a number");
    assert_refused("a MX 99999999999 ns1\n", 7, "where a number");
    assert_refused("a CAA 256 issue \"x\"\n", 7, "0 to 255");
    assert_refused("a DS 1 256 1 00\n", 7, "0 to 255");
    assert_refused("a RRSIG A 13 3 30 4294967296 1577836800 1 a AAAA\n", 7, "where a number");
    assert_refused("@ NS ns1 ; \na TLSA 3 1 300 00\n", 8, "0 to 255");
}

static void fields_are_counted(void **state)
{
    (void)state;
    assert_refused("a A\n", 7, "a field is missing");
    assert_refused("a A 192.0.2.2 192.0.2.3\n", 7, "more than this type has fields");
    assert_refused("a SRV 1 2 3\n", 7, "a field is missing");
    assert_refused("a SRV 1 2 3 ns1 ns1\n", 7, "more than this type has fields");
    assert_refused("a NAPTR 1 2 \"S\" \"SIP+D2U\" _sip._udp\n", 7, "a field is missing");
    assert_refused("a NAPTR 1 2 S \"SIP+D2U\" \"\" . \"\"\n", 7, "more than this type has fields");
    assert_refused("a TXT\n", 7, "a field is missing");
    assert_refused("@ SOA\n", 7, "a second SOA");
}

static void values_are_checked(void **state)
{
    (void)state;
    assert_refused("a A 192.0.2.256\n", 7, "no IPv4 address");
    assert_refused("a A 2001:db8::1\n", 7, "no IPv4 address");
    assert_refused("a A 192.0.2\n", 7, "no IPv4 address");
    assert_refused("a AAAA 192.0.2.2\n", 7, "no IPv6 address");
    assert_refused("a A \"192.0.2.2\"\n", 7, "where no string was expected");
    assert_refused("a CNAME a..b\n", 7, "empty label");
    assert_refused("a DS 1 2 3 0g\n", 7, "hexadecimal");
    assert_refused("a DS 1 2 1 00\n", 7, "a digest of 1 octets; of kind 1 it has 20");
    assert_refused("a DS \\# 5 0001020200\n", 7, "of kind 2 it has 32");
    assert_refused("a DNSKEY 1 2 3 A*A\n", 7, "cannot be read");
    assert_refused("a NSEC b A NOTYPE\n", 7, "record type was expected");
    assert_refused("a RRSIG NOTYPE 13 3 30 1 1 1 a AAAA\n", 7, "record type was expected");
    assert_refused("a RRSIG A 13 3 30 20301301000000 1 1 a AAAA\n", 7, "cannot be read");
    assert_refused("a LOC here\n", 7, "cannot be read");
    assert_refused("a TXT 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                   "01234567890123456789012345678901234567890123456789012345\n",
                   7, "string longer than 255");
}

static void the_expression_of_a_naptr_is_checked(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a NAPTR 1 2 u E2U+sip \"!^.*$!sip:info@example.com!\" .\n"
                    "a NAPTR 1 2 u E2U+sip \"/^(a\\\\/b)/sip:\\\\1\\\\/x/i\" .\n"
                    "a NAPTR 1 2 u E2U+sip \"!a{2}!x!\" .\n");
    fixture_remove(&f);
    assert_refused("a NAPTR 1 2 u E2U+sip \"!^.*$!sip:info@example.com\" .\n", 7, "lacks one of its three delimiters");
    assert_refused("a NAPTR 1 2 u E2U+sip \"!^.*$\" .\n", 7, "lacks one of its three delimiters");
    assert_refused("a NAPTR 1 2 u E2U+sip \"!^.*$!x!g\" .\n", 7, "only the flag i");
    assert_refused("a NAPTR 1 2 u E2U+sip \"1^.*$1x1\" .\n", 7, "cannot be delimited");
    assert_refused("a NAPTR 1 2 u E2U+sip \"!^(.*$!x!\" .\n", 7, "no POSIX extended");
    assert_refused("a NAPTR 1 2 u E2U+sip \"!^.*$!sip:\\\\1!\" .\n", 7, "a group that is not there");
    assert_refused("a NAPTR 1 2 u E2U+sip \"!a\\000!x!\" .\n", 7, "octet 0");
}

static void types_that_are_no_data_are_refused(void **state)
{
    (void)state;
    assert_refused("a IN MAILB x\n", 7, "no type of records");
    assert_refused("a AXFR x\n", 7, "no type of records");
    assert_refused("a OPT x\n", 7, "no type of records");
    assert_refused("a TSIG x\n", 7, "no type of records");
    assert_refused("a TYPE255 \\# 0\n", 7, "no type of records");
    assert_refused("a TYPE0 \\# 0\n", 7, "no record type");
    assert_refused("a NOTYPE x\n", 7, "\"NOTYPE\" is no record type");
    assert_refused("a\n", 7, "the record type is missing");
    assert_refused("a NXT x A\n", 7, "RFC 3597 form only");
    assert_refused("a NULL x\n", 7, "RFC 3597 form only");
}

static void a_list_of_too_many_types_does_not_reach_ldns(void **state)
{
    (void)state;
    char *text = malloc(200000), *at = stpcpy(text, HEAD "a NSEC b");
    for (unsigned i = 0; i < 70000; i++)
        at = stpcpy(at, " A");
    struct fixture f = fixture_of(text, (size_t)(at - text));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:7", "more than 1024 record types"));
    fixture_remove(&f);
    free(text);
}

static void type_numbers_and_mnemonics_match(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(zone_type_number("SRV"), 33);
    assert_int_equal(zone_type_number("srv"), 33);
    assert_int_equal(zone_type_number("TYPE65280"), 65280);
    assert_int_equal(zone_type_number("type33"), 33);
    assert_int_equal(zone_type_number("TYPE65536"), 0);
    assert_int_equal(zone_type_number("TYPE"), 0);
    assert_int_equal(zone_type_number("TYPE1x"), 0);
    assert_int_equal(zone_type_number("TYPE99999999999999999999"), 0);
    assert_int_equal(zone_type_number(""), 0);
    assert_int_equal(zone_type_number("SRVX"), 0);
    assert_string_equal(zone_type_text(33, text), "SRV");
    assert_string_equal(zone_type_text(65280, text), "TYPE65280");
    for (unsigned type = 1; type <= UINT16_MAX; type++)
        assert_int_equal(zone_type_number(zone_type_text((uint16_t)type, text)), type);
}

static void unsound_octets_have_no_text(void **state)
{
    (void)state;
    static const uint8_t owner[] = "\1a", endless[300] = {[0] = 63, [64] = 63, [128] = 63, [192] = 63, [256] = 1};
    char *text = zone_record_text(owner, 1, 5, (const uint8_t *)"\300\0\2\1", 4);
    assert_string_equal(text, "a. 5 IN A 192.0.2.1");
    free(text);
    assert_null(zone_record_text(owner, 1, 5, (const uint8_t *)"\300\0\2\1", 3));
    assert_null(zone_record_text(owner, 1, 5, (const uint8_t *)"\300\0\2\1\1", 5));
    assert_null(zone_record_text(owner, 1, 5, NULL, 0));
    assert_null(zone_record_text(owner, 2, 5, (const uint8_t *)"\300\0", 2));
    assert_null(zone_record_text(owner, 33, 5, (const uint8_t *)"\0\0\0\0\0\0", 6));
    assert_null(zone_record_text((const uint8_t *)"\300\0", 1, 5, (const uint8_t *)"\300\0\2\1", 4));
    assert_null(zone_record_text(endless, 1, 5, (const uint8_t *)"\300\0\2\1", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sip_records_are_read),
        cmocka_unit_test(other_types_are_read),
        cmocka_unit_test(rfc_3597_writes_any_type),
        cmocka_unit_test(a_txt_record_holds_65535_octets_and_no_more),
        cmocka_unit_test(numbers_are_not_cut_to_size),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(the_expression_of_a_naptr_is_checked),
        cmocka_unit_test(types_that_are_no_data_are_refused),
        cmocka_unit_test(a_list_of_too_many_types_does_not_reach_ldns),
        cmocka_unit_test(type_numbers_and_mnemonics_match),
        cmocka_unit_test(unsound_octets_have_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
