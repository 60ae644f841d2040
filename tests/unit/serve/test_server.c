/* The real threads and sockets on loopback, around a small world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "platform/sockaddr.h"
#include "serve/serve.h"
#include "world.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

static struct test_world t;
static struct server *server;
static uint64_t generation;

static int setup(void **state)
{
    static const struct hostport listen[] = {{.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}},
                                             {.addr = {.family = FAMILY_V4}},
                                             {.addr = {.family = FAMILY_V6, .bytes = {[15] = 1}}}};
    struct error err;
    (void)state;
    if (test_setup(&t, example_files) != 0)
        return -1;
    server = server_new(listen, 3, 2, &err);
    if (server == NULL || !snapshot_publish(snapshot_build(t.world, t.place, &t.state, t.services, NULL, ++generation), &err) ||
        !server_start(server, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_free(server);
    snapshot_withdraw();
    generation = 0;
    test_release(&t, example_files);
    return 0;
}

/* A blocking socket connected to one of the server's addresses, that waits at most 5 s for an answer. */
static int client(int type, size_t address, const char *host)
{
    size_t count;
    struct hostport at = server_addresses(server, &count)[address];
    const struct timeval patience = {.tv_sec = 5};
    struct sockaddr_storage to;
    socklen_t len;
    if (host)
        addr_parse(host, &at.addr);
    sockaddr_from(&at, &to, &len);
    const int fd = socket(to.ss_family, type, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static size_t web_query(uint8_t out[512], uint16_t id)
{
    const size_t len = make_query(&(struct asked){.name = "web.sip.test.", .type = TYPE_A}, out, 512);
    put_u16(out, id);
    return len;
}

static void assert_web_answer(const uint8_t *octets, size_t len, uint16_t id)
{
    char *text = decode_message(octets, len);
    assert_int_equal(get_u16(octets), id);
    assert_string_equal(text, "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\n");
    free(text);
}

static void ask_udp(int fd, uint16_t id)
{
    uint8_t q[512], answer[UDP_CAP];
    const size_t len = web_query(q, id);
    assert_int_equal(send(fd, q, len, 0), len);
    const ssize_t got = recv(fd, answer, sizeof answer, 0);
    assert_true(got > 0);
    assert_web_answer(answer, (size_t)got, id);
}

static void read_exactly(int fd, uint8_t *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t got = recv(fd, to + at, len - at, 0);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

static void expect_tcp_answer(int fd, uint16_t id)
{
    uint8_t length[2], answer[4096];
    read_exactly(fd, length, 2);
    read_exactly(fd, answer, get_u16(length));
    assert_web_answer(answer, get_u16(length), id);
}

static size_t framed(uint8_t out[514], uint16_t id)
{
    const size_t len = web_query(out + 2, id);
    put_u16(out, (uint16_t)len);
    return len + 2;
}

static void assert_closed(int fd)
{
    uint8_t octet;
    const ssize_t got = recv(fd, &octet, 1, 0);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
    close(fd);
}

static void udp_is_answered_on_every_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const int fd = client(SOCK_DGRAM, i, i == 1 ? "127.0.0.1" : NULL);
        ask_udp(fd, (uint16_t)(100 + i));
        close(fd);
    }
}

/* A connected socket takes answers from the address it asked only: the proof that the wildcard's answers come from there. */
static void the_wildcard_answers_from_the_address_asked(void **state)
{
    (void)state;
    const int fd = client(SOCK_DGRAM, 1, "127.0.0.77");
    ask_udp(fd, 7);
    close(fd);
}

static void fifty_pipelined_queries_get_fifty_answers_in_order(void **state)
{
    uint8_t all[50 * 64];
    size_t len = 0;
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    for (uint16_t i = 0; i < 50; i++) {
        uint8_t one[514];
        const size_t n = framed(one, i);
        memcpy(all + len, one, n);
        len += n;
    }
    assert_int_equal(send(fd, all, len, 0), len);
    for (uint16_t i = 0; i < 50; i++)
        expect_tcp_answer(fd, i);
    close(fd);
}

static void a_query_in_single_octets_is_answered(void **state)
{
    uint8_t q[514];
    const size_t len = framed(q, 9);
    (void)state;
    const int fd = client(SOCK_STREAM, 2, NULL);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(send(fd, q + i, 1, 0), 1);
    expect_tcp_answer(fd, 9);
    close(fd);
}

static void a_half_closed_connection_still_gets_its_answers(void **state)
{
    uint8_t q[514];
    const size_t len = framed(q, 3);
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    assert_int_equal(send(fd, q, len, 0), len);
    shutdown(fd, SHUT_WR);
    expect_tcp_answer(fd, 3);
    assert_closed(fd);
}

static void a_length_that_no_query_has_ends_the_connection_and_the_next_works(void **state)
{
    uint8_t q[514];
    (void)state;
    int fd = client(SOCK_STREAM, 0, NULL);
    assert_int_equal(send(fd, "\0\0", 2, 0), 2);
    assert_closed(fd);
    fd = client(SOCK_STREAM, 0, NULL);
    assert_int_equal(send(fd, "\0\13garbage-gar", 13, 0), 13);
    assert_closed(fd);
    fd = client(SOCK_STREAM, 0, NULL);
    const size_t len = framed(q, 4);
    assert_int_equal(send(fd, q, len, 0), len);
    expect_tcp_answer(fd, 4);
    memcpy(q + len, "\0\0", 2); /* what was asked before the nonsense is still answered */
    assert_int_equal(send(fd, q, len + 2, 0), len + 2);
    expect_tcp_answer(fd, 4);
    assert_closed(fd);
}

static void a_slow_reader_loses_nothing_of_its_own(void **state)
{
    enum { QUERIES = 20000 };
    uint8_t one[514];
    const size_t len = framed(one, 0);
    size_t sent = 0, answered = 0;
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    while (sent < QUERIES || answered < QUERIES) { /* sends as far as it can before it reads a little */
        while (sent < QUERIES) {
            put_u16(one + 2, (uint16_t)sent);
            const ssize_t n = send(fd, one, len, MSG_DONTWAIT);
            if (n < 0)
                break;
            if ((size_t)n < len)
                assert_int_equal(send(fd, one + n, len - (size_t)n, 0), len - (size_t)n);
            sent++;
        }
        for (int i = 0; i < 200 && answered < sent; i++)
            expect_tcp_answer(fd, (uint16_t)answered++);
    }
    close(fd);
}

/* One octet a second is not silence, but no whole query either: the place is kept for TCP_IDLE_S, as docs/query-path.md says. */
static void a_query_in_drops_holds_its_place_for_ten_seconds_only(void **state)
{
    uint8_t q[514], octet;
    const size_t len = framed(q, 1);
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    unsigned seconds = 0;
    for (; seconds < 20; seconds++) {
        if (send(fd, q + seconds % len, 1, MSG_NOSIGNAL) != 1)
            break;
        sleep(1);
        if (recv(fd, &octet, 1, MSG_DONTWAIT) == 0)
            break;
    }
    assert_in_range(seconds, 8, 15);
    close(fd);
}

static void nothing_is_lost_while_snapshots_are_swapped(void **state)
{
    struct error err;
    (void)state;
    const int fd = client(SOCK_DGRAM, 0, NULL), tcp = client(SOCK_STREAM, 0, NULL);
    for (uint16_t i = 0; i < 500; i++) {
        uint8_t q[514];
        const size_t len = framed(q, i);
        t.health[i % 4].overall = i % 8 < 4 ? VERDICT_DOWN : VERDICT_UP;
        assert_true(snapshot_publish(snapshot_build(t.world, t.place, &t.state, t.services, snapshot_current(), ++generation), &err));
        ask_udp(fd, i);
        assert_int_equal(send(tcp, q, len, 0), len);
        expect_tcp_answer(tcp, i);
    }
    close(fd);
    close(tcp);
}

static void counters_say_what_was_done(void **state)
{
    uint8_t q[512], answer[UDP_CAP];
    (void)state;
    const int fd = client(SOCK_DGRAM, 0, NULL);
    ask_udp(fd, 1);
    size_t len = make_query(&(struct asked){.name = "no.sip.test.", .type = TYPE_A}, q, sizeof q);
    send(fd, q, len, 0);
    assert_true(recv(fd, answer, sizeof answer, 0) > 0);
    len = make_query(&(struct asked){.name = "sip.test.", .type = TYPE_A}, q, sizeof q);
    send(fd, q, len, 0);
    assert_true(recv(fd, answer, sizeof answer, 0) > 0);
    struct server_counters sum = server_counters(server);
    for (int tries = 0; tries < 200 && sum.udp_queries < 3; tries++) { /* the worker counts in its own time */
        usleep(10000);
        sum = server_counters(server);
    }
    assert_int_equal(sum.udp_queries, 3);
    assert_int_equal(sum.udp_answers, 3);
    assert_int_equal(sum.rcodes[RCODE_NOERROR], 2);
    assert_int_equal(sum.rcodes[RCODE_NXDOMAIN], 1);
    assert_int_equal(sum.steered, 1);
    close(fd);
}

static void an_address_in_use_is_told(void **state)
{
    size_t count;
    struct error err = {""};
    (void)state;
    const struct hostport taken = server_addresses(server, &count)[0];
    assert_null(server_new(&taken, 1, 1, &err));
    assert_non_null(strstr(err.text, "TCP: cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(err.text, "Address already in use"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(udp_is_answered_on_every_address),
        CASE(the_wildcard_answers_from_the_address_asked),
        CASE(fifty_pipelined_queries_get_fifty_answers_in_order),
        CASE(a_query_in_single_octets_is_answered),
        CASE(a_half_closed_connection_still_gets_its_answers),
        CASE(a_length_that_no_query_has_ends_the_connection_and_the_next_works),
        CASE(a_slow_reader_loses_nothing_of_its_own),
        CASE(a_query_in_drops_holds_its_place_for_ten_seconds_only),
        CASE(nothing_is_lost_while_snapshots_are_swapped),
        CASE(counters_say_what_was_done),
        CASE(an_address_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
