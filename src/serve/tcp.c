#include "serve/tcp.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "dns/message.h"
#include "platform/limits.h"
#include "platform/sockaddr.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LENGTH_OCTETS = 2 };

struct connection {
    struct tcp_server *server;
    struct connection *earlier, *later; /* in the order of their last whole query */
    struct bufferevent *stream;
    struct addr peer;
    uint64_t asked_ms; /* when it came or last asked something whole */
    bool ending;       /* closed as soon as its answers are delivered */
};

struct tcp_server {
    struct counters counters;
    struct event_base *base;
    struct evconnlistener **listeners;
    size_t listener_count;
    struct event *stop, *sweep;
    int stop_fd;
    struct connection *first, *last; /* the longest silent one first */
    size_t connection_count, connection_max;
    uint32_t draw;
    bool running, paused; /* paused: no descriptor is left, nobody is taken until the next sweep */
    pthread_t thread;
    uint8_t query[MESSAGE_MAX], answer[LENGTH_OCTETS + MESSAGE_MAX];
};

static void unlink_connection(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    *(connection->earlier ? &connection->earlier->later : &server->first) = connection->later;
    *(connection->later ? &connection->later->earlier : &server->last) = connection->earlier;
}

static void link_last(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    connection->earlier = server->last;
    connection->later = NULL;
    *(server->last ? &server->last->later : &server->first) = connection;
    server->last = connection;
    connection->asked_ms = clock_ms();
}

static void connection_close(struct connection *connection)
{
    unlink_connection(connection);
    connection->server->connection_count--;
    bufferevent_free(connection->stream);
    free(connection);
}

static bool has_pending(const struct connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->stream)) > 0;
}

/* No more is read from it; what it is owed still goes out. */
static void connection_end(struct connection *connection)
{
    if (!has_pending(connection)) {
        connection_close(connection);
        return;
    }
    connection->ending = true;
    bufferevent_disable(connection->stream, EV_READ);
}

static void answer_one(struct connection *connection, size_t len)
{
    struct tcp_server *server = connection->server;
    const struct asker asker = {
        .peer = &connection->peer, .channel = CHANNEL_TCP, .draw = server->draw++, .now_s = (uint32_t)clock_wall_s()};
    struct answered answered;
    snapshot_enter();
    const size_t made =
        answer_query(snapshot_current(), server->query, len, &asker, server->answer + LENGTH_OCTETS, MESSAGE_MAX, &answered);
    snapshot_leave();
    counter_add(&server->counters.queries, 1);
    if (made == 0) {
        counter_add(&server->counters.dropped, 1);
        return;
    }
    count_answer(&server->counters, &answered);
    unlink_connection(connection);
    link_last(connection);
    put_u16(server->answer, (uint16_t)made);
    bufferevent_write(connection->stream, server->answer, LENGTH_OCTETS + made);
}

static bool reads_slowly(const struct connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->stream)) > TCP_OUTPUT_MAX;
}

/* All whole queries that have come, unless the client does not fetch its answers. False: it talks no DNS, the connection is to end. */
static bool answer_waiting(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    uint8_t length[LENGTH_OCTETS];
    while (!reads_slowly(connection) && evbuffer_copyout(in, length, sizeof length) == LENGTH_OCTETS) {
        const size_t len = get_u16(length);
        if (len < HEADER_LEN)
            return false;
        if (evbuffer_get_length(in) < LENGTH_OCTETS + len)
            break;
        evbuffer_drain(in, LENGTH_OCTETS);
        evbuffer_remove(in, connection->server->query, len);
        answer_one(connection, len);
    }
    if (reads_slowly(connection))
        bufferevent_disable(connection->stream, EV_READ);
    return true;
}

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    if (!answer_waiting(context))
        connection_end(context);
}

/* The client has taken what waited for it: go on with its queries. */
static void on_written(struct bufferevent *stream, void *context)
{
    struct connection *connection = context;
    if (connection->ending) {
        connection_close(connection);
    } else if (!(bufferevent_get_enabled(stream) & EV_READ)) {
        bufferevent_enable(stream, EV_READ);
        on_read(stream, context);
    }
}

/* The client sends no more (what it is owed is still delivered), an error, or it takes nothing. */
static void on_event(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        connection_close(context);
    else if (what & BEV_EVENT_EOF)
        connection_end(context);
}

/* When all places are taken, the one that has been silent for the longest time goes. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *context)
{
    struct tcp_server *server = context;
    const struct timeval patience = {.tv_sec = TCP_IDLE_S};
    struct sockaddr_storage storage = {0};
    struct hostport peer = {0};
    (void)listener;
    memcpy(&storage, address, (size_t)len < sizeof storage ? (size_t)len : sizeof storage);
    if (server->connection_count >= server->connection_max)
        connection_close(server->first);
    struct bufferevent *stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream == NULL || !sockaddr_to(&storage, &peer)) {
        stream ? bufferevent_free(stream) : (void)close(fd);
        return;
    }
    struct connection *connection = mem_new(1, sizeof *connection);
    *connection = (struct connection){.server = server, .stream = stream, .peer = peer.addr};
    link_last(connection);
    server->connection_count++;
    counter_add(&server->counters.connections, 1);
    bufferevent_setcb(stream, on_read, on_written, on_event, connection);
    bufferevent_set_timeouts(stream, NULL, &patience);
    bufferevent_setwatermark(stream, EV_READ, 0, LENGTH_OCTETS + MESSAGE_MAX);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

static void pause_accepting(struct tcp_server *server, bool pause)
{
    for (size_t i = 0; i < server->listener_count; i++)
        pause ? evconnlistener_disable(server->listeners[i]) : evconnlistener_enable(server->listeners[i]);
    server->paused = pause;
}

/* Out of descriptors, most likely: waiting clients would wake us for ever. A place is made, and the next sweep goes on. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct tcp_server *server = context;
    (void)listener;
    if (server->first)
        connection_close(server->first);
    pause_accepting(server, true);
}

/* Every second: those go that have asked nothing whole for too long. Who is owed answers is bounded by the write timeout instead. */
static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct tcp_server *server = context;
    const uint64_t now_ms = clock_ms();
    (void)fd;
    (void)what;
    for (struct connection *at = server->first, *next; at && now_ms - at->asked_ms >= TCP_IDLE_S * 1000u; at = next) {
        next = at->later;
        if (!has_pending(at))
            connection_close(at);
    }
    if (server->paused)
        pause_accepting(server, false);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((struct tcp_server *)context)->base);
}

static bool open_listeners(struct tcp_server *server, const int *fds, size_t count)
{
    for (; server->listener_count < count; server->listener_count++) {
        struct evconnlistener *listener = evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                                             0, fds[server->listener_count]);
        if (listener == NULL)
            return false;
        evconnlistener_set_error_cb(listener, on_accept_error);
        server->listeners[server->listener_count] = listener;
    }
    return true;
}

static bool open_events(struct tcp_server *server)
{
    const struct timeval second = {.tv_sec = 1};
    server->stop = event_new(server->base, server->stop_fd, EV_READ, on_stop, server);
    server->sweep = event_new(server->base, -1, EV_PERSIST, on_sweep, server);
    return server->stop && server->sweep && event_add(server->stop, NULL) == 0 && event_add(server->sweep, &second) == 0;
}

struct tcp_server *tcp_server_new(const int *fds, size_t count, struct error *err)
{
    struct tcp_server *server = aligned_alloc(_Alignof(struct tcp_server), sizeof *server);
    invariant(server != NULL);
    const size_t files = limits_raise_files();
    memset(server, 0, sizeof *server);
    server->connection_max = files / 2 < TCP_CONNECTIONS_MAX ? files / 2 : TCP_CONNECTIONS_MAX;
    server->base = event_base_new();
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->listeners = mem_new(count, sizeof *server->listeners);
    if (server->base && server->stop_fd >= 0 && open_listeners(server, fds, count) && open_events(server))
        return server;
    error_set(err, "cannot set up TCP: %s", strerror(errno));
    tcp_server_free(server);
    return NULL;
}

static void *run(void *argument)
{
    struct tcp_server *server = argument;
    snapshot_reader_begin();
    event_base_dispatch(server->base);
    snapshot_reader_end();
    return NULL;
}

bool tcp_server_start(struct tcp_server *server, struct error *err)
{
    const int failed = pthread_create(&server->thread, NULL, run, server);
    server->running = failed == 0;
    return server->running || error_set(err, "cannot start the TCP thread: %s", strerror(failed));
}

void tcp_server_free(struct tcp_server *server)
{
    if (server == NULL)
        return;
    if (server->running) {
        eventfd_write(server->stop_fd, 1);
        pthread_join(server->thread, NULL);
    }
    while (server->first)
        connection_close(server->first);
    for (size_t i = 0; i < server->listener_count; i++)
        evconnlistener_free(server->listeners[i]);
    free(server->listeners);
    if (server->stop)
        event_free(server->stop);
    if (server->sweep)
        event_free(server->sweep);
    if (server->base)
        event_base_free(server->base);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server);
}

const struct counters *tcp_server_counters(const struct tcp_server *server)
{
    return &server->counters;
}
