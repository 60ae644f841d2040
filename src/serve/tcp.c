#include "serve/tcp.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "platform/limits.h"
#include "platform/sockaddr.h"
#include "serve/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ACCEPTS_PER_TURN = 16 };

struct listener {
    struct tcp_server *server;
    struct event *event;
    int fd;
    bool tls;
};

static void pause_accepting(struct tcp_server *server, bool pause)
{
    for (size_t i = 0; i < server->listener_count; i++)
        pause ? event_del(server->listeners[i].event) : event_add(server->listeners[i].event, NULL);
    server->paused = pause;
}

/* The longest silent one; among those in their handshake when they are the crowd, so that who only knocks cannot drive out who talks. */
static struct connection *longest_silent(const struct tcp_server *server)
{
    struct connection *quiet = TAILQ_FIRST(&server->quiet), *knocking = TAILQ_FIRST(&server->handshaking);
    return knocking && (quiet == NULL || server->handshake_count > server->connection_max / 2) ? knocking : quiet;
}

static void make_place(struct tcp_server *server, enum tcp_drop why)
{
    struct connection *silent = longest_silent(server);
    if (silent)
        connection_drop(silent, why);
}

static void take_renewed(struct tcp_server *server)
{
    struct credentials *renewed = atomic_exchange(&server->renewed, NULL);
    if (renewed == NULL)
        return;
    credentials_free(server->credentials);
    server->credentials = renewed;
}

static SSL *session_for(struct tcp_server *server)
{
    take_renewed(server);
    SSL *session = server->credentials ? credentials_session(server->credentials) : NULL;
    if (session == NULL)
        counter_add(&server->counters.drops[DROP_HANDSHAKE], 1);
    return session;
}

static void take(struct listener *listener, int fd, const struct sockaddr_storage *address)
{
    struct tcp_server *server = listener->server;
    struct hostport peer = {0};
    if (!sockaddr_to(address, &peer)) {
        close(fd);
        return;
    }
    if (!clients_enter(server->clients, &peer.addr)) {
        counter_add(&server->counters.drops[DROP_PER_CLIENT], 1);
        close(fd);
        return;
    }
    SSL *session = listener->tls ? session_for(server) : NULL;
    if (listener->tls && session == NULL) {
        clients_leave(server->clients, &peer.addr);
        close(fd);
        return;
    }
    if (server->connection_count >= server->connection_max)
        make_place(server, DROP_CROWDED);
    connection_open(server, fd, &peer, session);
}

/* Out of descriptors, most likely: waiting clients would wake us for ever. A place is made, and the next sweep goes on. */
static void out_of_files(struct tcp_server *server)
{
    make_place(server, DROP_FILES);
    pause_accepting(server, true);
}

/* All other errors are those of a client that has gone meanwhile (accept(2)). */
static bool lacks_files(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

static void on_acceptable(evutil_socket_t listening, short what, void *context)
{
    struct listener *listener = context;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof address;
        const int fd = accept4(listening, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(listener, fd, &address);
        } else if (errno == EAGAIN || lacks_files(errno)) {
            if (errno != EAGAIN)
                out_of_files(listener->server);
            return;
        }
    }
}

/* Who is owed something is no idler, but must take it. */
static void sweep_quiet(struct tcp_server *server, uint64_t now_ms)
{
    struct connection *next;
    for (struct connection *at = TAILQ_FIRST(&server->quiet); at && at->moved_ms + server->limits.idle_ms <= now_ms; at = next) {
        next = TAILQ_NEXT(at, in_line);
        if (!connection_owes(at))
            connection_drop(at, DROP_IDLE);
        else if (!connection_takes(at, now_ms))
            connection_drop(at, DROP_STALLED);
    }
}

/* A transfer holds a place that others wait for, so it must be taken at some pace. */
static void sweep_transfers(struct tcp_server *server, uint64_t now_ms)
{
    struct connection *next;
    for (struct connection *at = TAILQ_FIRST(&server->quiet); at && server->transfers > 0; at = next) {
        next = TAILQ_NEXT(at, in_line);
        /* who got the place of one that was dropped just now is younger than now_ms */
        if (at->transferring && at->paced_ms + TRANSFER_IDLES * (uint64_t)server->limits.idle_ms <= now_ms)
            connection_drop(at, DROP_TRANSFER);
    }
}

static void sweep_handshaking(struct tcp_server *server, uint64_t now_ms)
{
    struct connection *at;
    while ((at = TAILQ_FIRST(&server->handshaking)) && at->moved_ms + server->handshake_ms <= now_ms)
        connection_drop(at, DROP_HANDSHAKE_SLOW);
}

/* Every second, or half of it. */
static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct tcp_server *server = context;
    const uint64_t now_ms = clock_ms();
    (void)fd;
    (void)what;
    demand_pass(server->demand);
    sweep_quiet(server, now_ms);
    sweep_transfers(server, now_ms);
    sweep_handshaking(server, now_ms);
    take_renewed(server); /* what was replaced is gone soon, also without a client */
    if (server->paused)
        pause_accepting(server, false);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    connection_take_turn(context);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((struct tcp_server *)context)->base);
}

/* Between two pieces of heavy work the loop looks for clients. */
static struct event_base *open_base(void)
{
    struct event_config *options = event_config_new();
    struct event_base *base = NULL;
    if (options && event_config_set_max_dispatch_interval(options, NULL, 1, PRIORITY_HEAVY) == 0)
        base = event_base_new_with_config(options);
    if (options)
        event_config_free(options);
    if (base)
        event_base_priority_init(base, PRIORITIES);
    return base;
}

/* A handshake begins only when there is time for it. */
static bool open_listener(struct tcp_server *server, const struct listening *socket)
{
    struct listener *listener = &server->listeners[server->listener_count++];
    *listener = (struct listener){.server = server, .fd = socket->fd, .tls = socket->tls};
    listener->event = event_new(server->base, socket->fd, EV_READ | EV_PERSIST, on_acceptable, listener);
    return listener->event && event_priority_set(listener->event, socket->tls ? PRIORITY_HEAVY : PRIORITY_CLIENTS) == 0 &&
           event_add(listener->event, NULL) == 0;
}

static bool open_events(struct tcp_server *server)
{
    const struct timeval pace = {.tv_usec = 500000};
    server->stop = event_new(server->base, server->stop_fd, EV_READ, on_stop, server);
    server->sweep = event_new(server->base, -1, EV_PERSIST, on_sweep, server);
    server->turn = event_new(server->base, -1, 0, on_turn, server);
    if (server->stop == NULL || server->sweep == NULL || server->turn == NULL)
        return false;
    event_priority_set(server->stop, PRIORITY_STOP);
    event_priority_set(server->sweep, PRIORITY_STOP);
    event_priority_set(server->turn, PRIORITY_HEAVY);
    return event_add(server->stop, NULL) == 0 && event_add(server->sweep, &pace) == 0;
}

static void set_limits(struct tcp_server *server, const struct tcp_config *limits, uint32_t handshake_ms)
{
    const size_t files = limits_raise_files();
    server->limits = *limits;
    server->handshake_ms = handshake_ms;
    server->connection_max = files / 2 < limits->clients ? files / 2 : limits->clients;
    server->clients = clients_new(server->connection_max, limits->per_client);
}

struct tcp_server *tcp_server_new(const struct listening *sockets, size_t count, const struct tcp_config *limits, uint32_t handshake_ms,
                                  struct error *err)
{
    struct tcp_server *server = aligned_alloc(_Alignof(struct tcp_server), sizeof *server);
    invariant(server != NULL);
    memset(server, 0, sizeof *server);
    TAILQ_INIT(&server->quiet);
    TAILQ_INIT(&server->handshaking);
    TAILQ_INIT(&server->turns);
    TAILQ_INIT(&server->waiting);
    set_limits(server, limits, handshake_ms);
    server->demand = demand_counts_new();
    server->base = open_base();
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->listeners = mem_new(count, sizeof *server->listeners);
    bool ready = server->base && server->stop_fd >= 0 && open_events(server);
    for (size_t i = 0; i < count; i++)
        ready = ready && open_listener(server, &sockets[i]);
    if (ready)
        return server;
    error_set(err, "cannot set up TCP: %s", strerror(errno));
    for (size_t i = server->listener_count; i < count; i++)
        close(sockets[i].fd);
    tcp_server_free(server);
    return NULL;
}

void tcp_server_set_credentials(struct tcp_server *server, struct credentials *credentials)
{
    credentials_free(atomic_exchange(&server->renewed, credentials));
}

void tcp_server_set_special(struct tcp_server *server, special_fn *answer, void *context)
{
    server->special = answer;
    server->special_context = context;
}

void tcp_server_set_tap(struct tcp_server *server, struct tap_point *tap)
{
    server->tap = tap;
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

static void free_events(struct tcp_server *server)
{
    struct event *const all[] = {server->stop, server->sweep, server->turn};
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].event)
            event_free(server->listeners[i].event);
        close(server->listeners[i].fd);
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i])
            event_free(all[i]);
}

void tcp_server_free(struct tcp_server *server)
{
    struct connection *at;
    if (server == NULL)
        return;
    if (server->running) {
        eventfd_write(server->stop_fd, 1);
        pthread_join(server->thread, NULL);
    }
    while ((at = TAILQ_FIRST(&server->quiet)) || (at = TAILQ_FIRST(&server->handshaking)))
        connection_close(at);
    free_events(server);
    if (server->base)
        event_base_free(server->base);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server->listeners);
    clients_free(server->clients);
    credentials_free(server->renewed);
    credentials_free(server->credentials);
    demand_counts_free(server->demand);
    free(server);
}

const struct tcp_counters *tcp_server_counters(const struct tcp_server *server)
{
    return &server->counters;
}

struct demand_counts *tcp_server_demand(const struct tcp_server *server)
{
    return server->demand;
}
