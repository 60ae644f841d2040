/* SIP over UDP. Each check keeps one connected socket: the kernel then drops what comes from elsewhere, tells us of ICMP errors at once, and
 * gives the local address for Via. */
#include "base/memory.h"
#include "platform/sockaddr.h"
#include "probe/outcome.h"
#include "probe/sip_exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    T1_US = 500000,  /* first retransmission, then doubled (RFC 3261 17.1.2.2, timer E) */
    T2_US = 4000000, /* at most; also once a provisional answer has come */
    READS_MAX = 64,  /* for one look at a socket, so that a flood at one cannot starve the others */
};

struct sip_udp {
    struct event readable;
    int fd; /* -1 when closed */
    uint64_t gap_us;
    struct sip_exchange exchange;
};

static void udp_close(struct sip_udp *udp)
{
    if (udp->fd < 0)
        return;
    event_del(&udp->readable);
    close(udp->fd);
    udp->fd = -1;
}

static void udp_fail(struct task *task, enum reason reason)
{
    /* The next probe takes a new socket: a new port, a new route, perhaps a new local address. A refusal has shown that the way is good. */
    if (reason != REASON_REFUSED)
        udp_close(task->link);
    sip_exchange_fail(task, reason);
}

static void udp_error(struct task *task, int why)
{
    const enum reason reason = reason_of_errno(why);
    if (task->running && reason != REASON_LOCAL)
        udp_fail(task, reason);
}

static void udp_datagram(struct task *task, size_t len)
{
    struct sip_udp *udp = task->link;
    struct sip_message message;
    const enum sip_kind kind = sip_datagram_read(task->engine->buffer, len, &message);
    if (kind == SIP_BAD)
        udp->exchange.nonsense = true; /* ignored, as anybody can forge it, but worth telling if nothing better comes */
    if (kind == SIP_RESPONSE && sip_exchange_hear(&udp->exchange, task, &message) == SIP_HEARD_PROVISIONAL) {
        udp->gap_us = T2_US;
        task_wake_at(task, engine_now_us(task->engine) + udp->gap_us);
    }
}

/* Reads until the probe has ended; false when there is nothing more to read. Idle, one read throws away a late answer or error. */
static bool udp_read(struct task *task)
{
    struct sip_udp *udp = task->link;
    const ssize_t got = recv(udp->fd, task->engine->buffer, sizeof task->engine->buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got < 0)
        udp_error(task, errno);
    else if (task->running)
        udp_datagram(task, (size_t)got);
    return task->running;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct task *task = context;
    /* One read is enough when it brings the answer, the common case; what is left makes the socket readable again. */
    udp_read(task);
}

static bool udp_open(struct task *task)
{
    struct sip_udp *udp = task->link;
    if ((udp->fd = socket_connect(SOCK_DGRAM, &task->check.target)) < 0)
        return false;
    event_assign(&udp->readable, task->engine->base, udp->fd, EV_READ | EV_PERSIST, on_readable, task);
    if (socket_local(udp->fd, &udp->exchange.local) && event_add(&udp->readable, NULL) == 0)
        return true;
    udp_close(udp);
    return false;
}

static bool udp_send(struct task *task)
{
    struct sip_udp *udp = task->link;
    char request[SIP_REQUEST_MAX];
    const size_t len = sip_exchange_write(&udp->exchange, task, request);
    if (len == 0) {
        errno = EMSGSIZE;
        return false;
    }
    /* A full buffer is a lost datagram: the retransmission makes up for it. */
    return send(udp->fd, request, len, MSG_NOSIGNAL) >= 0 || errno == EAGAIN || errno == ENOBUFS;
}

static void udp_start(struct task *task)
{
    struct sip_udp *udp = task->link;
    if (!sip_exchange_begin(&udp->exchange) || (udp->fd < 0 && !udp_open(task))) {
        udp_fail(task, reason_of_errno(errno));
        return;
    }
    udp->exchange.sent_us = engine_now_us(task->engine);
    udp->gap_us = T1_US;
    /* An ICMP error for the last probe may be waiting in the socket; send() then reports that, sends nothing and has cleared it. */
    if (!udp_send(task) && (errno != ECONNREFUSED || !udp_send(task))) {
        udp_fail(task, reason_of_errno(errno));
        return;
    }
    task_wake_at(task, udp->exchange.sent_us + udp->gap_us);
}

static void udp_wake(struct task *task)
{
    struct sip_udp *udp = task->link;
    if (!udp_send(task)) {
        udp_fail(task, reason_of_errno(errno));
        return;
    }
    udp->gap_us = udp->gap_us * 2 < T2_US ? udp->gap_us * 2 : T2_US;
    task_wake_at(task, engine_now_us(task->engine) + udp->gap_us);
}

static void udp_expire(struct task *task)
{
    struct sip_udp *udp = task->link;
    for (int i = 0; i < READS_MAX && udp_read(task); i++)
        ;
    if (task->running)
        udp_fail(task, udp->exchange.nonsense ? REASON_BAD_ANSWER : REASON_TIMEOUT);
}

static void udp_cancel(struct task *task)
{
    udp_close(task->link);
}

static void udp_attach(struct task *task)
{
    struct sip_udp *udp = mem_new(1, sizeof *udp);
    udp->fd = -1;
    task->link = udp;
}

static void udp_detach(struct task *task)
{
    udp_close(task->link);
    free(task->link);
    task->link = NULL;
}

const struct probe_backend sip_udp_backend = {udp_attach, udp_start, udp_wake, udp_expire, udp_cancel, udp_detach};
