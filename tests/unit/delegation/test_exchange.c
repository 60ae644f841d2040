/* Replies that count and replies that do not; the resolver's file; and exchanges with a real socket that answers as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "delegation/exchange.h"
#include "delegation/resolve.h"
#include "platform/sockaddr.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static const struct query_spec spec = {.flags = FLAG_RD, .name = (const uint8_t *)"\3Sip\4test", .type = TYPE_SOA, .class = CLASS_IN};

/* The reply to spec with this id, and what tests then change. */
static size_t reply_to(uint16_t id, uint8_t *out)
{
    struct query_spec echoed = spec;
    struct writer w = writer_over(out, 512);
    echoed.id = id;
    echoed.flags |= FLAG_QR;
    query_write(&w, &echoed);
    return writer_len(&w);
}

static void the_answer_to_the_question_fits(void **state)
{
    uint8_t octets[512];
    (void)state;
    const size_t len = reply_to(7, octets);
    assert_true(reply_fits(&spec, 7, octets, len));
    octets[13] = 's'; /* in other letters (RFC 4343) */
    assert_true(reply_fits(&spec, 7, octets, len));
}

static void whatever_differs_does_not_fit(void **state)
{
    static const size_t changed[] = {0, 1, 2 /* QR, opcode */, 5 /* counts */, 7, 14 /* name */, 23 /* type */, 25 /* class */};
    uint8_t octets[512];
    (void)state;
    const size_t len = reply_to(7, octets);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        octets[changed[i]] ^= i == 2 ? 0x88 : 3;
        assert_false(reply_fits(&spec, 7, octets, len));
        octets[changed[i]] ^= i == 2 ? 0x88 : 3;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_false(reply_fits(&spec, 7, octets, cut));
    assert_false(reply_fits(&spec, 7, octets, len + 1)); /* octets behind */
}

static void an_error_may_come_without_the_question_and_an_answer_may_not(void **state)
{
    static const uint8_t formerr[HEADER_LEN] = {0, 7, 0x80, RCODE_FORMERR}, empty[HEADER_LEN] = {0, 7, 0x80, 0};
    (void)state;
    assert_true(reply_fits(&spec, 7, formerr, sizeof formerr));
    assert_false(reply_fits(&spec, 7, empty, sizeof empty));
}

static void the_first_resolver_of_the_file_is_taken(void **state)
{
    struct hostport at;
    char text[HOSTPORT_TEXT];
    (void)state;
    assert_true(resolver_read("# nameserver 192.0.2.9\nsearch example.com\nnameserver\t192.0.2.1 \nnameserver 192.0.2.2\n", &at));
    assert_string_equal(hostport_format(&at, text), "192.0.2.1:53");
    assert_true(resolver_read("nameserver nonsense\nnameserver 2001:db8::1", &at));
    assert_string_equal(hostport_format(&at, text), "[2001:db8::1]:53");
    assert_false(resolver_read("", &at));
    assert_false(resolver_read("nameserver\nnameservers 192.0.2.1\nnameserver 999.1.1.1", &at));
}

/* A name server of one socket: what it sends back for the nth query. */
struct peer {
    int fd;
    struct hostport at;
    pthread_t thread;
    unsigned silent, queries; /* the first so many queries get nothing */
    uint16_t ids[8];
};

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    uint8_t query[512], forged[512];
    struct sockaddr_storage from;
    for (;;) {
        socklen_t from_len = sizeof from;
        const ssize_t len = recvfrom(peer->fd, query, sizeof query, 0, (struct sockaddr *)&from, &from_len);
        if (len <= 2) /* the test's farewell */
            return NULL;
        peer->ids[peer->queries & 7] = get_u16(query);
        if (peer->queries++ < peer->silent)
            continue;
        query[2] |= 0x80;
        memcpy(forged, query, (size_t)len);
        forged[0] ^= 1;
        sendto(peer->fd, forged, (size_t)len, 0, (struct sockaddr *)&from, from_len);
        sendto(peer->fd, query, (size_t)len, 0, (struct sockaddr *)&from, from_len);
    }
}

static void peer_start(struct peer *peer, unsigned silent)
{
    struct sockaddr_storage address;
    socklen_t len;
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_DGRAM, 0), .silent = silent};
    assert_true(hostport_parse("127.0.0.1:0", &peer->at));
    sockaddr_from(&peer->at, &address, &len);
    assert_int_equal(bind(peer->fd, (struct sockaddr *)&address, len), 0);
    assert_true(socket_local(peer->fd, &peer->at));
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static void peer_stop(struct peer *peer)
{
    const int fd = socket_connect(SOCK_DGRAM, &peer->at);
    assert_int_equal(send(fd, "", 1, 0), 1);
    pthread_join(peer->thread, NULL);
    close(fd);
    close(peer->fd);
}

static void a_lost_packet_is_sent_again_under_another_id_and_forged_replies_are_passed_over(void **state)
{
    struct peer peer;
    (void)state;
    peer_start(&peer, 1);
    struct exchange exchange = {.server = peer.at, .query = spec};
    exchanges_run(&exchange, 1, clock_ms() + 20000);
    peer_stop(&peer);
    assert_int_equal(exchange.outcome, OUTCOME_ANSWERED);
    assert_int_equal(exchange.passed_over, 1);
    assert_int_equal(peer.queries, 2);
    assert_true(reply_fits(&spec, peer.ids[1], exchange.reply, exchange.reply_len));
    exchanges_release(&exchange, 1);
}

static void many_run_at_the_same_time_and_none_beyond_the_deadline(void **state)
{
    struct exchange exchanges[40];
    struct peer good, dumb;
    (void)state;
    peer_start(&good, 0);
    peer_start(&dumb, 1000);
    for (unsigned i = 0; i < 40; i++)
        exchanges[i] = (struct exchange){.server = i % 2 ? good.at : dumb.at, .query = spec};
    const uint64_t begun_ms = clock_ms();
    exchanges_run(exchanges, 40, begun_ms + 500);
    assert_true(clock_ms() - begun_ms < 5000);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(exchanges[i].outcome, i % 2 ? OUTCOME_ANSWERED : OUTCOME_SILENT);
    exchanges_release(exchanges, 40);
    exchanges_run(exchanges, 1, begun_ms); /* too late */
    assert_int_equal(exchanges[0].outcome, OUTCOME_NOT_ASKED);
    peer_stop(&good);
    peer_stop(&dumb);
}

static void a_port_that_nobody_listens_at_is_told_at_once(void **state)
{
    struct peer peer;
    (void)state;
    peer_start(&peer, 0);
    peer_stop(&peer); /* its port is free again */
    struct exchange exchanges[] = {{.server = peer.at, .query = spec}, {.server = peer.at, .query = spec, .tcp = true}};
    exchanges_run(exchanges, 2, clock_ms() + 20000);
    assert_int_equal(exchanges[0].outcome, OUTCOME_CLOSED);
    assert_int_equal(exchanges[1].outcome, OUTCOME_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_to_the_question_fits),
        cmocka_unit_test(whatever_differs_does_not_fit),
        cmocka_unit_test(an_error_may_come_without_the_question_and_an_answer_may_not),
        cmocka_unit_test(the_first_resolver_of_the_file_is_taken),
        cmocka_unit_test(a_lost_packet_is_sent_again_under_another_id_and_forged_replies_are_passed_over),
        cmocka_unit_test(many_run_at_the_same_time_and_none_beyond_the_deadline),
        cmocka_unit_test(a_port_that_nobody_listens_at_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
