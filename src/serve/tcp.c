#include "serve/tcp.h"

#include "base/memory.h"
#include "dns/message.h"
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
    struct connection *next, **link; /* in server->connections */
    struct bufferevent *stream;
    struct addr peer;
};

struct tcp_server {
    struct counters counters;
    struct event_base *base;
    struct evconnlistener **listeners;
    size_t listener_count;
    struct event *stop;
    int stop_fd;
    struct connection *connections;
    unsigned connection_count;
    bool full; /* no more are taken until one ends */
    uint32_t draw;
    bool running;
    pthread_t thread;
    uint8_t query[MESSAGE_MAX], answer[LENGTH_OCTETS + MESSAGE_MAX];
};

static void set_accepting(struct tcp_server *server, bool accepting)
{
    for (size_t i = 0; i < server->listener_count; i++)
        accepting ? evconnlistener_enable(server->listeners[i]) : evconnlistener_disable(server->listeners[i]);
    server->full = !accepting;
}

static void connection_close(struct connection *connection)
{
    struct tcp_server *server = connection->server;
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    bufferevent_free(connection->stream);
    free(connection);
    server->connection_count--;
    if (server->full)
        set_accepting(server, true);
}

static void answer_one(struct connection *connection, size_t len)
{
    struct tcp_server *server = connection->server;
    struct answered answered;
    snapshot_enter();
    const size_t made = answer_query(snapshot_current(), server->query, len, &connection->peer, CHANNEL_TCP, server->draw++,
                                     server->answer + LENGTH_OCTETS, MESSAGE_MAX, &answered);
    snapshot_leave();
    counter_add(&server->counters.queries, 1);
    if (made == 0) {
        counter_add(&server->counters.dropped, 1);
        return;
    }
    count_answer(&server->counters, &answered);
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
        connection_close(context);
}

/* The client has taken what waited for it: go on with its queries. */
static void on_written(struct bufferevent *stream, void *context)
{
    if (bufferevent_get_enabled(stream) & EV_READ)
        return;
    bufferevent_enable(stream, EV_READ);
    on_read(stream, context);
}

/* End of input (answers under way are still delivered), an error, or nothing moved for TCP_IDLE_S. */
static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct connection *connection = context;
    const bool pending = evbuffer_get_length(bufferevent_get_output(stream)) > 0;
    if ((what & BEV_EVENT_EOF) && pending && !(what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)))
        bufferevent_disable(stream, EV_READ); /* on_written() goes on, and meets the end again */
    else
        connection_close(connection);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *context)
{
    struct tcp_server *server = context;
    const struct timeval idle = {.tv_sec = TCP_IDLE_S};
    struct sockaddr_storage storage = {0};
    struct hostport peer = {0};
    (void)listener;
    memcpy(&storage, address, (size_t)len < sizeof storage ? (size_t)len : sizeof storage);
    struct bufferevent *stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream == NULL || !sockaddr_to(&storage, &peer)) {
        stream ? bufferevent_free(stream) : (void)close(fd);
        return;
    }
    struct connection *connection = mem_new(1, sizeof *connection);
    *connection = (struct connection){.server = server, .next = server->connections, .link = &server->connections, .stream = stream, .peer = peer.addr};
    if (server->connections)
        server->connections->link = &connection->next;
    server->connections = connection;
    counter_add(&server->counters.connections, 1);
    bufferevent_setcb(stream, on_read, on_written, on_event, connection);
    bufferevent_set_timeouts(stream, &idle, &idle);
    bufferevent_setwatermark(stream, EV_READ, 0, LENGTH_OCTETS + MESSAGE_MAX);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    if (++server->connection_count >= TCP_CONNECTIONS_MAX)
        set_accepting(server, false);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((struct tcp_server *)context)->base);
}

struct tcp_server *tcp_server_new(const int *fds, size_t count, struct error *err)
{
    struct tcp_server *server = mem_new(1, sizeof *server);
    server->base = event_base_new();
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->listeners = mem_new(count, sizeof *server->listeners);
    for (; server->base && server->listener_count < count; server->listener_count++) {
        struct evconnlistener *listener = evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
                                                             fds[server->listener_count]);
        if (listener == NULL)
            break;
        server->listeners[server->listener_count] = listener;
    }
    if (server->base && server->stop_fd >= 0 && server->listener_count == count) {
        server->stop = event_new(server->base, server->stop_fd, EV_READ, on_stop, server);
        event_add(server->stop, NULL);
        return server;
    }
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
    while (server->connections)
        connection_close(server->connections);
    for (size_t i = 0; i < server->listener_count; i++)
        evconnlistener_free(server->listeners[i]);
    free(server->listeners);
    if (server->stop)
        event_free(server->stop);
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
