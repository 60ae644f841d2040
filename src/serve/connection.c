#include "serve/connection.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "dns/stream.h"
#include "platform/listen.h"
#include "platform/sockaddr.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <stdlib.h>

/* Deferred: no callback runs inside a call of ours, so that a client that goes while it is being answered is not freed under our hands. */
enum { WIRE_OPTIONS = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS };

static size_t input_len(const struct connection *connection)
{
    return evbuffer_get_length(bufferevent_get_input(connection->wire));
}

static size_t output_len(const struct connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->wire));
}

static struct line *line_of(const struct connection *connection)
{
    return connection->handshaking ? &connection->server->handshaking : &connection->server->quiet;
}

/* It has done something that counts. */
static void moved(struct connection *connection)
{
    struct line *line = line_of(connection);
    TAILQ_REMOVE(line, connection, in_line);
    TAILQ_INSERT_TAIL(line, connection, in_line);
    connection->moved_ms = clock_ms();
}

/* Keeps the sum of all that waits in buffers. */
static void account(struct connection *connection)
{
    const size_t held = input_len(connection) + output_len(connection);
    connection->server->held += held - connection->held;
    connection->held = held;
}

bool connection_owes(const struct connection *connection)
{
    return output_len(connection) > 0 || connection->stream || connection->has_turn;
}

/* The kernel's buffers are looked into: libevent sees only that they take more, which is long after a slow reader has taken something. */
bool connection_takes(struct connection *connection, uint64_t now_ms)
{
    const int64_t left = (int64_t)(output_len(connection) + socket_unacknowledged(bufferevent_getfd(connection->wire)));
    const int64_t taken = connection->given - left;
    if (connection->waiting || connection->taken_ms < connection->moved_ms || taken > connection->taken) {
        connection->taken = taken;
        connection->taken_ms = now_ms;
    }
    return now_ms - connection->taken_ms < connection->server->limits.idle_ms;
}

/* --- turns */

/* Nothing more is read until then: libevent would call again and again for a full buffer that we leave as it is. */
static void want_turn(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    if (connection->has_turn)
        return;
    connection->has_turn = true;
    bufferevent_disable(connection->wire, EV_READ);
    TAILQ_INSERT_TAIL(&server->turns, connection, in_turns);
    event_active(server->turn, EV_TIMEOUT, 1);
}

static void leave_turns(struct connection *connection)
{
    if (connection->has_turn)
        TAILQ_REMOVE(&connection->server->turns, connection, in_turns);
    connection->has_turn = false;
}

/* --- streams */

static void leave_waiting(struct connection *connection)
{
    if (!connection->waiting)
        return;
    connection->waiting = false;
    connection->server->waiting_count--;
    TAILQ_REMOVE(&connection->server->waiting, connection, in_waiting);
}

static void take_transfer_place(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    leave_waiting(connection);
    connection->transferring = true;
    connection->paced = connection->given;
    connection->paced_ms = clock_ms();
    server->transfers++;
    counter_add(&server->counters.transfers, 1);
    counter_add(&server->counters.transferring, 1);
    moved(connection);
}

static void give_transfer_place(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    if (!connection->transferring)
        return;
    connection->transferring = false;
    server->transfers--;
    counter_add(&server->counters.transferring, (uint64_t)-1);
    struct connection *next = TAILQ_FIRST(&server->waiting);
    if (next) {
        take_transfer_place(next);
        want_turn(next);
    }
}

static void end_stream(struct connection *connection)
{
    struct stream *stream = connection->stream;
    connection->stream = NULL;
    leave_waiting(connection);
    give_transfer_place(connection);
    if (stream)
        stream->free(stream);
}

static void begin_stream(struct connection *connection, struct stream *stream)
{
    struct tcp_server *server = connection->server;
    connection->stream = stream;
    if (stream->transfer && server->transfers >= server->limits.transfers) {
        connection->waiting = true;
        server->waiting_count++;
        TAILQ_INSERT_TAIL(&server->waiting, connection, in_waiting);
        return;
    }
    if (stream->transfer)
        take_transfer_place(connection);
    want_turn(connection);
}

static void send_message(struct connection *connection, size_t len)
{
    uint8_t *octets = connection->server->answer;
    put_u16(octets, (uint16_t)len);
    bufferevent_write(connection->wire, octets, LENGTH_OCTETS + len);
    connection->given += (int64_t)(LENGTH_OCTETS + len);
}

/* As many messages as the client has room for, but no more than a turn's worth: what TLS takes is gone from the output at once. */
static void pull_stream(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    for (size_t pulled = 0; output_len(connection) <= OUTPUT_LOW && pulled < OUTPUT_MAX;) {
        const size_t len = connection->stream->next(connection->stream, server->answer + LENGTH_OCTETS, MESSAGE_MAX);
        if (len == 0) {
            end_stream(connection);
            return;
        }
        invariant(len <= MESSAGE_MAX);
        send_message(connection, len);
        pulled += LENGTH_OCTETS + len;
        moved(connection);
    }
    if (connection->given - connection->paced >= TRANSFER_PACE) {
        connection->paced = connection->given;
        connection->paced_ms = connection->moved_ms;
    }
    if (output_len(connection) <= OUTPUT_LOW)
        want_turn(connection);
}

/* --- queries */

/* One query and what became of it. */
struct exchange {
    size_t len, made; /* of the query, as it was understood (a signature is off), and of the answer */
    struct answered answered;
    struct stream *stream; /* instead of an answer */
    struct sample sample;
    struct tap_view tap;
    unsigned tapped; /* as of tap_choose() */
    uint64_t asked_ns;
};

/* The answer, or a stream. */
static void make_answer(struct connection *connection, struct exchange *exchange)
{
    struct tcp_server *server = connection->server;
    struct answered *answered = &exchange->answered;
    const struct asker asker = {.peer = &connection->peer.addr,
                                .channel = connection->tls ? CHANNEL_TLS : CHANNEL_TCP,
                                .draw = server->draw++,
                                .now_s = (uint32_t)clock_wall_s(),
                                .idle_ds = (uint16_t)(server->limits.idle_ms / 100),
                                .sample = &exchange->sample};
    uint8_t *out = server->answer + LENGTH_OCTETS;
    const struct snapshot *snapshot = snapshot_current();
    if (exchange->tap.on)
        exchange->tapped = tap_choose(&exchange->tap, asker.draw);
    exchange->made = answer_query(snapshot, server->query, exchange->len, &asker, out, MESSAGE_MAX, answered);
    if (answered->steered) /* each, for a query over TCP costs much more than that */
        demand_count(server->demand, &exchange->sample, 1);
    if (!answered->special || !server->special)
        return;
    struct special special = {snapshot, server->query, exchange->len, &asker, out, MESSAGE_MAX, exchange->made, answered, NULL};
    const size_t instead = server->special(server->special_context, &special);
    exchange->len = special.len;
    if (special.stream && special.stream->transfer && server->waiting_count >= TRANSFERS_WAITING) {
        special.stream->free(special.stream);
        return; /* the refusal */
    }
    exchange->stream = special.stream;
    exchange->made = instead;
}

/* Inside of the snapshot's use. */
static void show(const struct connection *connection, const struct exchange *exchange)
{
    const struct tcp_server *server = connection->server;
    const struct answered *answered = &exchange->answered;
    struct tap_record record = {.asked_ns = exchange->asked_ns,
                                .answered_ns = clock_ns(),
                                .generation = snapshot_generation(snapshot_current()),
                                .client = connection->peer,
                                .query_len = (uint32_t)exchange->len,
                                .answer_len = exchange->stream ? 0 : (uint32_t)exchange->made,
                                .channel = connection->tls ? CHANNEL_TLS : CHANNEL_TCP,
                                .outcome = exchange->stream ? TAP_STREAMED : TAP_ANSWERED,
                                .rcode = answered->rcode,
                                .badcookie = answered->badcookie,
                                .truncated = answered->truncated,
                                .steered = answered->steered,
                                .sample = answered->steered ? exchange->sample : (struct sample){0}};
    if (!socket_local(bufferevent_getfd(connection->wire), &record.server))
        record.server = (struct hostport){0};
    tap_put(&exchange->tap, exchange->tapped, &record, server->query, server->answer + LENGTH_OCTETS);
    tap_end(&exchange->tap);
}

static void answer_one(struct connection *connection, size_t len)
{
    struct tcp_server *server = connection->server;
    struct exchange exchange = {.len = len};
    tap_look(server->tap, &exchange.tap);
    if (exchange.tap.on)
        exchange.asked_ns = clock_ns();
    snapshot_enter();
    make_answer(connection, &exchange);
    if (exchange.tapped && (exchange.made || exchange.stream))
        show(connection, &exchange);
    snapshot_leave();
    counter_add(&server->counters.shared.queries, 1);
    counter_add(&server->counters.tls_queries, connection->tls);
    if (exchange.stream == NULL && exchange.made == 0) {
        counter_add(&server->counters.shared.dropped, 1);
        return;
    }
    moved(connection);
    if (exchange.stream) {
        counter_add(&server->counters.shared.answers, 1);
        begin_stream(connection, exchange.stream);
    } else {
        count_answer(&server->counters.shared, &exchange.answered);
        send_message(connection, exchange.made);
    }
}

/* The whole queries that have come, a turn's worth of them, unless the client does not fetch its answers. False: it talks no DNS. */
static bool answer_waiting(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->wire);
    uint8_t length[LENGTH_OCTETS];
    for (unsigned done = 0; !connection->stream && output_len(connection) <= OUTPUT_MAX; done++) {
        if (evbuffer_copyout(in, length, sizeof length) < LENGTH_OCTETS)
            break;
        const size_t len = get_u16(length);
        if (len < HEADER_LEN)
            return false;
        if (evbuffer_get_length(in) < LENGTH_OCTETS + len)
            break;
        if (done == QUERIES_PER_TURN) {
            want_turn(connection);
            break;
        }
        evbuffer_drain(in, LENGTH_OCTETS);
        evbuffer_remove(in, connection->server->query, len);
        answer_one(connection, len);
    }
    return true;
}

static void set_reading(struct connection *connection)
{
    const bool reads = bufferevent_get_enabled(connection->wire) & EV_READ;
    const bool shall = !connection->ending && !connection->stream && !connection->has_turn && output_len(connection) <= OUTPUT_MAX;
    if (shall && !reads)
        bufferevent_enable(connection->wire, EV_READ);
    else if (!shall && reads)
        bufferevent_disable(connection->wire, EV_READ);
}

/* What is to be done now for this connection; it may be gone afterwards. */
static void go_on(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    if (connection->stream && !connection->waiting)
        pull_stream(connection);
    if (!answer_waiting(connection)) { /* what was asked before is still answered */
        counter_add(&server->counters.drops[DROP_GARBAGE], 1);
        evbuffer_drain(bufferevent_get_input(connection->wire), input_len(connection));
        connection->ending = true;
    }
    if (connection->ending && !connection_owes(connection)) {
        connection_close(connection);
        return;
    }
    set_reading(connection);
    account(connection);
    connections_relieve(server);
}

void connection_take_turn(struct tcp_server *server)
{
    struct connection *connection = TAILQ_FIRST(&server->turns);
    if (connection == NULL)
        return;
    leave_turns(connection);
    go_on(connection);
    if (!TAILQ_EMPTY(&server->turns))
        event_active(server->turn, EV_TIMEOUT, 1);
}

/* --- what the wire tells */

static void on_read(struct bufferevent *wire, void *context)
{
    struct connection *connection = context;
    (void)wire;
    if (!connection->has_turn)
        go_on(connection);
}

/* The client has taken what waited for it. */
static void on_written(struct bufferevent *wire, void *context)
{
    struct connection *connection = context;
    (void)wire;
    if (connection->has_turn)
        return;
    if (connection->stream && !connection->waiting) {
        want_turn(connection);
        return;
    }
    moved(connection);
    go_on(connection);
}

static void start_serving(struct connection *connection)
{
    /* No high mark for reading: above it libevent would leave octets in OpenSSL that no event tells of. What is read at a time is bounded all the same. */
    bufferevent_setwatermark(connection->wire, EV_READ, 0, 0);
    bufferevent_setwatermark(connection->wire, EV_WRITE, OUTPUT_LOW, 0);
    bufferevent_enable(connection->wire, EV_READ | EV_WRITE);
}

/* libevent has given its events the ordinary priority with the end of the handshake; the callbacks follow. */
static void end_handshake(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    TAILQ_REMOVE(&server->handshaking, connection, in_line);
    TAILQ_INSERT_TAIL(&server->quiet, connection, in_line);
    connection->handshaking = false;
    connection->moved_ms = clock_ms();
    server->handshake_count--;
    counter_add(&server->counters.tls_handshakes, 1);
    counter_add(&server->counters.tls_resumed, (uint64_t)SSL_session_reused(bufferevent_openssl_get_ssl(connection->wire)));
    bufferevent_priority_set(connection->wire, PRIORITY_CLIENTS);
    start_serving(connection);
}

static void on_event(struct bufferevent *wire, short what, void *context)
{
    struct connection *connection = context;
    (void)wire;
    if (what & BEV_EVENT_CONNECTED) {
        end_handshake(connection);
    } else if (connection->handshaking) {
        connection_drop(connection, DROP_HANDSHAKE);
    } else if (what & (BEV_EVENT_ERROR | BEV_EVENT_WRITING)) { /* also an end that writing has met: nobody takes anything */
        connection->broken = true;
        connection_close(connection);
    } else if (what & BEV_EVENT_EOF) { /* the client sends no more; what it is owed is still delivered */
        connection->ending = true;
        if (connection->tls)
            bufferevent_enable(connection->wire, EV_WRITE); /* libevent stops both ways at the end of one */
        if (!connection->has_turn)
            go_on(connection);
    }
}

/* --- coming and going */

void connection_open(struct tcp_server *server, int fd, const struct hostport *peer, SSL *tls)
{
    struct connection *connection = mem_new(1, sizeof *connection);
    connection->server = server;
    connection->peer = *peer;
    connection->moved_ms = clock_ms();
    connection->tls = connection->handshaking = tls != NULL;
    connection->wire = tls ? bufferevent_openssl_socket_new(server->base, fd, tls, BUFFEREVENT_SSL_ACCEPTING, WIRE_OPTIONS)
                           : bufferevent_socket_new(server->base, fd, WIRE_OPTIONS);
    invariant(connection->wire != NULL);
    TAILQ_INSERT_TAIL(line_of(connection), connection, in_line);
    server->connection_count++;
    server->handshake_count += connection->handshaking;
    counter_add(&server->counters.connections, 1);
    counter_add(&server->counters.tls_connections, connection->tls);
    counter_add(&server->counters.open, 1);
    bufferevent_setcb(connection->wire, on_read, on_written, on_event, connection);
    if (tls)
        bufferevent_priority_set(connection->wire, PRIORITY_HEAVY);
    else
        start_serving(connection);
}

/* RFC 7858 3.4: the client is told that nothing was cut off. */
static void say_goodbye(const struct connection *connection)
{
    if (!connection->tls || connection->handshaking || connection->broken || output_len(connection) > 0)
        return;
    SSL_shutdown(bufferevent_openssl_get_ssl(connection->wire));
    ERR_clear_error();
}

void connection_close(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    say_goodbye(connection);
    leave_turns(connection);
    end_stream(connection);
    TAILQ_REMOVE(line_of(connection), connection, in_line);
    server->connection_count--;
    server->handshake_count -= connection->handshaking;
    server->held -= connection->held;
    counter_add(&server->counters.open, (uint64_t)-1);
    clients_leave(server->clients, &connection->peer.addr);
    bufferevent_free(connection->wire);
    free(connection);
}

void connection_drop(struct connection *connection, enum tcp_drop why)
{
    counter_add(&connection->server->counters.drops[why], 1);
    connection_close(connection);
}

void connections_relieve(struct tcp_server *server)
{
    struct connection *next;
    for (struct connection *at = TAILQ_FIRST(&server->quiet); at && server->held > HELD_MAX; at = next) {
        next = TAILQ_NEXT(at, in_line);
        if (at->held > 0)
            connection_drop(at, DROP_MEMORY);
    }
}
