/* DNS probes: the reader of replies, and the engine against servers on loopback that get it wrong in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"
#include "base/memory.h"
#include "probe/dns_question.h"

enum { PATIENCE_MS = 5000, ASKED = 12 + 9 + 4 };

static struct dns_question question_of(void)
{
    struct dns_question question = {.id = 0x1234, .type = TYPE_A};
    question.name_len = name_from_text("sip.abc.", question.name);
    return question;
}

/* A reply with one A record by pointer; its length. */
static size_t reply_to(const uint8_t *query, unsigned flags, unsigned answers, uint8_t out[512])
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    struct writer w = writer_over(out, 512);
    write_bytes(&w, query, 2);
    write_u16(&w, (uint16_t)(FLAG_QR | flags));
    write_u16(&w, 1);
    write_u16(&w, (uint16_t)answers);
    write_u32(&w, 0);
    write_bytes(&w, query + 12, ASKED - 12);
    for (unsigned i = 0; i < answers; i++)
        write_bytes(&w, record, sizeof record);
    return writer_len(&w);
}

static size_t sound_reply(unsigned answers, uint8_t out[512])
{
    const struct dns_question question = question_of();
    uint8_t query[DNS_QUERY_MAX];
    assert_int_equal(dns_query_write(&question, query), ASKED);
    return reply_to(query, FLAG_AA, answers, out);
}

static void the_query_is_what_was_asked_for(void **state)
{
    (void)state;
    struct dns_question question = question_of();
    struct query parsed;
    uint8_t query[DNS_QUERY_MAX];
    question.recursion = true;
    assert_true(query_parse(query, dns_query_write(&question, query), &parsed));
    assert_int_equal(parsed.rcode, RCODE_NOERROR);
    assert_int_equal(parsed.id, 0x1234);
    assert_int_equal(parsed.qtype, TYPE_A);
    assert_int_equal(parsed.flags, FLAG_RD);
    assert_memory_equal(parsed.qname, question.name, question.name_len);
}

static void a_reply_with_id_and_question_is_read(void **state)
{
    (void)state;
    const struct dns_question question = question_of();
    struct dns_reply reply;
    uint8_t octets[512];
    size_t len = sound_reply(2, octets);
    assert_int_equal(dns_reply_read(octets, len, &question, &reply), DNS_HEARD_REPLY);
    assert_int_equal(reply.answers, 2);
    assert_int_equal(reply.rcode, RCODE_NOERROR);
    assert_false(reply.truncated);
    octets[13] = 'S'; /* SIP: the case is not the name's */
    assert_int_equal(dns_reply_read(octets, len, &question, &reply), DNS_HEARD_REPLY);
}

static void what_is_not_ours_is_ignored(void **state)
{
    (void)state;
    const struct dns_question question = question_of();
    static const size_t places[] = {0, 1, 2, 13, 22, 24}; /* id, QR, name, type, class */
    struct dns_reply reply;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint8_t octets[512];
        const size_t len = sound_reply(1, octets);
        octets[places[i]] ^= places[i] == 2 ? 0x80 : 0x01;
        assert_int_equal(dns_reply_read(octets, len, &question, &reply), DNS_HEARD_NOTHING);
    }
    assert_int_equal(dns_reply_read((const uint8_t *)"x", 1, &question, &reply), DNS_HEARD_NOTHING);
}

static void every_cut_reply_is_nonsense_or_nothing(void **state)
{
    (void)state;
    const struct dns_question question = question_of();
    struct dns_reply reply;
    uint8_t octets[512];
    const size_t len = sound_reply(1, octets);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *part = mem_copy(octets, cut); /* so that a read beyond it is seen by the sanitizer */
        assert_int_equal(dns_reply_read(part, cut, &question, &reply), cut < ASKED ? DNS_HEARD_NOTHING : DNS_HEARD_NONSENSE);
        free(part);
    }
    octets[2] |= FLAG_TC >> 8;
    assert_int_equal(dns_reply_read(octets, ASKED, &question, &reply), DNS_HEARD_REPLY);
    assert_true(reply.truncated);
    assert_int_equal(reply.answers, 0);
}

static void records_of_another_type_are_no_answers(void **state)
{
    (void)state;
    const struct dns_question question = question_of();
    struct dns_reply reply;
    uint8_t octets[512];
    const size_t len = sound_reply(2, octets);
    octets[ASKED + 3] = TYPE_CNAME;
    assert_int_equal(dns_reply_read(octets, len, &question, &reply), DNS_HEARD_REPLY);
    assert_int_equal(reply.answers, 1);
}

/* What the servers below say. */
static void say(struct call *call, unsigned flags, unsigned answers)
{
    uint8_t octets[512];
    call_send(call, (char *)octets, reply_to((const uint8_t *)call->request, flags, answers, octets));
}

static void say_records(struct call *call)
{
    say(call, FLAG_AA, 1);
}

static void say_refused(struct call *call)
{
    say(call, RCODE_REFUSED, 0);
}

static void say_nothing_much(struct call *call)
{
    say(call, FLAG_TC, 0);
}

static void say_another_id(struct call *call)
{
    char request[ASKED];
    memcpy(request, call->request, sizeof request);
    request[0] ^= 1;
    call->request = request;
    say(call, FLAG_AA, 1);
}

static void say_a_cut_reply(struct call *call)
{
    uint8_t octets[512];
    call_send(call, (char *)octets, reply_to((const uint8_t *)call->request, FLAG_AA, 1, octets) - 1);
}

/* The right answer from a port that was not asked: anybody can send that. */
static void say_it_from_elsewhere(struct call *call)
{
    const int other = socket(AF_INET, SOCK_DGRAM, 0);
    const int own = call->fd;
    call->fd = other;
    say(call, FLAG_AA, 1);
    call->fd = own;
    close(other);
}

static struct check_result probed(script_fn script, const struct dns_probe *how)
{
    static char name[] = "sip.abc.";
    struct peer *peer = peer_start("127.0.0.1", script);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    struct check check = check_of(TRANSPORT_UDP, &peer->at);
    assert_non_null(engine);
    check.probe.type = PROBE_DNS;
    check.probe.dns = *how;
    check.probe.dns.query = name;
    check.probe.dns.record = TYPE_A;
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 1, PATIENCE_MS) >= 1);
    const struct check_result result = ear_result(ear, 0);
    probe_engine_free(engine);
    peer_stop(peer);
    free(peer);
    free(ear);
    return result;
}

static void a_server_that_answers_is_alive(void **state)
{
    (void)state;
    const struct check_result result = probed(say_records, &(struct dns_probe){.answers = 1});
    assert_int_equal(result.last.outcome, OUTCOME_ALIVE);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(result.last.rtt_us > 0);
}

static void the_rcode_decides_by_the_operators_list(void **state)
{
    (void)state;
    const struct check_result result = probed(say_refused, &(struct dns_probe){0});
    assert_int_equal(result.last.reason, REASON_BAD_STATUS);
    assert_string_equal(result.last.detail, "rcode 5");
    const struct dns_probe refusing = {.rcodes = {RCODE_NXDOMAIN, RCODE_REFUSED}, .rcode_count = 2};
    assert_int_equal(probed(say_refused, &refusing).last.outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_records, &refusing).last.reason, REASON_BAD_STATUS);
}

static void too_few_records_are_no_match(void **state)
{
    (void)state;
    const struct check_result result = probed(say_nothing_much, &(struct dns_probe){.answers = 1});
    assert_int_equal(result.last.reason, REASON_NO_MATCH);
    assert_string_equal(result.last.detail, "0 records, truncated");
    assert_int_equal(probed(say_nothing_much, &(struct dns_probe){0}).last.outcome, OUTCOME_ALIVE);
}

static void forged_and_late_replies_are_silence(void **state)
{
    (void)state;
    assert_int_equal(probed(say_another_id, &(struct dns_probe){0}).last.reason, REASON_TIMEOUT);
    assert_int_equal(probed(say_it_from_elsewhere, &(struct dns_probe){0}).last.reason, REASON_TIMEOUT);
}

static void nonsense_is_told_when_nothing_better_comes(void **state)
{
    (void)state;
    assert_int_equal(probed(say_a_cut_reply, &(struct dns_probe){0}).last.reason, REASON_BAD_ANSWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_query_is_what_was_asked_for),
        cmocka_unit_test(a_reply_with_id_and_question_is_read),
        cmocka_unit_test(what_is_not_ours_is_ignored),
        cmocka_unit_test(every_cut_reply_is_nonsense_or_nothing),
        cmocka_unit_test(records_of_another_type_are_no_answers),
        cmocka_unit_test(a_server_that_answers_is_alive),
        cmocka_unit_test(the_rcode_decides_by_the_operators_list),
        cmocka_unit_test(too_few_records_are_no_match),
        cmocka_unit_test(forged_and_late_replies_are_silence),
        cmocka_unit_test(nonsense_is_told_when_nothing_better_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
