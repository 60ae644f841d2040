/* SIP over TCP. The connection stays open over probes. When a kept one turns out to be dead before the answer has begun, the probe goes on over
 * a new one: the peer may close an idle connection whenever it likes (RFC 3261 18). */
#include "base/memory.h"
#include "platform/sockaddr.h"
#include "probe/sip_exchange.h"
#include "probe/sip_framer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum { READS_MAX = 64 };

struct sip_tcp {
    struct event readable, writable;
    int fd; /* -1 when closed */
    bool connected;
    bool kept;  /* the running probe found it open */
    bool heard; /* some of an answer has come */
    struct sip_exchange exchange;
    struct sip_framer framer;
};

static void tcp_close(struct sip_tcp *tcp)
{
    if (tcp->fd < 0)
        return;
    event_del(&tcp->readable);
    event_del(&tcp->writable);
    close(tcp->fd);
    tcp->fd = -1;
    tcp->connected = false;
    sip_framer_clear(&tcp->framer);
}

static void tcp_connect(struct task *task);

/* The connection is of no more use. */
static void tcp_broken(struct task *task, enum reason reason)
{
    struct sip_tcp *tcp = task->link;
    tcp_close(tcp);
    if (!task->running)
        return;
    if (tcp->kept && !tcp->heard && reason != REASON_BAD_ANSWER && reason != REASON_TIMEOUT)
        tcp_connect(task);
    else
        sip_exchange_fail(task, reason);
}

static void tcp_messages(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    struct sip_message message;
    enum sip_kind kind;
    while ((kind = sip_framer_next(&tcp->framer, &message)) != SIP_INCOMPLETE) {
        if (kind == SIP_BAD) {
            tcp_broken(task, REASON_BAD_ANSWER);
            return;
        }
        tcp->heard = true;
        if (kind == SIP_RESPONSE && task->running)
            sip_exchange_hear(&tcp->exchange, task, &message);
    }
    tcp->heard = tcp->heard || sip_framer_partial(&tcp->framer);
}

/* One read; false when there is nothing more to read. */
static bool tcp_read(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    size_t room;
    char *to = sip_framer_room(&tcp->framer, &room);
    const ssize_t got = recv(tcp->fd, to, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        tcp_broken(task, got == 0 ? REASON_CLOSED : sip_reason_of_errno(errno));
        return false;
    }
    sip_framer_add(&tcp->framer, (size_t)got);
    tcp_messages(task);
    return tcp->connected;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    tcp_read(context);
}

static void tcp_send(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    char request[SIP_REQUEST_MAX];
    const size_t len = sip_exchange_write(&tcp->exchange, task, request);
    tcp->exchange.sent_us = engine_now_us(task->engine);
    const ssize_t sent = len ? send(tcp->fd, request, len, MSG_NOSIGNAL) : 0;
    /* The send buffer of a connection whose earlier requests were answered is empty: a short write is trouble of our own. */
    if (sent < 0)
        tcp_broken(task, sip_reason_of_errno(errno));
    else if ((size_t)sent != len || len == 0)
        tcp_broken(task, REASON_LOCAL);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct task *task = context;
    struct sip_tcp *tcp = task->link;
    int why = 0;
    socklen_t len = sizeof why;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
        why = errno;
    if (why == 0 && (!socket_local(fd, &tcp->exchange.local) || event_add(&tcp->readable, NULL) < 0))
        why = errno;
    if (why != 0) {
        tcp_broken(task, sip_reason_of_errno(why));
        return;
    }
    tcp->connected = true;
    tcp_send(task);
}

/* The request follows as soon as the connection stands. */
static void tcp_connect(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    const int on = 1;
    tcp->kept = false;
    if ((tcp->fd = socket_connect(SOCK_STREAM, &task->check.target)) < 0) {
        sip_exchange_fail(task, sip_reason_of_errno(errno));
        return;
    }
    setsockopt(tcp->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    event_assign(&tcp->readable, task->engine->base, tcp->fd, EV_READ | EV_PERSIST, on_readable, task);
    event_assign(&tcp->writable, task->engine->base, tcp->fd, EV_WRITE, on_writable, task);
    if (event_add(&tcp->writable, NULL) < 0)
        tcp_broken(task, REASON_LOCAL);
}

static void tcp_start(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    tcp->heard = false;
    if (!sip_exchange_begin(&tcp->exchange)) {
        sip_exchange_fail(task, REASON_LOCAL);
        return;
    }
    tcp->kept = tcp->connected;
    if (tcp->kept)
        tcp_send(task);
    else
        tcp_connect(task);
}

static void tcp_wake(struct task *task)
{
    (void)task; /* TCP retransmits by itself: no wake was asked for */
}

static void tcp_expire(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    for (int i = 0; i < READS_MAX && task->running && tcp->connected && tcp_read(task); i++)
        ;
    if (!task->running)
        return;
    const bool partial = sip_framer_partial(&tcp->framer);
    tcp_close(tcp);
    sip_exchange_fail(task, partial ? REASON_BAD_ANSWER : REASON_TIMEOUT);
}

static void tcp_cancel(struct task *task)
{
    tcp_close(task->link);
}

static void tcp_attach(struct task *task)
{
    struct sip_tcp *tcp = mem_new(1, sizeof *tcp);
    tcp->fd = -1;
    task->link = tcp;
}

static void tcp_detach(struct task *task)
{
    struct sip_tcp *tcp = task->link;
    tcp_close(tcp);
    sip_framer_release(&tcp->framer);
    free(tcp);
    task->link = NULL;
}

const struct probe_backend sip_tcp_backend = {tcp_attach, tcp_start, tcp_wake, tcp_expire, tcp_cancel, tcp_detach};
