/* A scripted SIP peer on loopback and an ear for the engine's results; for the tests of the engine. */
#pragma once

#include "base/clock.h"
#include "platform/sockaddr.h"
#include "probe/probe.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 8, PEER_TEXT = 4096, HEARD_MAX = 20000 };

struct peer;

/* A request that has come, and the way back. */
struct call {
    struct peer *peer;
    unsigned number; /* of this request at this peer, from 1 */
    const char *request;
    int fd;
    struct sockaddr_storage from; /* UDP */
    socklen_t from_len;
    int *connection; /* TCP: set to -1 by call_close() */
};

typedef void (*script_fn)(struct call *call);

struct peer {
    script_fn script;
    struct hostport at;
    int udp, tcp, connections[PEER_CONNECTIONS], wake[2];
    pthread_t thread;
    char first[PEER_TEXT]; /* the first request; read it after peer_stop() only */
    char last_answer[PEER_TEXT];
    atomic_uint requests, accepted;
};

static inline void call_send(struct call *call, const char *text, size_t len)
{
    if (call->connection)
        (void)!send(call->fd, text, len, MSG_NOSIGNAL);
    else
        (void)!sendto(call->fd, text, len, 0, (struct sockaddr *)&call->from, call->from_len);
}

static inline void call_close(struct call *call)
{
    close(call->fd);
    *call->connection = -1;
}

/* The request's line that begins with this name, CRLF included. */
static inline void add_line(char *out, const char *request, const char *name)
{
    const char *at = strstr(request, name), *end = at ? strstr(at, "\r\n") : NULL;
    if (end)
        strncat(out, at, (size_t)(end + 2 - at));
}

/* The answer that belongs to the request; headers: more lines, each with CRLF. */
static inline const char *answer_text(const char *request, const char *status, const char *headers, char out[PEER_TEXT])
{
    static const char *const copied[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
    snprintf(out, PEER_TEXT, "SIP/2.0 %s\r\n", status);
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        add_line(out, request, copied[i]);
    strcat(out, headers);
    strcat(out, "Content-Length: 0\r\n\r\n");
    return out;
}

static inline void call_answer(struct call *call, const char *status, const char *headers)
{
    char text[PEER_TEXT];
    answer_text(call->request, status, headers, text);
    call_send(call, text, strlen(text));
}

static inline void peer_hear(struct peer *peer, struct call *call, char *text, ssize_t len)
{
    text[len] = 0;
    call->peer = peer;
    call->request = text;
    call->number = atomic_fetch_add(&peer->requests, 1) + 1;
    if (call->number == 1)
        memcpy(peer->first, text, (size_t)len + 1);
    peer->script(call);
}

static inline void peer_accept(struct peer *peer)
{
    const int fd = accept(peer->tcp, NULL, NULL);
    for (int i = 0; i < PEER_CONNECTIONS; i++)
        if (peer->connections[i] < 0) {
            peer->connections[i] = fd;
            atomic_fetch_add(&peer->accepted, 1);
            return;
        }
    close(fd);
}

/* A request over TCP comes in one piece here: it is one small segment over loopback. */
static inline void *peer_run(void *context)
{
    struct peer *peer = context;
    char text[PEER_TEXT];
    while (true) {
        struct pollfd polls[3 + PEER_CONNECTIONS] = {{peer->wake[0], POLLIN, 0}, {peer->udp, POLLIN, 0}, {peer->tcp, POLLIN, 0}};
        for (int i = 0; i < PEER_CONNECTIONS; i++)
            polls[3 + i] = (struct pollfd){peer->connections[i], POLLIN, 0};
        if (poll(polls, 3 + PEER_CONNECTIONS, -1) < 0)
            continue;
        if (polls[0].revents)
            return NULL;
        if (polls[1].revents) {
            struct call call = {.fd = peer->udp, .from_len = sizeof call.from};
            const ssize_t got = recvfrom(peer->udp, text, sizeof text - 1, 0, (struct sockaddr *)&call.from, &call.from_len);
            if (got >= 0)
                peer_hear(peer, &call, text, got);
        }
        for (int i = 0; i < PEER_CONNECTIONS; i++) {
            if (!polls[3 + i].revents)
                continue;
            struct call call = {.fd = peer->connections[i], .connection = &peer->connections[i]};
            const ssize_t got = recv(call.fd, text, sizeof text - 1, 0);
            if (got <= 0)
                call_close(&call);
            else
                peer_hear(peer, &call, text, got);
        }
        if (polls[2].revents)
            peer_accept(peer);
    }
}

static inline int peer_bind(struct peer *peer, int type)
{
    struct sockaddr_storage address;
    socklen_t len;
    const int on = 1, fd = socket(peer->at.addr.family == FAMILY_V4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
    sockaddr_from(&peer->at, &address, &len);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, len) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0) || !socket_local(fd, &peer->at)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A peer at this address ("127.0.0.1", "::1") with one port for both transports. */
static inline struct peer *peer_start(const char *address, script_fn script)
{
    struct peer *peer = calloc(1, sizeof *peer);
    peer->script = script;
    peer->tcp = -1;
    for (int i = 0; i < PEER_CONNECTIONS; i++)
        peer->connections[i] = -1;
    for (int tries = 0; tries < 20 && peer->tcp < 0; tries++) { /* the UDP port may be taken as a TCP port */
        addr_parse(address, &peer->at.addr);
        peer->at.port = 0;
        if (tries)
            close(peer->udp);
        peer->udp = peer_bind(peer, SOCK_DGRAM);
        peer->tcp = peer_bind(peer, SOCK_STREAM);
    }
    if (peer->tcp < 0 || pipe(peer->wake) < 0 || pthread_create(&peer->thread, NULL, peer_run, peer) != 0)
        abort();
    return peer;
}

/* Stops the thread and closes everything: the port then refuses. */
static inline void peer_stop(struct peer *peer)
{
    (void)!write(peer->wake[1], "", 1);
    pthread_join(peer->thread, NULL);
    for (int i = 0; i < PEER_CONNECTIONS; i++)
        if (peer->connections[i] >= 0)
            close(peer->connections[i]);
    close(peer->udp);
    close(peer->tcp);
    close(peer->wake[0]);
    close(peer->wake[1]);
}

/* What the engine has reported so far. */
struct ear {
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t count;
    unsigned delay_ms; /* before the next report returns: holds up the engine's loop; then 0 again */
    struct check_result results[HEARD_MAX];
};

static inline void ear_hear(const struct check_result *result, void *context)
{
    struct ear *ear = context;
    pthread_mutex_lock(&ear->lock);
    if (ear->count < HEARD_MAX)
        ear->results[ear->count++] = *result;
    const unsigned delay_ms = ear->delay_ms;
    ear->delay_ms = 0;
    pthread_cond_broadcast(&ear->more);
    pthread_mutex_unlock(&ear->lock);
    if (delay_ms)
        usleep(delay_ms * 1000);
}

static inline struct ear *ear_new(void)
{
    struct ear *ear = calloc(1, sizeof *ear);
    pthread_mutex_init(&ear->lock, NULL);
    pthread_cond_init(&ear->more, NULL);
    return ear;
}

/* How many results there are once there are count of them, or the time is over. */
static inline size_t ear_wait(struct ear *ear, size_t count, unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&ear->lock);
    while (ear->count < count && pthread_cond_timedwait(&ear->more, &ear->lock, &until) == 0)
        ;
    const size_t have = ear->count;
    pthread_mutex_unlock(&ear->lock);
    return have;
}

static inline struct check_result ear_result(struct ear *ear, size_t i)
{
    pthread_mutex_lock(&ear->lock);
    const struct check_result result = ear->results[i];
    pthread_mutex_unlock(&ear->lock);
    return result;
}

static inline struct check check_of(enum transport transport, const struct hostport *target)
{
    static char host[] = "lb1.lon.sip.example.com.", name[] = "options";
    return (struct check){
        .host = host,
        .target = *target,
        .probe = {.name = name,
                  .type = PROBE_SIP,
                  .transport = transport,
                  .speaks = 1u << transport,
                  .port = target->port,
                  .interval_ms = 200,
                  .timeout_ms = 150,
                  .confirm_ms = 50,
                  .fall = 2,
                  .rise = 2,
                  .max_forwards = 70,
                  .renew_ms = 600000,
                  .tls = {.verify = true}},
    };
}
