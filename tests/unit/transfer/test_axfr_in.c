/* The client's reader of transfers: what is sound comes through, and everything else changes nothing and says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transfer/axfr_in.h"

#include <stdio.h>

enum { NOW_S = 1700000000, LIMIT = 5000, ID = 0x4242 };

static uint8_t secret[] = "sixteen octets!!";
static const struct tsig_key key = {.name = "xfr.key.", .algorithm = TSIG_HMAC_SHA256, .secret = {secret, 16}};

/* --- messages, made by hand */

struct message {
    uint8_t octets[6000];
    struct writer w;
    unsigned records;
};

static void begin(struct message *m, uint16_t type)
{
    uint8_t name[NAME_OCTETS];
    m->w = writer_over(m->octets, sizeof m->octets);
    m->records = 0;
    name_from_text("sip.test.", name);
    query_write(&m->w, &(struct query_spec){.id = ID, .flags = FLAG_QR | FLAG_AA, .name = name, .type = type, .class = CLASS_IN});
}

static void add(struct message *m, const char *owner, uint16_t type, const void *rdata, size_t len)
{
    uint8_t name[NAME_OCTETS];
    write_bytes(&m->w, name, name_from_text(owner, name));
    write_u16(&m->w, type);
    write_u16(&m->w, CLASS_IN);
    write_u32(&m->w, 60);
    write_u16(&m->w, (uint16_t)len);
    write_bytes(&m->w, rdata, len);
    put_u16(m->octets + 6, (uint16_t)++m->records);
}

static void add_soa(struct message *m, uint32_t serial)
{
    uint8_t rdata[22] = {0};
    put_u32(rdata + 2, serial);
    add(m, "sip.test.", TYPE_SOA, rdata, sizeof rdata);
}

static void add_a(struct message *m, const char *owner)
{
    add(m, owner, TYPE_A, "\12\0\0\1", 4);
}

/* --- the reader */

static char taken[4096];

static bool take(void *context, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len, struct error *err)
{
    char name[NAME_TEXT];
    (void)context, (void)rdata, (void)err;
    snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "%s %u %u %u\n", name_to_text(owner, name), type, ttl_s, len);
    return true;
}

static struct axfr_in in;
static struct error err;

static void start(const struct tsig_key *with, uint16_t type)
{
    uint8_t request[1024];
    taken[0] = '\0';
    err.text[0] = '\0';
    axfr_in_init(&in, "sip.test.", with, LIMIT, take, NULL);
    axfr_in_ask(&in, type, ID, NOW_S, request, sizeof request);
}

static bool read_message(struct message *m)
{
    return axfr_in_read(&in, m->octets, writer_len(&m->w), NOW_S, &err);
}

/* One message that must be refused like this. */
static void refused(struct message *m, const char *why)
{
    assert_false(read_message(m));
    assert_string_equal(err.text, why);
    axfr_in_release(&in);
}

static void a_zone_comes_in_any_number_of_messages(void **state)
{
    (void)state;
    struct message m;
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    assert_true(read_message(&m));
    assert_false(in.ended);
    begin(&m, TYPE_AXFR);
    add_a(&m, "a.sip.test.");
    assert_true(read_message(&m));
    begin(&m, TYPE_AXFR);
    m.w.at = m.octets + HEADER_LEN; /* later messages need no question (RFC 5936 2.2.1) */
    put_u16(m.octets + 4, 0);
    add_a(&m, "B.sip.test.");
    add_soa(&m, 7);
    assert_true(read_message(&m));
    assert_true(in.ended);
    assert_int_equal(in.serial, 7);
    assert_int_equal(in.messages, 3);
    assert_string_equal(taken, "sip.test. 6 60 22\na.sip.test. 1 60 4\nb.sip.test. 1 60 4\n");
    axfr_in_release(&in);
}

static void names_in_rdata_come_in_full(void **state)
{
    (void)state;
    struct message m;
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    add(&m, "sip.test.", TYPE_NS, "\2ns\xc0\x0c", 5); /* points at the question */
    add_soa(&m, 7);
    assert_true(read_message(&m) && in.ended);
    assert_non_null(strstr(taken, "sip.test. 2 60 13\n"));
    axfr_in_release(&in);
}

static void what_is_not_the_answer_is_refused(void **state)
{
    (void)state;
    struct message m;
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    m.octets[0] ^= 1;
    refused(&m, "the answer has another id than the request");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_SOA);
    refused(&m, "the answer is to another question");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    m.octets[2] &= 0x7f;
    refused(&m, "this is no whole answer to a query (flags 0400)");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    m.octets[3] |= RCODE_REFUSED;
    refused(&m, "the primary answers REFUSED");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    m.octets[2] |= FLAG_TC >> 8;
    refused(&m, "this is no whole answer to a query (flags 8600)");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    refused(&m, "the first message has no record");
}

static void what_is_no_zone_is_refused_with_its_record(void **state)
{
    (void)state;
    struct message m;
    static const struct {
        const char *owner, *why;
        uint16_t type;
    } wrong[] = {
        {"a.else.", "a.else. TYPE1: outside the zone", TYPE_A},
        {"xsip.test.", "xsip.test. TYPE1: outside the zone", TYPE_A},
        {"a.sip.test.", "a.sip.test. TYPE41: this is no type of data", TYPE_OPT},
        {"a.sip.test.", "a.sip.test. TYPE250: this is no type of data", TYPE_TSIG},
        {"a.sip.test.", "a.sip.test. TYPE255: this is no type of data", TYPE_ANY},
        {"a.sip.test.", "a.sip.test. TYPE2: malformed", TYPE_NS},
        {"a.sip.test.", "a.sip.test. TYPE6: malformed", TYPE_SOA},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        start(NULL, TYPE_AXFR);
        begin(&m, TYPE_AXFR);
        add_soa(&m, 7);
        add(&m, wrong[i].owner, wrong[i].type, "\12\0\0\1", 4);
        refused(&m, wrong[i].why);
    }
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_a(&m, "a.sip.test.");
    refused(&m, "a.sip.test. TYPE1: the first record is no SOA");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    add_soa(&m, 8);
    refused(&m, "sip.test. TYPE6: the last SOA is not the first one: the zone has changed meanwhile");
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    add_soa(&m, 7);
    add_a(&m, "a.sip.test.");
    refused(&m, "a.sip.test. TYPE1: a record behind the last SOA");
}

static void a_message_that_is_cut_or_too_much_is_refused(void **state)
{
    (void)state;
    struct message m;
    begin(&m, TYPE_AXFR);
    const size_t before = writer_len(&m.w);
    add_soa(&m, 7);
    add_a(&m, "a.sip.test.");
    for (size_t len = 0; len < writer_len(&m.w); len++) {
        start(NULL, TYPE_AXFR);
        assert_false(axfr_in_read(&in, m.octets, len, NOW_S, &err));
        axfr_in_release(&in);
    }
    assert_true(before > HEADER_LEN);
    start(NULL, TYPE_AXFR);
    assert_true(read_message(&m));
    bool good = true;
    for (unsigned i = 0; i < LIMIT && good; i++) {
        begin(&m, TYPE_AXFR);
        add_a(&m, "a.sip.test.");
        good = read_message(&m);
    }
    assert_false(good);
    assert_string_equal(err.text, "it is larger than the limit of 5000 octets");
    axfr_in_release(&in);
}

/* 30 names of 255 octets in 14 octets each. */
static void names_count_in_full_against_the_limit(void **state)
{
    (void)state;
    struct message m;
    char label[64] = {63};
    memset(label + 1, 'x', 63);
    start(NULL, TYPE_AXFR);
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    const size_t at = writer_len(&m.w);
    for (unsigned i = 0; i < 3; i++)
        write_bytes(&m.w, label, sizeof label);
    for (unsigned i = 0; i < 30; i++) {
        write_u16(&m.w, (uint16_t)(POINTER | (i ? at : HEADER_LEN)));
        write_u16(&m.w, TYPE_A);
        write_u16(&m.w, CLASS_IN);
        write_u32(&m.w, 60);
        write_u16(&m.w, 4);
        write_u32(&m.w, 0);
        put_u16(m.octets + 6, (uint16_t)++m.records);
    }
    assert_true(writer_len(&m.w) < 900);
    assert_false(read_message(&m));
    assert_string_equal(err.text, "it is larger than the limit of 5000 octets");
    assert_in_range(in.expanded, LIMIT, LIMIT + 300);
    axfr_in_release(&in);
}

static void the_letters_of_the_last_soa_may_differ(void **state)
{
    (void)state;
    static const char first[30] = "\3ns1\1x\0\1a\0AAAA", other[30] = "\3NS1\1X\0\1A\0AAAA", another[30] = "\3ns1\1x\0\1a\0aaaa";
    struct message m;
    for (unsigned i = 0; i < 2; i++) {
        start(NULL, TYPE_AXFR);
        begin(&m, TYPE_AXFR);
        add(&m, "sip.test.", TYPE_SOA, first, sizeof first);
        add(&m, "sip.test.", TYPE_SOA, i ? another : other, sizeof first);
        assert_int_equal(read_message(&m), i == 0); /* the numbers are no letters */
        axfr_in_release(&in);
    }
}

/* --- signed */

static struct tsig server;

static void start_signed(void)
{
    uint8_t request[1024];
    start(&key, TYPE_AXFR);
    size_t len = axfr_in_ask(&in, TYPE_AXFR, ID, NOW_S, request, sizeof request);
    assert_int_equal(tsig_take_request(&server, &key, 1, request, &len, NOW_S), TSIG_GOOD);
}

static void sign(struct message *m)
{
    m->w.at = m->octets + tsig_sign(&server, m->octets, writer_len(&m->w), sizeof m->octets, NOW_S);
}

static void a_signed_transfer_must_be_signed_at_its_ends_and_sound_between(void **state)
{
    (void)state;
    struct message m;
    start_signed();
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    sign(&m);
    assert_true(read_message(&m));
    begin(&m, TYPE_AXFR);
    add_a(&m, "a.sip.test.");
    assert_true(read_message(&m)); /* an unsigned one between two signed ones is allowed */
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    refused(&m, "the last message is not signed");

    start_signed();
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    refused(&m, "the answer is not signed, as the key xfr.key. demands");

    start_signed();
    begin(&m, TYPE_AXFR);
    add_soa(&m, 7);
    sign(&m);
    assert_true(read_message(&m));
    begin(&m, TYPE_AXFR);
    add_a(&m, "a.sip.test.");
    sign(&m);
    m.octets[writer_len(&m.w) - 60] ^= 1;
    assert_false(read_message(&m));
    axfr_in_release(&in);
}

static void the_serial_is_read_and_nothing_else_is_believed(void **state)
{
    (void)state;
    struct message m;
    uint32_t serial = 0;
    start(NULL, TYPE_SOA);
    begin(&m, TYPE_SOA);
    add_soa(&m, 4000000000u);
    assert_true(axfr_in_read_soa(&in, m.octets, writer_len(&m.w), NOW_S, &serial, &err));
    assert_int_equal(serial, 4000000000u);
    axfr_in_release(&in);
    start(NULL, TYPE_SOA);
    begin(&m, TYPE_SOA);
    assert_false(axfr_in_read_soa(&in, m.octets, writer_len(&m.w), NOW_S, &serial, &err));
    assert_string_equal(err.text, "the primary's answer has no SOA");
    axfr_in_release(&in);
    start(NULL, TYPE_SOA);
    begin(&m, TYPE_SOA);
    add_soa(&m, 1);
    m.octets[2] &= (uint8_t) ~(FLAG_AA >> 8);
    assert_false(axfr_in_read_soa(&in, m.octets, writer_len(&m.w), NOW_S, &serial, &err));
    assert_string_equal(err.text, "the primary has no authority for the zone");
    axfr_in_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_comes_in_any_number_of_messages),
        cmocka_unit_test(names_in_rdata_come_in_full),
        cmocka_unit_test(what_is_not_the_answer_is_refused),
        cmocka_unit_test(what_is_no_zone_is_refused_with_its_record),
        cmocka_unit_test(a_message_that_is_cut_or_too_much_is_refused),
        cmocka_unit_test(names_count_in_full_against_the_limit),
        cmocka_unit_test(the_letters_of_the_last_soa_may_differ),
        cmocka_unit_test(a_signed_transfer_must_be_signed_at_its_ends_and_sound_between),
        cmocka_unit_test(the_serial_is_read_and_nothing_else_is_believed),
    };
    return cmocka_run_group_tests_name("axfr in", tests, NULL, NULL);
}
