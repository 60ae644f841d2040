#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/records.h"

#include <stdlib.h>

/* An answer for "Sip.test." MX: two MX records, whose names point at the question, the zone's SOA, and an OPT record. */
static const uint8_t answer[] = {
    0x12, 0x34, 0x84, 0x00, 0,    1, 0, 2,    0, 1, 0, 1,  3,    'S', 'i',  'p', 4,   't',  'e', 's', 't', 0, 0, 15, 0, 1, /* question */
    0xc0, 12,   0,    15,   0,    1, 0, 0,    1, 0, 0, 7,  0,    10,  2,    'M', 'a', 0xc0, 12, /* ma.sip.test. */
    0xc0, 12,   0,    15,   0,    1, 0, 0,    1, 0, 0, 4,  0,    20,  0xc0, 40,                 /* the same */
    0xc0, 16,   0,    6,    0,    1, 0, 0,    0, 5, 0, 25, 0xc0, 16,  1,    'x', 0,   0,    0,   0,   1,   0, 0, 0,  2, 0,
    0,    0,    3,    0,    0,    0, 4, 0,    0, 0, 5, /* SOA: test. x. 1 2 3 4 5 */
    0,    0,    41,   0x04, 0xd0, 1, 0, 0x80, 0, 0, 0};

enum { SECOND_MX_AT = 45, SECOND_MX_TARGET = SECOND_MX_AT + 15, TYPE_MINFO = 14, TYPE_PX = 26 };

static void a_message_is_read_record_by_record(void **state)
{
    struct records records;
    struct rr rr;
    (void)state;
    assert_true(records_begin(&records, answer, sizeof answer));
    assert_int_equal(records.id, 0x1234);
    assert_true(records.flags & FLAG_QR && records.flags & FLAG_AA && records.has_question);
    assert_int_equal(records.qtype, TYPE_MX);
    assert_int_equal(records.qclass, CLASS_IN);
    assert_int_equal(records.qname_len, 10);
    assert_memory_equal(records.qname, "\3sip\4test", 10);
    assert_memory_equal(records.qname_as_sent, "\3Sip\4test", 10);
    for (int i = 0; i < 2; i++) {
        assert_true(records_next(&records, &rr));
        assert_int_equal(rr.section, SECTION_ANSWER);
        assert_int_equal(rr.type, TYPE_MX);
        assert_int_equal(rr.ttl_s, 256);
        assert_memory_equal(rr.owner, "\3sip\4test", rr.owner_len);
    }
    assert_int_equal(rr.at, SECOND_MX_AT);
    assert_int_equal(rr.rdata_at, SECOND_MX_AT + 12);
    assert_int_equal(rr.rdata_len, 4);
    assert_true(records_next(&records, &rr));
    assert_int_equal(rr.section, SECTION_AUTHORITY);
    assert_memory_equal(rr.owner, "\4test", rr.owner_len);
    assert_true(records_next(&records, &rr));
    assert_int_equal(rr.section, SECTION_ADDITIONAL);
    assert_int_equal(rr.type, TYPE_OPT);
    assert_int_equal(rr.class, 1232);
    assert_int_equal(rr.ttl_s, 0x1000000 | EDNS_DO);
    assert_false(records_next(&records, &rr));
    assert_false(records.bad);
}

static void names_inside_rdata_are_written_in_full_and_in_their_letters(void **state)
{
    static const char *const expected[] = {"\0\12\2Ma\3Sip\4test", "\0\24\2Ma\3Sip\4test",
                                           "\4test\0\1x\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"};
    static const size_t lens[] = {15, 15, 29};
    struct records records;
    struct rr rr;
    (void)state;
    assert_true(records_begin(&records, answer, sizeof answer));
    for (size_t i = 0; i < 3; i++) {
        uint8_t out[64];
        struct writer w = writer_over(out, sizeof out);
        assert_true(records_next(&records, &rr));
        assert_true(rr_expand(&records, &rr, &w));
        assert_int_equal(writer_len(&w), lens[i]);
        assert_memory_equal(out, expected[i], lens[i]);
        w = writer_over(out, lens[i] - 1);
        assert_false(rr_expand(&records, &rr, &w));
    }
}

static void every_cut_is_malformed_and_read_no_further(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof answer; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that the sanitizer sees a read past the end */
        struct records records;
        struct rr rr;
        memcpy(exact, answer, cut);
        if (records_begin(&records, exact, cut))
            while (records_next(&records, &rr)) {
            }
        assert_true(records.bad);
        free(exact);
    }
}

static void octets_behind_the_last_record_and_a_second_question_are_malformed(void **state)
{
    uint8_t longer[sizeof answer + 1] = {0};
    struct records records;
    struct rr rr;
    (void)state;
    memcpy(longer, answer, sizeof answer);
    assert_true(records_begin(&records, longer, sizeof longer));
    for (int i = 0; i < 4; i++)
        assert_true(records_next(&records, &rr));
    assert_false(records_next(&records, &rr));
    assert_true(records.bad);
    longer[5] = 2;
    assert_false(records_begin(&records, longer, sizeof longer));
}

static void a_message_without_a_question_is_read(void **state)
{
    static const uint8_t plain[] = {0, 1, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0};
    struct records records;
    struct rr rr;
    (void)state;
    assert_true(records_begin(&records, plain, sizeof plain));
    assert_false(records.has_question);
    assert_int_equal(records_rcode(&records), RCODE_REFUSED);
    assert_false(records_next(&records, &rr));
    assert_false(records.bad);
}

/* Whether the second MX's target still reads when its pointer leads there. */
static bool leads(unsigned offset)
{
    uint8_t message[sizeof answer], name[NAME_OCTETS];
    struct records records;
    struct rr rr;
    memcpy(message, answer, sizeof answer);
    put_u16(message + SECOND_MX_TARGET - 1, (uint16_t)(POINTER | offset));
    assert_true(records_begin(&records, message, sizeof message));
    assert_true(records_next(&records, &rr) && records_next(&records, &rr));
    struct reader r = rr_rdata(&records, &rr);
    read_u16(&r);
    return name_expand(&r, name) > 0;
}

static void pointers_lead_backwards_and_behind_the_header(void **state)
{
    (void)state;
    assert_true(leads(12));
    assert_true(leads(16));
    assert_false(leads(SECOND_MX_TARGET - 1)); /* itself */
    assert_false(leads(SECOND_MX_TARGET + 1)); /* forward */
    assert_false(leads(sizeof answer + 5));
    assert_false(leads(0));
    assert_false(leads(11));
}

/* Labels that end in a pointer to their own beginning would never end. */
static void a_name_that_points_into_itself_is_malformed(void **state)
{
    static const uint8_t octets[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 1, 'b', 0xc0, 12, 1, 'c', 0xc0, 14};
    uint8_t name[NAME_OCTETS];
    (void)state;
    for (size_t from = 12; from < sizeof octets - 1; from += 2) {
        struct reader r = reader_over(octets, sizeof octets);
        r.at += from;
        assert_int_equal(name_expand(&r, name), 0);
        assert_true(r.bad);
    }
}

/* Whether a record's owner reads through so many pointers, each to the one before it, and whether it is skipped in any case. */
static bool chain_reads(unsigned jumps)
{
    uint8_t message[600] = {[7] = 1};
    size_t len = HEADER_LEN + 1 /* the root */;
    struct records records;
    struct rr rr;
    for (unsigned i = 1; i < jumps; i++, len += 2)
        put_u16(message + len, (uint16_t)(POINTER | (i == 1 ? HEADER_LEN : len - 2)));
    assert_true(records_begin(&records, message, len + 12));
    records.r.at = message + len;
    put_u16(message + len, (uint16_t)(POINTER | (jumps == 1 ? HEADER_LEN : len - 2)));
    struct records skimmed = records;
    const bool good = records_next(&records, &rr);
    assert_int_equal(records.bad, !good);
    assert_true(records_skim(&skimmed, &rr) && rr.owner_len == 0 && rr.at == len);
    rr_read_owner(&skimmed, &rr);
    assert_int_equal(rr.owner_len, good);
    return good;
}

static void a_name_has_at_most_127_pointers(void **state)
{
    (void)state;
    assert_true(chain_reads(1));
    assert_true(chain_reads(127));
    assert_false(chain_reads(128));
    assert_false(chain_reads(250));
}

/* labels of 63, then 62 or 63 in a last one, through a pointer in between. */
static size_t long_name(unsigned last, uint8_t name[NAME_OCTETS])
{
    uint8_t octets[400] = {0};
    size_t len = HEADER_LEN;
    for (int i = 0; i < 2; i++) {
        octets[len] = 63;
        len += 64;
    }
    octets[len] = (uint8_t)last;
    len += last + 2;
    const size_t from = len;
    octets[len] = 63;
    len += 64;
    put_u16(octets + len, POINTER | HEADER_LEN);
    struct reader r = reader_over(octets, len + 2);
    r.at += from;
    return name_expand(&r, name);
}

static void the_longest_name_works_through_a_pointer_and_one_octet_more_does_not(void **state)
{
    uint8_t name[NAME_OCTETS];
    (void)state;
    assert_int_equal(long_name(61, name), NAME_OCTETS);
    assert_int_equal(long_name(62, name), 0);
}

/* rr_expand() of these octets as RDATA of a record that stands behind the name "ab.". */
static bool expands(uint16_t type, const char *rdata, size_t len, const char *expected, size_t expected_len)
{
    uint8_t message[128] = {0}, out[128];
    memcpy(message + HEADER_LEN, "\2ab", 4);
    memcpy(message + HEADER_LEN + 4, rdata, len);
    const struct records records = {.r = reader_over(message, HEADER_LEN + 4 + len)};
    const struct rr rr = {.type = type, .rdata_at = HEADER_LEN + 4, .rdata_len = (uint16_t)len};
    struct writer w = writer_over(out, sizeof out);
    if (!rr_expand(&records, &rr, &w))
        return false;
    assert_int_equal(writer_len(&w), expected_len);
    assert_memory_equal(out, expected, expected_len);
    return true;
}

static void each_layout_of_rfc_3597_is_written_in_full(void **state)
{
    (void)state;
    assert_true(expands(TYPE_NS, "\300\14", 2, "\2ab", 4));
    assert_true(expands(TYPE_MINFO, "\300\14\1c\300\14", 6, "\2ab\0\1c\2ab", 10));
    assert_true(expands(TYPE_PX, "\0\1\300\14\0", 5, "\0\1\2ab\0", 7));
    assert_true(expands(TYPE_SRV, "\0\1\0\2\23\304\300\14", 8, "\0\1\0\2\23\304\2ab", 10));
    assert_true(expands(TYPE_NAPTR, "\0\1\0\2\1s\0\2xy\300\14", 12, "\0\1\0\2\1s\0\2xy\2ab", 14));
    assert_true(expands(24, "123456789012345678\300\14sig", 23, "123456789012345678\2ab\0sig", 25));
    assert_true(expands(TYPE_A, "\300\14\0\0", 4, "\300\14\0\0", 4));
    assert_true(expands(TYPE_DNAME, "\300\14", 2, "\300\14", 2)); /* never compressed (RFC 6672 2.5): octets as they are */
}

static void rdata_that_is_not_of_its_types_form_is_refused(void **state)
{
    (void)state;
    assert_false(expands(TYPE_NS, "", 0, "", 0));
    assert_false(expands(TYPE_NS, "\300\14x", 3, "", 0));
    assert_false(expands(TYPE_MX, "\0\1", 2, "", 0));
    assert_false(expands(TYPE_NAPTR, "\0\1\0\2\1s\0", 7, "", 0));
    assert_false(expands(TYPE_NAPTR, "\0\1\0\2\377s\0\0", 8, "", 0));
    assert_false(expands(TYPE_SOA, "\300\14\300\1412345678901234567890x", 25, "", 0));
    assert_false(expands(TYPE_SOA, "\300\14\300\14123", 7, "", 0));
}

static void a_query_that_was_written_is_read_by_the_server(void **state)
{
    uint8_t out[96];
    struct writer w = writer_over(out, sizeof out);
    struct query query;
    struct query_spec spec = {.id = 7, .flags = FLAG_RD, .name = (const uint8_t *)"\3sip\4test", .type = TYPE_NS, .class = CLASS_IN};
    (void)state;
    query_write(&w, &spec);
    assert_true(query_parse(out, writer_len(&w), &query));
    assert_int_equal(query.rcode, RCODE_NOERROR);
    assert_int_equal(query.id, 7);
    assert_int_equal(query.flags, FLAG_RD);
    assert_int_equal(query.qtype, TYPE_NS);
    assert_memory_equal(query.qname, "\3sip\4test", 10);
    assert_false(query.edns);
    spec.udp_size = 1400;
    spec.dnssec_ok = true;
    w = writer_over(out, sizeof out);
    query_write(&w, &spec);
    assert_true(query_parse(out, writer_len(&w), &query));
    assert_int_equal(query.rcode, RCODE_NOERROR);
    assert_true(query.edns && query.dnssec_ok);
    assert_int_equal(query.udp_size, 1400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_record_by_record),
        cmocka_unit_test(names_inside_rdata_are_written_in_full_and_in_their_letters),
        cmocka_unit_test(every_cut_is_malformed_and_read_no_further),
        cmocka_unit_test(octets_behind_the_last_record_and_a_second_question_are_malformed),
        cmocka_unit_test(a_message_without_a_question_is_read),
        cmocka_unit_test(pointers_lead_backwards_and_behind_the_header),
        cmocka_unit_test(a_name_that_points_into_itself_is_malformed),
        cmocka_unit_test(a_name_has_at_most_127_pointers),
        cmocka_unit_test(the_longest_name_works_through_a_pointer_and_one_octet_more_does_not),
        cmocka_unit_test(each_layout_of_rfc_3597_is_written_in_full),
        cmocka_unit_test(rdata_that_is_not_of_its_types_form_is_refused),
        cmocka_unit_test(a_query_that_was_written_is_read_by_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
