#include "serve/serve.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "platform/listen.h"
#include "serve/tcp.h"
#include "serve/udp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_TRIES = 20 };

struct server {
    struct hostport *addresses;
    size_t address_count;
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
static bool open_address(struct server *server, const struct hostport *wanted, unsigned workers, int *ret_tcp, struct error *err)
{
    for (int tries = wanted->port ? 1 : PORT_TRIES; tries > 0; tries--) {
        struct hostport *at = &server->addresses[server->address_count];
        if (!listen_tcp(wanted, ret_tcp, err))
            return false;
        if (listen_address(*ret_tcp, at, err) && open_workers(server, at, workers, err)) {
            server->address_count++;
            return true;
        }
        close(*ret_tcp);
    }
    return false;
}

/* SO_REUSEPORT would let a second daemon share our UDP port in silence, so TCP, which does not share, is bound first. */
struct server *server_new(const struct hostport *listen, size_t count, unsigned workers, struct error *err)
{
    struct server *server = mem_new(1, sizeof *server);
    int *tcp = mem_new(count, sizeof *tcp);
    size_t opened = 0;
    server->addresses = mem_new(count, sizeof *server->addresses);
    server->workers = aligned_alloc(_Alignof(struct udp_worker), count * workers * sizeof *server->workers);
    invariant(server->workers != NULL);
    memset(server->workers, 0, count * workers * sizeof *server->workers);
    while (opened < count && open_address(server, &listen[opened], workers, &tcp[opened], err))
        opened++;
    if (opened == count)
        server->tcp = tcp_server_new(tcp, count, err);
    else
        while (opened > 0)
            close(tcp[--opened]);
    free(tcp);
    if (server->tcp)
        return server;
    server_free(server);
    return NULL;
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
    free(server->workers);
    free(server->addresses);
    free(server);
}

const struct hostport *server_addresses(const struct server *server, size_t *ret_count)
{
    *ret_count = server->address_count;
    return server->addresses;
}

static uint64_t value(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_shared(struct server_counters *sum, const struct counters *from)
{
    sum->steered += value(&from->steered);
    sum->truncated += value(&from->truncated);
    for (unsigned r = 0; r < SERVER_RCODES; r++)
        sum->rcodes[r] += value(&from->rcodes[r]);
}

struct server_counters server_counters(const struct server *server)
{
    const struct counters *tcp = tcp_server_counters(server->tcp);
    struct server_counters sum = {
        .tcp_connections = value(&tcp->connections), .tcp_queries = value(&tcp->queries), .tcp_answers = value(&tcp->answers)};
    add_shared(&sum, tcp);
    for (size_t i = 0; i < server->worker_count; i++) {
        const struct counters *udp = &server->workers[i].counters;
        sum.udp_queries += value(&udp->queries);
        sum.udp_answers += value(&udp->answers);
        sum.udp_dropped += value(&udp->dropped);
        sum.udp_send_errors += value(&udp->send_errors);
        add_shared(&sum, udp);
    }
    return sum;
}
