#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/message.h"

#include <stdlib.h>

/* A query for "a." A IN with an OPT record; the octets of the question, then of OPT, begin at these places. */
enum { QUESTION_AT = 12, OPT_AT = 19 };

static size_t with_opt(uint8_t *out, const void *options, size_t len)
{
    static const uint8_t head[] = {0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 'A', 0, 0, 1, 0, 1, 0, 0, 41, 0x10, 0, 0, 0, 0x80, 0};
    memcpy(out, head, sizeof head);
    put_u16(out + sizeof head, (uint16_t)len);
    memcpy(out + sizeof head + 2, options, len);
    return sizeof head + 2 + len;
}

static void a_query_is_read_whole(void **state)
{
    uint8_t q[64];
    struct query query;
    const size_t len = with_opt(q, "\0\10\0\7\0\1\30\0\300\0\2\0\3\0\0", 15);
    (void)state;
    assert_true(query_parse(q, len, &query));
    assert_int_equal(query.rcode, RCODE_NOERROR);
    assert_int_equal(query.id, 0xabcd);
    assert_int_equal(query.qtype, TYPE_A);
    assert_int_equal(query.qclass, CLASS_IN);
    assert_int_equal(query.qname_len, 3);
    assert_memory_equal(query.qname, "\1a", 3);
    assert_ptr_equal(query.question, q + QUESTION_AT);
    assert_int_equal(query.question_len, 7);
    assert_true(query.edns && query.dnssec_ok && query.nsid && query.ecs.present);
    assert_int_equal(query.udp_size, 4096);
    assert_int_equal(query.ecs.source, 24);
    assert_int_equal(query.ecs.addr.family, FAMILY_V4);
    assert_memory_equal(query.ecs.addr.bytes, "\300\0\2", 4);
}

static void a_size_below_512_counts_as_512(void **state)
{
    uint8_t q[64];
    struct query query;
    const size_t len = with_opt(q, "", 0);
    (void)state;
    for (unsigned size = 0; size < UDP_DEFAULT; size += 73) {
        put_u16(q + OPT_AT + 3, (uint16_t)size);
        assert_true(query_parse(q, len, &query));
        assert_int_equal(query.udp_size, UDP_DEFAULT);
    }
}

static void every_cut_of_a_query_is_formerr_or_nothing(void **state)
{
    uint8_t q[64];
    struct query query;
    const size_t len = with_opt(q, "\0\10\0\7\0\1\30\0\300\0\2\0\3\0\0", 15);
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that the sanitizer sees a read past the end */
        memcpy(exact, q, cut);
        const bool due = query_parse(exact, cut, &query);
        assert_int_equal(due, cut >= HEADER_LEN);
        if (due)
            assert_int_equal(query.rcode, RCODE_FORMERR);
        free(exact);
    }
}

static void an_opt_elsewhere_than_in_the_additional_section_is_formerr(void **state)
{
    uint8_t q[64];
    struct query query;
    const size_t len = with_opt(q, "", 0);
    (void)state;
    q[11] = 0;
    q[9] = 1;
    assert_true(query_parse(q, len, &query));
    assert_int_equal(query.rcode, RCODE_FORMERR);
}

static void records_besides_opt_are_passed_over(void **state)
{
    uint8_t q[96];
    struct query query;
    size_t len = with_opt(q, "", 0);
    (void)state;
    q[11] = 2;
    memcpy(q + len, "\300\14\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16);
    assert_true(query_parse(q, len + 16, &query));
    assert_int_equal(query.rcode, RCODE_NOERROR);
    assert_true(query.edns);
    q[len + 11] = 5; /* RDLENGTH past the end */
    assert_true(query_parse(q, len + 16, &query));
    assert_int_equal(query.rcode, RCODE_FORMERR);
}

static void a_client_subnet_goes_back_as_it_came_but_for_its_scope(void **state)
{
    static const struct {
        const char *option;
        size_t len;
    } cases[] = {{"\0\1\0\0", 4}, {"\0\0\0\0", 4}, {"\0\1\30\0\300\0\2", 7}, {"\0\2\70\0\40\1\15\270\0\1\0", 11}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t q[96], option[32] = {0, 8, 0, (uint8_t)cases[i].len}, out[ECS_OCTETS];
        struct query query;
        memcpy(option + 4, cases[i].option, cases[i].len);
        assert_true(query_parse(q, with_opt(q, option, 4 + cases[i].len), &query));
        assert_true(query.ecs.present);
        assert_int_equal(ecs_write(&query.ecs, 17, out), cases[i].len);
        assert_int_equal(out[ECS_SCOPE_AT], 17);
        out[ECS_SCOPE_AT] = 0;
        assert_memory_equal(out, cases[i].option, cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_read_whole),
        cmocka_unit_test(a_size_below_512_counts_as_512),
        cmocka_unit_test(every_cut_of_a_query_is_formerr_or_nothing),
        cmocka_unit_test(an_opt_elsewhere_than_in_the_additional_section_is_formerr),
        cmocka_unit_test(records_besides_opt_are_passed_over),
        cmocka_unit_test(a_client_subnet_goes_back_as_it_came_but_for_its_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
