/* The real threads and sockets on loopback, around a small world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "dns/stream.h"
#include "example_world.h"
#include "platform/sockaddr.h"
#include "serve/connection.h"
#include "serve/serve.h"
#include "world.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

static struct test_world t;
static struct server *server;
static uint64_t generation;

static const struct tcp_config limits = {.idle_ms = 10000, .clients = 10000, .per_client = 250, .transfers = 2};

static int setup(void **state)
{
    static struct hostport listen[] = {{.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}},
                                       {.addr = {.family = FAMILY_V4}},
                                       {.addr = {.family = FAMILY_V6, .bytes = {[15] = 1}}}};
    struct error err;
    (void)state;
    if (test_setup(&t, example_files) != 0)
        return -1;
    server = server_new(&(struct server_config){.listen = listen, .listen_count = 3, .workers = 2, .tcp = limits}, &err);
    if (server == NULL || !snapshot_publish(snapshot_build(t.world, t.place, &t.state, t.services, NULL, 0, ++generation), &err) ||
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
    size_t octets = 0, answered = 0; /* sent; a query may have gone in part */
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    while (answered < QUERIES) { /* sends as far as it can before it reads a little */
        while (octets < QUERIES * len) {
            put_u16(one + 2, (uint16_t)(octets / len));
            const ssize_t n = send(fd, one + octets % len, len - octets % len, MSG_DONTWAIT);
            if (n < 0)
                break;
            octets += (size_t)n;
        }
        for (int i = 0; i < 200 && answered < octets / len; i++)
            expect_tcp_answer(fd, (uint16_t)answered++);
    }
    close(fd);
}

/* One octet a second is not silence, but no whole query either: the place is kept for limits.idle_ms. */
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

/* A stream of as many messages as the name's first label says: "7.sip.test.", each with the query's id and its own number. */
struct counted {
    struct stream stream;
    uint16_t id;
    unsigned made, count;
    size_t size;
};

static _Atomic unsigned streams_alive, streams_most;

static size_t next_counted(struct stream *stream, uint8_t *out, size_t room)
{
    struct counted *counted = (struct counted *)stream;
    assert_int_equal(room, MESSAGE_MAX);
    if (counted->made == counted->count)
        return 0;
    memset(out, 0, counted->size);
    put_u16(out, counted->id);
    put_u32(out + 12, counted->made++);
    return counted->size;
}

static void free_counted(struct stream *stream)
{
    streams_alive--;
    free(stream);
}

/* AXFR of "COUNT.sip.test." is ours; of "one.sip.test." it is refused with a message of its own. */
static size_t open_counted(void *context, struct special *special)
{
    const uint8_t *query = special->query;
    assert_ptr_equal(context, &t);
    assert_non_null(special->snapshot);
    assert_int_equal(special->asker->peer->family, FAMILY_V4);
    assert_int_equal(special->asker->channel, CHANNEL_TCP);
    assert_int_equal(get_u16(query + special->len - 4), TYPE_AXFR);
    struct counted *counted = mem_new(1, sizeof *counted);
    const unsigned count = (unsigned)strtoul((const char *)query + HEADER_LEN + 1, NULL, 10);
    *counted = (struct counted){.stream = {.next = next_counted, .free = free_counted, .transfer = count > 0},
                                .id = get_u16(query),
                                .count = count ? count : 1,
                                .size = count ? 5000 : HEADER_LEN + 4};
    if (++streams_alive > streams_most)
        streams_most = streams_alive;
    special->stream = &counted->stream;
    return 0;
}

static int setup_streams(const struct tcp_config *tcp)
{
    static struct hostport listen[] = {{.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}}};
    struct error err;
    streams_alive = streams_most = 0;
    if (test_setup(&t, example_files) != 0)
        return -1;
    server = server_new(&(struct server_config){.listen = listen, .listen_count = 1, .workers = 1, .tcp = *tcp}, &err);
    server_set_special(server, open_counted, &t);
    return snapshot_publish(snapshot_build(t.world, t.place, &t.state, t.services, NULL, 0, ++generation), &err) &&
                   server_start(server, &err)
               ? 0
               : -1;
}

static int setup_with_streams(void **state)
{
    (void)state;
    return setup_streams(&limits);
}

static int setup_with_impatient_streams(void **state)
{
    static const struct tcp_config impatient = {.idle_ms = 2000, .clients = 10, .per_client = 10, .transfers = 2};
    (void)state;
    return setup_streams(&impatient);
}

static void ask_transfer(int fd, const char *name, uint16_t id)
{
    uint8_t q[514];
    const size_t len = make_query(&(struct asked){.name = name, .type = TYPE_AXFR}, q + 2, 512);
    put_u16(q, (uint16_t)len);
    put_u16(q + 2, id);
    assert_int_equal(send(fd, q, len + 2, 0), len + 2);
}

static void expect_messages(int fd, uint16_t id, unsigned from, unsigned to)
{
    uint8_t length[2], message[5000];
    for (unsigned i = from; i < to; i++) {
        read_exactly(fd, length, 2);
        assert_int_equal(get_u16(length), sizeof message);
        read_exactly(fd, message, sizeof message);
        assert_int_equal(get_u16(message), id);
        assert_int_equal(get_u32(message + 12), i);
    }
}

static void expect_refusal(int fd, uint16_t id)
{
    uint8_t refusal[2 + HEADER_LEN + 4];
    read_exactly(fd, refusal, sizeof refusal);
    assert_int_equal(get_u16(refusal + 2), id);
}

static void wait_for_transfers(uint64_t count, uint64_t now)
{
    struct server_counters sum = {0};
    for (int tries = 0; tries < 500 && !(sum.transfers == count && sum.transferring == now); tries++) {
        usleep(10000);
        sum = server_counters(server);
    }
    assert_int_equal(sum.transfers, count);
    assert_int_equal(sum.transferring, now);
}

static void a_stream_comes_whole_between_the_answers_around_it(void **state)
{
    uint8_t q[514];
    (void)state;
    const int fd = client(SOCK_STREAM, 0, NULL);
    size_t len = framed(q, 1);
    assert_int_equal(send(fd, q, len, 0), len);
    ask_transfer(fd, "2000.sip.test.", 2);
    ask_transfer(fd, "one.sip.test.", 3);
    len = framed(q, 4);
    assert_int_equal(send(fd, q, len, 0), len);
    ask_transfer(fd, "1.sip.test.", 5);
    shutdown(fd, SHUT_WR);
    expect_tcp_answer(fd, 1);
    expect_messages(fd, 2, 0, 2000);
    expect_refusal(fd, 3);
    expect_tcp_answer(fd, 4);
    expect_messages(fd, 5, 0, 1);
    assert_closed(fd);
    wait_for_transfers(2, 0);
    assert_int_equal(streams_alive, 0);
}

/* Made as they are taken: ten thousand messages would be 50 MB. */
static void a_stream_waits_for_its_reader(void **state)
{
    (void)state;
    const int slow = client(SOCK_STREAM, 0, NULL), other = client(SOCK_STREAM, 0, NULL);
    uint8_t q[514];
    ask_transfer(slow, "10000.sip.test.", 7);
    wait_for_transfers(1, 1);
    expect_messages(slow, 7, 0, 10);
    for (uint16_t i = 0; i < 100; i++) {
        const size_t len = framed(q, i);
        assert_int_equal(send(other, q, len, 0), len);
        expect_tcp_answer(other, i);
    }
    wait_for_transfers(1, 1);
    expect_messages(slow, 7, 10, 10000);
    wait_for_transfers(1, 0);
    close(slow);
    close(other);
}

/* limits.transfers is 2. Who waits may go before its turn, and the next has it. */
static void more_transfers_than_places_wait_and_refusals_do_not(void **state)
{
    int fds[5];
    (void)state;
    for (uint16_t i = 0; i < 5; i++) {
        fds[i] = client(SOCK_STREAM, 0, NULL);
        ask_transfer(fds[i], i == 4 ? "one.sip.test." : "10000.sip.test.", i);
        if (i == 1)
            wait_for_transfers(2, 2);
    }
    expect_refusal(fds[4], 4);
    expect_messages(fds[0], 0, 0, 10000);
    wait_for_transfers(3, 2);
    close(fds[1]); /* in the middle of its own */
    wait_for_transfers(4, 2);
    expect_messages(fds[2], 2, 0, 10000);
    expect_messages(fds[3], 3, 0, 10000);
    wait_for_transfers(4, 0);
    assert_int_equal(streams_alive, 0);
    for (unsigned i = 0; i < 5; i++)
        if (i != 1)
            close(fds[i]);
}

/* Never silent for the idle time of 2 s, but slower than 64 KiB in 6 s. */
static void a_transfer_that_crawls_gives_its_place_back(void **state)
{
    uint8_t octets[3500];
    struct server_counters sum = {0};
    size_t count;
    struct sockaddr_storage to;
    socklen_t len;
    const int buffer = 4096, fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    sockaddr_from(server_addresses(server, &count), &to, &len);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
    ask_transfer(fd, "10000.sip.test.", 7);
    for (unsigned i = 0; i < 60 && sum.tcp_drops[DROP_TRANSFER] == 0; i++) {
        usleep(500000);
        (void)recv(fd, octets, sizeof octets, MSG_DONTWAIT);
        sum = server_counters(server);
    }
    assert_int_equal(sum.tcp_drops[DROP_TRANSFER], 1);
    assert_int_equal(sum.tcp_drops[DROP_STALLED], 0);
    assert_int_equal(sum.transferring, 0);
    assert_int_equal(streams_alive, 0);
    close(fd);
}

/* The same pace is no reason to drop who has no transfer: an answer of whatever length is taken in its client's time. */
static void a_slow_reader_of_answers_is_not_dropped(void **state)
{
    enum { QUERIES = 3000 };
    uint8_t one[514], octets[3500];
    const size_t len = framed(one, 0);
    struct sockaddr_storage to;
    socklen_t to_len;
    size_t count, sent = 0, got = 0;
    const int buffer = 4096, fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    sockaddr_from(server_addresses(server, &count), &to, &to_len);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, to_len), 0);
    for (unsigned i = 0; i < 24; i++) { /* 12 s: six idle times, 84 of some 150 KB */
        while (sent < QUERIES && send(fd, one, len, MSG_DONTWAIT) == (ssize_t)len)
            sent++;
        usleep(500000);
        const ssize_t n = recv(fd, octets, sizeof octets, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
    }
    const struct server_counters sum = server_counters(server);
    assert_int_equal(sum.tcp_drops[DROP_STALLED] + sum.tcp_drops[DROP_IDLE], 0);
    assert_int_equal(sum.tcp_open, 1);
    assert_true(got > 20000);
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
        assert_true(snapshot_publish(snapshot_build(t.world, t.place, &t.state, t.services, snapshot_current(), 0, ++generation), &err));
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

static void the_limits_in_the_documents_are_those_of_the_code(void **state)
{
    static char page[1 << 16];
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/docs/transports.md", "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    char *rows[] = {
        mem_format("| answers waiting for one client before no more of its queries are read | %d KiB |", OUTPUT_MAX >> 10),
        mem_format("| octets waiting in all connections' buffers | %d MiB |", HELD_MAX >> 20),
        mem_format("| queries of one connection that are answered before others have their turn | %d |", QUERIES_PER_TURN),
        mem_format("beyond %d they are refused | 10 |", TRANSFERS_WAITING),
        mem_format("| a transfer of which less than %d KiB are taken | %d s | %d times", TRANSFER_PACE >> 10, TRANSFER_IDLES * 10,
                   TRANSFER_IDLES),
        mem_format("and every %d hours.", CREDENTIALS_AGE_S / 3600),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strstr(page, rows[i]) == NULL)
            fail_msg("docs/transports.md does not say: %s", rows[i]);
        free(rows[i]);
    }
    for (unsigned why = 0; why < TCP_DROPS; why++) {
        char *row = mem_format("| `%s` |", tcp_drop_text(why));
        assert_non_null(strstr(page, row));
        free(row);
    }
}

static void an_address_in_use_is_told(void **state)
{
    size_t count;
    struct error err = {""};
    (void)state;
    struct hostport taken = server_addresses(server, &count)[0];
    assert_null(server_new(&(struct server_config){.listen = &taken, .listen_count = 1, .workers = 1, .tcp = limits}, &err));
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
#define STREAM_CASE(name) cmocka_unit_test_setup_teardown(name, setup_with_streams, teardown)
        STREAM_CASE(a_stream_comes_whole_between_the_answers_around_it),
        STREAM_CASE(a_stream_waits_for_its_reader),
        STREAM_CASE(more_transfers_than_places_wait_and_refusals_do_not),
        cmocka_unit_test_setup_teardown(a_transfer_that_crawls_gives_its_place_back, setup_with_impatient_streams, teardown),
        cmocka_unit_test_setup_teardown(a_slow_reader_of_answers_is_not_dropped, setup_with_impatient_streams, teardown),
        CASE(nothing_is_lost_while_snapshots_are_swapped),
        CASE(counters_say_what_was_done),
        cmocka_unit_test(the_limits_in_the_documents_are_those_of_the_code),
        CASE(an_address_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
