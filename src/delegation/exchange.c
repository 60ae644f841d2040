#include "delegation/exchange.h"

#include "base/clock.h"
#include "base/memory.h"
#include "platform/sockaddr.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { QUERY_MAX = HEADER_LEN + NAME_OCTETS + 4 + OPT_LEN, LENGTH_OCTETS = 2 };

/* An exchange under way. */
struct flight {
    struct exchange *exchange;
    int fd; /* -1: landed */
    bool tcp;
    unsigned tries;
    uint16_t id;
    uint64_t until_ms, deadline_ms;
    uint8_t out[LENGTH_OCTETS + QUERY_MAX];
    size_t out_len, sent;
    uint8_t *in; /* TCP: length and message as far as they came; else a datagram's room */
    size_t in_len;
};

static bool sound(struct records *records)
{
    struct rr rr;
    while (records_next(records, &rr)) {
    }
    return !records->bad;
}

bool reply_fits(const struct query_spec *query, uint16_t id, const uint8_t *octets, size_t len)
{
    struct records records;
    if (!records_begin(&records, octets, len) || records.id != id || !(records.flags & FLAG_QR) || !sound(&records))
        return false;
    if ((records.flags ^ query->flags) & FLAG_OPCODE)
        return false;
    if (!records.has_question) /* servers that cannot read the question send none back */
        return records_rcode(&records) != RCODE_NOERROR;
    uint8_t name[NAME_OCTETS];
    const size_t name_octets = name_len(query->name);
    memcpy(name, query->name, name_octets);
    name_fold(name, name_octets);
    return records.qtype == query->type && records.qclass == query->class && records.qname_len == name_octets &&
           memcmp(records.qname, name, name_octets) == 0;
}

static void land(struct flight *flight, enum outcome outcome)
{
    if (flight->fd >= 0)
        close(flight->fd);
    flight->fd = -1;
    flight->exchange->outcome = outcome == OUTCOME_SILENT && flight->exchange->passed_over ? OUTCOME_NONSENSE : outcome;
}

static enum outcome outcome_of(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == EPIPE || error == 0 ? OUTCOME_CLOSED : OUTCOME_UNREACHABLE;
}

static void write_out(struct flight *flight)
{
    struct query_spec query = flight->exchange->query;
    struct writer w = writer_over(flight->out, sizeof flight->out);
    uint16_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint16_t)clock_ns(); /* never on Linux for so few octets */
    query.id = flight->id = random;
    write_u16(&w, 0);
    query_write(&w, &query);
    flight->out_len = writer_len(&w);
    put_u16(flight->out, (uint16_t)(flight->out_len - LENGTH_OCTETS));
    flight->sent = flight->in_len = 0;
}

/* A new socket, so a new port: the kernel chooses it at random. */
static bool take_off(struct flight *flight, bool tcp)
{
    const uint64_t now_ms = clock_ms(), until_ms = now_ms + (tcp ? TCP_MS : TRY_MS);
    if (flight->fd >= 0)
        close(flight->fd);
    flight->tcp = tcp;
    flight->until_ms = until_ms < flight->deadline_ms ? until_ms : flight->deadline_ms;
    flight->fd = socket_connect(tcp ? SOCK_STREAM : SOCK_DGRAM, &flight->exchange->server);
    if (flight->fd < 0)
        land(flight, outcome_of(errno));
    else
        write_out(flight);
    return flight->fd >= 0;
}

static void try_udp(struct flight *flight)
{
    flight->tries++;
    if (!take_off(flight, false))
        return;
    if (send(flight->fd, flight->out + LENGTH_OCTETS, flight->out_len - LENGTH_OCTETS, 0) < 0)
        land(flight, outcome_of(errno));
}

/* Takes the message, if it is the answer; a cut one is asked for again over TCP. */
static void consider(struct flight *flight, const uint8_t *octets, size_t len)
{
    struct exchange *exchange = flight->exchange;
    if (!reply_fits(&exchange->query, flight->id, octets, len)) {
        exchange->passed_over++;
        if (flight->tcp)
            land(flight, OUTCOME_NONSENSE);
        return;
    }
    if (!flight->tcp && get_u16(octets + 2) & FLAG_TC) {
        take_off(flight, true);
        return;
    }
    exchange->reply = mem_copy(octets, len);
    exchange->reply_len = len;
    land(flight, OUTCOME_ANSWERED);
}

static void receive_datagram(struct flight *flight)
{
    const ssize_t got = recv(flight->fd, flight->in, MESSAGE_MAX, 0);
    if (got >= 0)
        consider(flight, flight->in, (size_t)got);
    else if (errno != EAGAIN && errno != EINTR)
        land(flight, outcome_of(errno));
}

static void send_stream(struct flight *flight)
{
    const ssize_t sent = send(flight->fd, flight->out + flight->sent, flight->out_len - flight->sent, MSG_NOSIGNAL);
    if (sent > 0)
        flight->sent += (size_t)sent;
    else if (errno != EAGAIN && errno != EINTR)
        land(flight, outcome_of(errno));
}

static void receive_stream(struct flight *flight)
{
    const size_t whole = flight->in_len < LENGTH_OCTETS ? LENGTH_OCTETS : LENGTH_OCTETS + (size_t)get_u16(flight->in);
    const ssize_t got = recv(flight->fd, flight->in + flight->in_len, whole - flight->in_len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        land(flight, outcome_of(got < 0 ? errno : 0));
        return;
    }
    flight->in_len += (size_t)got;
    if (flight->in_len == LENGTH_OCTETS + (size_t)get_u16(flight->in) && flight->in_len > LENGTH_OCTETS)
        consider(flight, flight->in + LENGTH_OCTETS, flight->in_len - LENGTH_OCTETS);
}

static void advance(struct flight *flight)
{
    if (!flight->tcp)
        receive_datagram(flight);
    else if (flight->sent < flight->out_len)
        send_stream(flight);
    else
        receive_stream(flight);
}

static void expire(struct flight *flight, uint64_t now_ms)
{
    if (!flight->tcp && flight->tries < TRIES && now_ms < flight->deadline_ms)
        try_udp(flight);
    else
        land(flight, OUTCOME_SILENT);
}

/* Waits for the first of them, at most until the next one expires. False: all have landed. */
static bool wait_for_any(struct flight *flights, struct pollfd *polls, size_t count)
{
    uint64_t until_ms = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const bool sending = flights[i].tcp && flights[i].sent < flights[i].out_len;
        polls[i] = (struct pollfd){.fd = flights[i].fd, .events = sending ? POLLOUT : POLLIN};
        if (flights[i].fd >= 0 && flights[i].until_ms < until_ms)
            until_ms = flights[i].until_ms;
    }
    if (until_ms == UINT64_MAX)
        return false;
    const uint64_t now_ms = clock_ms();
    poll(polls, count, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
    return true;
}

/* One exchange; the flight's room for what comes in is there. */
static void launch(struct flight *flight, struct exchange *exchange, uint64_t deadline_ms)
{
    *flight = (struct flight){.exchange = exchange, .fd = -1, .deadline_ms = deadline_ms, .in = mem_new(LENGTH_OCTETS + MESSAGE_MAX, 1)};
    exchange->outcome = OUTCOME_NOT_ASKED;
    if (clock_ms() >= deadline_ms)
        return;
    if (exchange->tcp)
        take_off(flight, true);
    else
        try_udp(flight);
}

void exchanges_run(struct exchange *exchanges, size_t count, uint64_t deadline_ms)
{
    struct flight *flights = mem_new(count + 1, sizeof *flights);
    struct pollfd *polls = mem_new(count + 1, sizeof *polls);
    for (size_t i = 0; i < count; i++)
        launch(&flights[i], &exchanges[i], deadline_ms);
    while (wait_for_any(flights, polls, count)) {
        const uint64_t now_ms = clock_ms();
        for (size_t i = 0; i < count; i++) {
            if (flights[i].fd >= 0 && polls[i].revents)
                advance(&flights[i]);
            if (flights[i].fd >= 0 && flights[i].until_ms <= now_ms)
                expire(&flights[i], now_ms);
        }
    }
    for (size_t i = 0; i < count; i++)
        free(flights[i].in);
    free(flights);
    free(polls);
}

void exchanges_release(struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(exchanges[i].reply);
}
