/* Transfers out and NOTIFY in, as serve/ asks for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/records.h"
#include "transfer/requests.h"
#include "world.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum { NOW_S = 1700000000, MANY = 5000 };

static const char conf[] =
    "server = { listen = [ \"127.0.0.1:0\" ]; control = \"c\"; state = \"s\"; };\n"
    "keys = ( { name = \"a.key\"; secret = \"YWFhYWFhYWFhYWFhYWFhYQ==\"; }, { name = \"b.key\"; secret = \"YmJiYmJiYmJiYmJiYmJiYg==\"; } "
    ");\n"
    "zones = ( { name = \"open.test.\"; file = \"open.zone\"; transfer = { allow = [ \"192.0.2.0/24\", \"2001:db8::1\" ]; }; },\n"
    "  { name = \"keyed.test.\"; file = \"keyed.zone\"; transfer = { allow = [ \"192.0.2.0/24\" ]; keys = [ \"b.key\" ]; }; },\n"
    "  { name = \"closed.test.\"; file = \"closed.zone\"; } );\n";

static const char small_zone[] = "$TTL 60\n"
                                 "@ SOA ns.else. h.else. 7 3600 600 86400 30\n@ NS ns.else.\n@ NS ns.sub\nns.sub A 10.0.0.9\n"
                                 "@ MX 10 a.b\na.b A 10.0.0.1\na.b A 10.0.0.2\n*.w TXT \"any\"\nsub NS ns.sub\n"
                                 "_sip._udp SRV 1 2 5060 a.b\n@ TYPE65280 \\# 2 0102\n";

static const char *const small_files[] = {"test.conf", conf,          "open.zone", small_zone, "keyed.zone",
                                          small_zone,  "closed.zone", small_zone,  NULL};

static struct test_world t;
static struct ledger *ledger;
static int wake_fd;

static int setup_with(const char *const *files)
{
    wake_fd = eventfd(0, EFD_NONBLOCK);
    ledger = ledger_new(wake_fd);
    return test_setup(&t, files);
}

static int setup(void **state)
{
    (void)state;
    return setup_with(small_files);
}

static void release(const char *const *files)
{
    test_release(&t, files);
    ledger_free(ledger);
    close(wake_fd);
}

static int teardown(void **state)
{
    (void)state;
    release(small_files);
    return 0;
}

static int64_t wall_s(void)
{
    return NOW_S;
}

struct ask {
    const char *zone, *peer;
    uint16_t type, class;
    int key;         /* index, or -1 */
    uint32_t serial; /* IXFR */
    bool udp, notify, edns, no_soa;
};

struct given {
    char *text;                 /* the answer, or all messages of the stream, decoded */
    unsigned messages, records; /* of a stream */
    size_t largest, octets;
    struct tsig client;
};

static struct query query;
static uint8_t asked_octets[600];

static size_t write_ask(const struct ask *ask, struct tsig *client)
{
    struct writer w = writer_over(asked_octets, sizeof asked_octets);
    uint8_t name[NAME_OCTETS];
    name_from_text(ask->zone, name);
    query_write(&w, &(struct query_spec){.id = 77,
                                         .flags = ask->notify ? OPCODE_NOTIFY << 11 | FLAG_AA : 0,
                                         .name = name,
                                         .type = ask->type ? ask->type : TYPE_SOA,
                                         .class = ask->class ? ask->class : CLASS_IN,
                                         .udp_size = ask->edns ? 1232 : 0});
    if (ask->type == TYPE_IXFR && !ask->no_soa) {
        write_u16(&w, OWNER_IS_QUESTION);
        write_u16(&w, TYPE_SOA);
        write_u16(&w, CLASS_IN);
        write_u32(&w, 0);
        write_u16(&w, 22);
        write_u16(&w, 0);
        write_u32(&w, ask->serial);
        for (unsigned i = 0; i < 4; i++)
            write_u32(&w, 0);
        asked_octets[9] = 1;
    }
    size_t len = writer_len(&w);
    if (ask->key >= 0) {
        tsig_begin(client, &world_config(t.world)->keys[ask->key]);
        len = tsig_sign(client, asked_octets, len, sizeof asked_octets, NOW_S);
    }
    return len;
}

/* One message of a stream: checked, decoded, added. */
static void add_message(struct given *given, uint8_t *message, size_t len, bool is_signed)
{
    struct error err;
    bool seen;
    given->octets += len;
    given->largest = len > given->largest ? len : given->largest;
    given->messages++;
    if (is_signed && !tsig_take_answer(&given->client, message, &len, NOW_S, &seen, &err))
        fail_msg("message %u: %s", given->messages, err.text);
    assert_int_equal(get_u16(message), 77);
    given->records += get_u16(message + 6);
    char *decoded = decode_message(message, len), *longer;
    assert_true(asprintf(&longer, "%s%s", given->text, decoded) > 0);
    free(decoded);
    free(given->text);
    given->text = longer;
}

static void pull(struct given *given, struct stream *stream, bool is_signed)
{
    static uint8_t out[MESSAGE_MAX];
    given->text = strdup("");
    for (size_t len; (len = stream->next(stream, out, sizeof out)) > 0;)
        add_message(given, out, len, is_signed);
    stream->free(stream);
}

static struct given ask(struct ask ask)
{
    static uint8_t out[MESSAGE_MAX];
    struct given given = {0};
    struct tsig server;
    struct addr peer;
    struct stream *stream = NULL;
    size_t len = write_ask(&ask, &given.client);
    assert_true(addr_parse(ask.peer ? ask.peer : "192.0.2.7", &peer));
    if (ask.key >= 0)
        assert_int_equal(tsig_take_request(&server, world_config(t.world)->keys, 2, asked_octets, &len, NOW_S), TSIG_GOOD);
    assert_true(query_parse(asked_octets, len, &query));
    assert_true(zone_request_is(&query));
    const struct zone_request request = {.world = t.world,
                                         .query = &query,
                                         .message = asked_octets,
                                         .len = len,
                                         .peer = &peer,
                                         .tsig = ask.key >= 0 ? &server : NULL,
                                         .ledger = ledger,
                                         .wall_s = wall_s};
    len = zone_request_answer(&request, out, sizeof out, ask.udp ? NULL : &stream);
    if (stream)
        pull(&given, stream, ask.key >= 0);
    else
        given.text = decode_message(out, len);
    assert_true(stream ? len == 0 : len > 0);
    return given;
}

static void expect(struct ask what, const char *text)
{
    struct given given = ask(what);
    assert_string_equal(given.text, text);
    free(given.text);
}

#define SOA "an open.test. 60 IN SOA ns.else. h.else. 7 3600 600 86400 30\n"
#define WHOLE                                                                                                                              \
    SOA "an open.test. 60 IN NS ns.else.\nan open.test. 60 IN NS ns.sub.open.test.\nan open.test. 60 IN MX 10 a.b.open.test.\n"            \
        "an open.test. 60 IN TYPE65280 \\# 2 0102\nan _sip._udp.open.test. 60 IN SRV 1 2 5060 a.b.open.test.\n"                            \
        "an a.b.open.test. 60 IN A 10.0.0.1\nan a.b.open.test. 60 IN A 10.0.0.2\nan sub.open.test. 60 IN NS ns.sub.open.test.\n"           \
        "an ns.sub.open.test. 60 IN A 10.0.0.9\nan *.w.open.test. 60 IN TXT \"any\"\n" SOA

static void the_whole_zone_comes_between_two_soas_with_glue(void **state)
{
    (void)state;
    expect((struct ask){.zone = "open.test.", .type = TYPE_AXFR, .key = -1}, "NOERROR aa\n" WHOLE);
    expect((struct ask){.zone = "open.test.", .type = TYPE_AXFR, .key = -1, .peer = "2001:db8::1"}, "NOERROR aa\n" WHOLE);
    expect((struct ask){.zone = "open.test.", .type = TYPE_AXFR, .key = -1, .edns = true},
           "NOERROR aa\n" WHOLE "opt size=1232 version=0\n");
    struct ledger_event event;
    assert_true(ledger_next(ledger, &event));
    assert_int_equal(event.kind, LEDGER_SENT);
    assert_int_equal(event.records, 12);
    assert_int_equal(event.messages, 1);
    assert_int_equal(event.serial, 7);
    assert_int_equal(ledger_count(ledger, LEDGER_SENT), 3);
}

static void who_may_not_have_it_is_refused_and_counted(void **state)
{
    (void)state;
    const uint64_t before = ledger_count(ledger, LEDGER_REFUSED);
    static const struct ask asks[] = {
        {.zone = "closed.test.", .type = TYPE_AXFR, .key = -1},
        {.zone = "closed.test.", .type = TYPE_AXFR, .key = 1},
        {.zone = "open.test.", .type = TYPE_AXFR, .key = -1, .peer = "192.0.3.1"},
        {.zone = "open.test.", .type = TYPE_AXFR, .key = -1, .peer = "2001:db8::2"},
        {.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .peer = "192.0.3.1", .udp = true},
        {.zone = "keyed.test.", .type = TYPE_AXFR, .key = -1},
        {.zone = "keyed.test.", .type = TYPE_AXFR, .key = 0},
        {.zone = "keyed.test.", .type = TYPE_AXFR, .key = 1, .peer = "192.0.3.1"},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        expect(asks[i], "REFUSED\n");
    assert_int_equal(ledger_count(ledger, LEDGER_REFUSED), before + sizeof asks / sizeof *asks);
    struct given given = ask((struct ask){.zone = "keyed.test.", .type = TYPE_AXFR, .key = 1});
    assert_int_equal(given.records, 12);
    free(given.text);
}

static void what_is_no_zone_here_is_not_ours_to_give(void **state)
{
    (void)state;
    expect((struct ask){.zone = "a.b.open.test.", .type = TYPE_AXFR, .key = -1}, "RCODE9\n");
    expect((struct ask){.zone = "else.", .type = TYPE_AXFR, .key = -1}, "RCODE9\n");
    expect((struct ask){.zone = "open.test.", .type = TYPE_AXFR, .class = CLASS_CH, .key = -1}, "RCODE9\n");
}

static void over_udp_there_is_no_zone(void **state)
{
    (void)state;
    expect((struct ask){.zone = "open.test.", .type = TYPE_AXFR, .key = -1, .udp = true}, "FORMERR\n");
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .udp = true, .serial = 3}, "NOERROR aa\n" SOA);
}

static void ixfr_gives_the_zone_or_the_soa_to_who_has_it(void **state)
{
    (void)state;
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .serial = 6}, "NOERROR aa\n" WHOLE);
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .serial = 7}, "NOERROR aa\n" SOA);
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .serial = 8}, "NOERROR aa\n" SOA);
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .serial = 0xf0000000}, "NOERROR aa\n" WHOLE);
    expect((struct ask){.zone = "open.test.", .type = TYPE_IXFR, .key = -1, .no_soa = true}, "FORMERR\n");
}

static void a_notify_for_what_has_no_primary_is_not_ours(void **state)
{
    (void)state;
    expect((struct ask){.zone = "open.test.", .notify = true, .key = -1}, "RCODE9\n");
    expect((struct ask){.zone = "else.", .notify = true, .key = -1}, "RCODE9\n");
    expect((struct ask){.zone = "open.test.", .notify = true, .type = TYPE_A, .key = -1}, "FORMERR\n");
    expect((struct ask){.zone = "open.test.", .notify = true, .class = CLASS_ANY, .key = -1}, "FORMERR\n");
    expect((struct ask){.zone = "open.test.", .notify = true, .class = CLASS_NONE, .key = -1}, "FORMERR\n");
}

/* --- a zone of many messages */

static char *large_zone;
static const char *large_files[] = {"test.conf", conf, "open.zone", NULL, "keyed.zone", NULL, "closed.zone", small_zone, NULL};

static int setup_large(void **state)
{
    (void)state;
    size_t size;
    FILE *f = open_memstream(&large_zone, &size);
    fputs("$TTL 60\n@ SOA ns.else. h.else. 7 3600 600 86400 30\n@ NS ns.else.\n", f);
    for (unsigned i = 0; i < MANY; i++)
        fprintf(f, "host-%u.some.where A 10.0.%u.%u\n", i, i >> 8, i & 255);
    for (unsigned i = 0; i < 250; i++) /* one record set larger than a message of the ordinary size */
        fprintf(f, "large TXT \"%u%s%s%s\"\n", i, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    fputs("one TYPE65280 \\# 40000 ", f);
    for (unsigned i = 0; i < 40000; i++)
        fputs("ab", f);
    fputs("\n", f);
    fclose(f);
    large_files[3] = large_files[5] = large_zone;
    return setup_with(large_files);
}

static int teardown_large(void **state)
{
    (void)state;
    release(large_files);
    free(large_zone);
    return 0;
}

static void a_large_zone_comes_in_many_messages_of_good_size(void **state)
{
    (void)state;
    for (int key = -1; key <= 1; key += 2) {
        struct given given = ask((struct ask){.zone = key < 0 ? "open.test." : "keyed.test.", .type = TYPE_AXFR, .key = key});
        assert_int_equal(given.records, MANY + 250 + 1 + 3);
        assert_in_range(given.messages, 8, 40);
        assert_in_range(given.largest, 40000, 42000);              /* for the one record */
        assert_true(given.octets < MANY * 32 + 40000 + 250 * 130); /* names are compressed */
        assert_null(strstr(given.text, "malformed"));
        free(given.text);
    }
}

static void a_zone_that_is_replaced_meanwhile_is_sent_as_it_was(void **state)
{
    (void)state;
    static uint8_t out[MESSAGE_MAX];
    struct query of;
    struct addr peer;
    struct stream *stream = NULL;
    addr_parse("192.0.2.7", &peer);
    size_t len = write_ask(&(struct ask){.zone = "open.test.", .type = TYPE_AXFR, .key = -1}, NULL);
    query_parse(asked_octets, len, &of);
    const struct zone_request request = {
        .world = t.world, .query = &of, .message = asked_octets, .len = len, .peer = &peer, .ledger = ledger, .wall_s = wall_s};
    assert_int_equal(zone_request_answer(&request, out, sizeof out, &stream), 0);
    assert_true(stream->next(stream, out, sizeof out) > 0);
    test_release(&t, large_files); /* as if the last worker had left the world */
    unsigned records = 0;
    while ((len = stream->next(stream, out, sizeof out)) > 0)
        records += get_u16(out + 6);
    assert_in_range(records, MANY / 2, MANY + 300);
    stream->free(stream);
    assert_int_equal(ledger_count(ledger, LEDGER_SENT), 1);
    test_setup(&t, large_files); /* for the teardown */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_zone_comes_between_two_soas_with_glue, setup, teardown),
        cmocka_unit_test_setup_teardown(who_may_not_have_it_is_refused_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_zone_here_is_not_ours_to_give, setup, teardown),
        cmocka_unit_test_setup_teardown(over_udp_there_is_no_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(ixfr_gives_the_zone_or_the_soa_to_who_has_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_notify_for_what_has_no_primary_is_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_zone_comes_in_many_messages_of_good_size, setup_large, teardown_large),
        cmocka_unit_test_setup_teardown(a_zone_that_is_replaced_meanwhile_is_sent_as_it_was, setup_large, teardown_large),
    };
    return cmocka_run_group_tests_name("zone requests", tests, NULL, NULL);
}
