#include "serve/serve.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "platform/listen.h"
#include "serve/demand.h"
#include "serve/tcp.h"
#include "serve/udp.h"
#include "tap/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_TRIES = 20 };

struct server {
    struct hostport *addresses;
    size_t address_count;
    struct hostport *tls_addresses;
    size_t tls_count;
    struct listening *listening; /* until the TCP server takes them */
    size_t listening_count;
    struct udp_worker *workers; /* for each address, as many as were asked for */
    size_t worker_count;
    struct tcp_server *tcp;
};

static bool open_workers(struct server *server, const struct hostport *at, unsigned workers, struct error *err)
{
    const size_t before = server->worker_count;
    for (unsigned i = 0; i < workers; i++) {
        struct udp_worker *worker = &server->workers[server->worker_count];
        worker->fd = -1;
        worker->siblings = workers;
        worker->address = *at;
        if (!listen_udp(at, &worker->fd, err)) {
            while (server->worker_count > before)
                close(server->workers[--server->worker_count].fd);
            return false;
        }
        server->worker_count++;
    }
    return true;
}

/* Both transports of one address on one port; where the kernel chooses it (port 0), another is tried if UDP has it taken already. */
static bool open_address(struct server *server, const struct hostport *wanted, unsigned workers, struct error *err)
{
    struct listening *tcp = &server->listening[server->listening_count];
    for (int tries = wanted->port ? 1 : PORT_TRIES; tries > 0; tries--) {
        struct hostport *at = &server->addresses[server->address_count];
        if (!listen_tcp(wanted, &tcp->fd, err))
            return false;
        if (listen_address(tcp->fd, at, err) && open_workers(server, at, workers, err)) {
            server->address_count++;
            server->listening_count++;
            return true;
        }
        close(tcp->fd);
    }
    return false;
}

static bool open_addresses(struct server *server, const struct server_config *config, struct error *err)
{
    for (size_t i = 0; i < config->listen_count; i++)
        if (!open_address(server, &config->listen[i], config->workers, err))
            return false;
    return true;
}

static bool open_tls(struct server *server, const struct tls_config *tls, struct error *err)
{
    for (size_t i = 0; tls->certificate && i < tls->listen_count; i++) {
        struct listening *socket = &server->listening[server->listening_count];
        if (!listen_tcp(&tls->listen[i], &socket->fd, err))
            return false;
        socket->tls = true;
        server->listening_count++;
        if (!listen_address(socket->fd, &server->tls_addresses[server->tls_count++], err))
            return false;
    }
    return true;
}

static struct server *make_room(const struct server_config *config)
{
    struct server *server = mem_new(1, sizeof *server);
    const size_t workers = config->listen_count * config->workers;
    server->addresses = mem_new(config->listen_count, sizeof *server->addresses);
    server->tls_addresses = mem_new(config->tls.listen_count + 1, sizeof *server->tls_addresses);
    server->listening = mem_new(config->listen_count + config->tls.listen_count, sizeof *server->listening);
    server->workers = aligned_alloc(_Alignof(struct udp_worker), workers * sizeof *server->workers);
    invariant(server->workers != NULL);
    memset(server->workers, 0, workers * sizeof *server->workers);
    return server;
}

/* SO_REUSEPORT would let a second daemon share our UDP port in silence, so TCP, which does not share, is bound first. */
struct server *server_new(const struct server_config *config, struct error *err)
{
    struct server *server = make_room(config);
    if (open_addresses(server, config, err) && open_tls(server, &config->tls, err)) {
        server->tcp = tcp_server_new(server->listening, server->listening_count, &config->tcp, config->tls.handshake_ms, err);
        server->listening_count = 0;
    }
    if (server->tcp)
        return server;
    server_free(server);
    return NULL;
}

void server_set_credentials(struct server *server, struct credentials *credentials)
{
    tcp_server_set_credentials(server->tcp, credentials);
}

void server_set_special(struct server *server, special_fn *answer, void *context)
{
    tcp_server_set_special(server->tcp, answer, context);
    for (size_t i = 0; i < server->worker_count; i++) {
        server->workers[i].special = answer;
        server->workers[i].special_context = context;
    }
}

void server_set_tap(struct server *server, struct tap *tap)
{
    tcp_server_set_tap(server->tcp, tap_point(tap));
    for (size_t i = 0; i < server->worker_count; i++)
        server->workers[i].tap = tap_point(tap);
}

bool server_start(struct server *server, struct error *err)
{
    for (size_t i = 0; i < server->worker_count; i++)
        if (!udp_worker_start(&server->workers[i], err))
            return false;
    return tcp_server_start(server->tcp, err);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->worker_count; i++)
        udp_worker_tell(&server->workers[i]); /* so that they stop at the same time */
    for (size_t i = 0; i < server->worker_count; i++)
        udp_worker_stop(&server->workers[i]);
    tcp_server_free(server->tcp);
    for (size_t i = 0; i < server->listening_count; i++)
        close(server->listening[i].fd);
    free(server->listening);
    free(server->tls_addresses);
    free(server->workers);
    free(server->addresses);
    free(server);
}

const struct hostport *server_addresses(const struct server *server, size_t *ret_count)
{
    *ret_count = server->address_count;
    return server->addresses;
}

const struct hostport *server_tls_addresses(const struct server *server, size_t *ret_count)
{
    *ret_count = server->tls_count;
    return server->tls_addresses;
}

const char *udp_drop_text(enum udp_drop why)
{
    static const char *const texts[UDP_DROPS] = {
        [UDP_DROP_SHORT] = "too short",    [UDP_DROP_LONG] = "too long",     [UDP_DROP_RESPONSE] = "answers",
        [UDP_DROP_LIMITED] = "over limit", [UDP_DROP_OVERLOAD] = "overload",
    };
    return texts[why];
}

const char *tcp_drop_text(enum tcp_drop why)
{
    static const char *const texts[TCP_DROPS] = {
        [DROP_IDLE] = "idle",
        [DROP_STALLED] = "not fetching answers",
        [DROP_GARBAGE] = "garbage",
        [DROP_PER_CLIENT] = "too many of one client",
        [DROP_CROWDED] = "all places taken",
        [DROP_FILES] = "no files left",
        [DROP_MEMORY] = "buffers full",
        [DROP_TRANSFER] = "slow transfer",
        [DROP_HANDSHAKE] = "failed handshake",
        [DROP_HANDSHAKE_SLOW] = "slow handshake",
    };
    return texts[why];
}

static void add_shared(struct server_counters *sum, const struct counters *from)
{
    sum->steered += counter_value(&from->steered);
    sum->truncated += counter_value(&from->truncated);
    sum->badcookie += counter_value(&from->badcookie);
    sum->cookies_valid += counter_value(&from->cookies_valid);
    sum->cookies_wrong += counter_value(&from->cookies_wrong);
    for (unsigned r = 0; r < SERVER_RCODES; r++)
        sum->rcodes[r] += counter_value(&from->rcodes[r]);
}

static void add_tcp(struct server_counters *sum, const struct tcp_counters *tcp)
{
    sum->tcp_connections = counter_value(&tcp->connections);
    sum->tcp_queries = counter_value(&tcp->shared.queries);
    sum->tcp_answers = counter_value(&tcp->shared.answers);
    sum->tls_connections = counter_value(&tcp->tls_connections);
    sum->tls_queries = counter_value(&tcp->tls_queries);
    sum->tls_handshakes = counter_value(&tcp->tls_handshakes);
    sum->tls_resumed = counter_value(&tcp->tls_resumed);
    sum->transfers = counter_value(&tcp->transfers);
    sum->tcp_open = counter_value(&tcp->open);
    sum->transferring = counter_value(&tcp->transferring);
    for (unsigned why = 0; why < TCP_DROPS; why++)
        sum->tcp_drops[why] = counter_value(&tcp->drops[why]);
    add_shared(sum, &tcp->shared);
}

static void add_udp(struct server_counters *sum, const struct udp_counters *udp)
{
    sum->udp_queries += counter_value(&udp->shared.queries);
    sum->udp_answers += counter_value(&udp->shared.answers);
    sum->udp_send_errors += counter_value(&udp->shared.send_errors);
    sum->udp_slipped += counter_value(&udp->slipped);
    sum->udp_overloaded += counter_value(&udp->pressure) > 0;
    for (unsigned why = 0; why < UDP_DROPS; why++) {
        const uint64_t count = counter_value(&udp->drops[why]);
        sum->udp_drops[why] += count;
        sum->udp_dropped += count;
    }
    add_shared(sum, &udp->shared);
}

struct server_counters server_counters(const struct server *server)
{
    struct server_counters sum = {0};
    add_tcp(&sum, tcp_server_counters(server->tcp));
    for (size_t i = 0; i < server->worker_count; i++)
        add_udp(&sum, &server->workers[i].counters);
    return sum;
}

uint64_t server_take_demand(struct server *server, demand_fn *fn, void *context)
{
    uint64_t lost = 0;
    demand_take(tcp_server_demand(server->tcp), fn, context, &lost);
    for (size_t i = 0; i < server->worker_count; i++)
        if (server->workers[i].demand)
            demand_take(server->workers[i].demand, fn, context, &lost);
    return lost;
}
