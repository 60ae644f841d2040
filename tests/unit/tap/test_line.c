/* Lines of the query log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tap/line.h"

#include "base/memory.h"
#include "model/plan.h"
#include "tap/records.h"

static const int64_t some_clock_ns = INT64_C(1700000000000000000);

static const char *line(const struct whole_record *whole, const struct meaning *meaning, const uint8_t *states)
{
    static char text[LINE_OCTETS + 1];
    const struct line_reading reading = {.clock_ns = some_clock_ns, .meaning = meaning, .states = states};
    text[line_write(&whole->record, &reading, text)] = '\0';
    return text;
}

static void a_query_that_is_not_steered_has_no_decision(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_UDP);
    whole.record.rcode = 3;
    assert_string_equal(line(&whole, NULL, NULL),
                        "{\"time\":\"2023-11-14T22:13:21.000000Z\",\"client\":\"198.51.100.7\",\"port\":53124,\"server\":\"192.0.2.53\","
                        "\"transport\":\"udp\",\"qname\":\"_sip._udp.sip.example.com.\",\"qtype\":\"SRV\",\"do\":true,"
                        "\"ecs\":\"192.0.2.0/24\",\"rcode\":\"NXDOMAIN\",\"size\":12,\"generation\":42}\n");
}

static struct site sites[] = {{.name = "london"}, {.name = "ashburn"}};
static struct endpoint endpoints[] = {{.host = "lb1.lon.sip.example.com.", .site = 0}, {.host = "lb1.ash.sip.example.com.", .site = 1}};
static uint8_t both[] = {0, 1};
static struct service services[] = {{.name = "sip.example.com.", .sites = both, .site_count = 2}};
static struct config config = {
    .sites = sites, .site_count = 2, .endpoints = endpoints, .endpoint_count = 2, .services = services, .service_count = 1};
static const uint8_t orders[] = {0, 1, 1, 0};
static const struct classes classes = {.count = 2, .site_count = 2, .orders = orders};
static const struct meaning some_meaning = {.place = 7, .config = &config, .classes = &classes};

static struct whole_record steered(uint32_t class, uint16_t winner)
{
    struct whole_record whole = some_record(CHANNEL_TLS);
    whole.record.steered = true;
    whole.record.sample =
        (struct sample){.place = 7, .class = class, .bucket = 200, .kind = SELECTION_STEERED, .scope = 24, .winner = winner};
    return whole;
}

static void a_decision_tells_who_won_and_how_the_nearest_stood(void **state)
{
    (void)state;
    static const uint8_t states[] = {SITE_FULL, SITE_UP};
    const struct whole_record whole = steered(0, 1);
    const char *text = line(&whole, &some_meaning, states);
    assert_non_null(strstr(text, "\"transport\":\"tls\""));
    assert_non_null(strstr(text, "\"size\":12,\"scope\":24,\"service\":\"sip.example.com.\",\"site\":\"ashburn\","
                                 "\"endpoint\":\"lb1.ash.sip.example.com.\",\"nearest\":\"london\",\"nearest_is\":\"full\","
                                 "\"class\":0,\"bucket\":200,\"selection\":\"steered\",\"generation\":42}\n"));
}

static void the_nearest_is_that_of_the_class(void **state)
{
    (void)state;
    const struct whole_record whole = steered(1, 1);
    assert_non_null(strstr(line(&whole, &some_meaning, NULL), "\"nearest\":\"ashburn\",\"class\":1"));
}

static void what_cannot_be_named_any_more_is_left_out(void **state)
{
    (void)state;
    const struct whole_record whole = steered(1, 1);
    const char *text = line(&whole, NULL, NULL);
    assert_null(strstr(text, "site"));
    assert_null(strstr(text, "service"));
    assert_non_null(strstr(text, "\"class\":1"));
}

static void a_drawn_bucket_and_an_answer_without_anybody_are_told(void **state)
{
    (void)state;
    struct whole_record whole = steered(0, NO_WINNER);
    whole.record.sample.kind = SELECTION_EMPTY;
    whole.record.sample.drawn = whole.record.sample.doubt = true;
    whole.record.sample.got = 9;
    const char *text = line(&whole, &some_meaning, NULL);
    assert_non_null(strstr(text, "\"bucket\":200,\"drawn\":9,\"doubt\":true,\"selection\":\"empty\""));
    assert_null(strstr(text, "endpoint"));
}

static void what_was_not_answered_says_so(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_UDP);
    whole.record.outcome = TAP_LIMITED;
    whole.record.answer_len = 0;
    assert_non_null(strstr(line(&whole, NULL, NULL), "\"dropped\":\"over limit\",\"generation\""));
    whole.record.outcome = TAP_STREAMED;
    assert_non_null(strstr(line(&whole, NULL, NULL), "\"rcode\":\"NOERROR\",\"transfer\":true"));
}

static void rcodes_of_edns_are_told_by_name(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_UDP);
    whole.record.badcookie = true;
    assert_non_null(strstr(line(&whole, NULL, NULL), "\"rcode\":\"BADCOOKIE\""));
    whole.record.badcookie = false;
    whole.octets[sizeof some_query - 16] = 1; /* the version in OPT */
    assert_non_null(strstr(line(&whole, NULL, NULL), "\"rcode\":\"BADVERS\""));
}

/* The longest name, of octets that each take the most room. */
static void hostile_names_stay_json_and_fit(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_UDP);
    static const uint8_t odd[] = {'"', '\\', 0, 0xff, '\n', '.', 0x7f};
    uint8_t *at = whole.octets + 12;
    for (unsigned label = 0; label < 4; label++) {
        const unsigned len = label < 3 ? 63 : 61;
        *at++ = (uint8_t)len;
        for (unsigned i = 0; i < len; i++)
            *at++ = odd[i % sizeof odd];
    }
    memcpy(at, "\0\0\1\0\1", 5);
    whole.octets[11] = 0; /* no OPT */
    whole.record.query_len = (uint32_t)(at + 5 - whole.octets);
    const char *text = line(&whole, NULL, NULL);
    assert_non_null(strstr(text, "\"qname\":\"\\\\\\\"\\\\\\\\\\\\000\\\\255\\\\010\\\\.\\\\127"));
    for (const char *c = text; *c && c[1]; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
}

static void texts_of_the_configuration_stay_utf8(void **state)
{
    (void)state;
    sites[1].name = (char *)"m\xc3\xbcnchen";
    const struct whole_record whole = steered(0, 1);
    assert_non_null(strstr(line(&whole, &some_meaning, NULL), "\"site\":\"m\xc3\xbcnchen\""));
    sites[1].name = (char *)"ashburn";
}

static void what_could_not_be_read_is_still_a_line(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_TCP);
    whole.record.query_len = 13; /* a question that breaks off */
    whole.record.rcode = 1;
    const char *text = line(&whole, NULL, NULL);
    assert_non_null(strstr(text, "\"transport\":\"tcp\",\"rcode\":\"FORMERR\""));
    assert_null(strstr(text, "qname"));
}

static void released(void *owner)
{
    *(unsigned *)owner += 1;
}

static struct meaning *made(uint32_t place, unsigned *count)
{
    struct config *of = mem_new(1, sizeof *of);
    return meaning_new(place, of, &classes, count, released);
}

static void meanings_are_kept_until_no_record_can_need_them(void **state)
{
    (void)state;
    static const uint8_t states[SITES_MAX] = {SITE_DOWN};
    uint8_t found[SITES_MAX];
    unsigned count = 0;
    struct meanings *meanings = meanings_new();
    meanings_add(meanings, made(1, &count));
    meanings_publish(meanings, 10, 1, states, 2, 1000);
    meanings_add(meanings, made(2, &count));
    meanings_pass(meanings, 100000); /* not published yet */
    struct meaning *first = meanings_find(meanings, 1);
    assert_non_null(first);
    meanings_publish(meanings, 11, 2, states, 2, 200000);
    meanings_pass(meanings, 204000);
    assert_int_equal(count, 0);
    meanings_pass(meanings, 206000);
    assert_null(meanings_find(meanings, 1));
    assert_int_equal(count, 0); /* somebody still reads it */
    meaning_unref(first);
    assert_int_equal(count, 1);
    assert_true(meanings_states(meanings, 10, found) && found[0] == SITE_DOWN);
    assert_false(meanings_states(meanings, 12, found));
    meanings_add(meanings, made(3, &count));
    meanings_keep_only(meanings, 3);
    assert_int_equal(count, 2);
    for (uint32_t place = 4; place < 9; place++)
        meanings_add(meanings, made(place, &count));
    assert_int_equal(count, 4); /* four are kept at most */
    meanings_free(meanings);
    assert_int_equal(count, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_that_is_not_steered_has_no_decision),
        cmocka_unit_test(a_decision_tells_who_won_and_how_the_nearest_stood),
        cmocka_unit_test(the_nearest_is_that_of_the_class),
        cmocka_unit_test(what_cannot_be_named_any_more_is_left_out),
        cmocka_unit_test(a_drawn_bucket_and_an_answer_without_anybody_are_told),
        cmocka_unit_test(what_was_not_answered_says_so),
        cmocka_unit_test(rcodes_of_edns_are_told_by_name),
        cmocka_unit_test(hostile_names_stay_json_and_fit),
        cmocka_unit_test(texts_of_the_configuration_stay_utf8),
        cmocka_unit_test(what_could_not_be_read_is_still_a_line),
        cmocka_unit_test(meanings_are_kept_until_no_record_can_need_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
