#include "probe/stream.h"

#include "base/clock.h"
#include "base/hash.h"
#include "platform/sockaddr.h"
#include "probe/outcome.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

void stream_init(struct stream *stream, struct task *task, const struct stream_user *user)
{
    *stream = (struct stream){.task = task, .user = user, .fd = -1};
}

void stream_close(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    tls_link_close(&stream->tls);
    event_del(&stream->readable);
    event_del(&stream->writable);
    close(stream->fd);
    stream->fd = -1;
    stream->connected = stream->ready = false;
}

/* Returns false, always. */
static bool fail(struct stream *stream, struct observation failure)
{
    stream_close(stream);
    stream->failure = failure;
    return false;
}

static void broken(struct stream *stream, struct observation failure)
{
    fail(stream, failure);
    stream->user->broken(stream->task);
}

static void become_ready(struct stream *stream)
{
    stream->ready = true;
    stream->ready_us = engine_now_us(stream->task->engine);
    stream->user->ready(stream->task);
}

static void shake_hands(struct stream *stream)
{
    switch (tls_link_shake(&stream->tls)) {
    case TLS_DONE: become_ready(stream); break;
    case TLS_WANTS_READ: break;
    case TLS_WANTS_WRITE: event_add(&stream->writable, NULL); break;
    case TLS_CLOSED: broken(stream, observation_failed_as(REASON_CLOSED, "during the TLS handshake")); break;
    case TLS_FAILED: broken(stream, stream->tls.failure); break;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct stream *stream = context;
    if (!stream->ready) {
        shake_hands(stream);
        return;
    }
    stream->user->readable(stream->task);
    if (stream->ready && tls_link_pending(&stream->tls))
        event_active(&stream->readable, EV_READ, 0);
}

static bool begin_tls(struct stream *stream)
{
    const struct check *check = &stream->task->check;
    const enum name_rules rules = check->probe.transport == TRANSPORT_WSS ? NAMES_OF_HTTP : NAMES_OF_SIP;
    return tls_link_open(&stream->tls, check->tls, stream->fd, check->domain, rules, check->probe.tls.verify);
}

static void on_connected(struct stream *stream)
{
    int why = 0;
    socklen_t len = sizeof why;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
        why = errno;
    if (why == 0 && (!socket_local(stream->fd, &stream->local) || event_add(&stream->readable, NULL) < 0))
        why = errno;
    if (why == 0 && stream->task->check.tls && !begin_tls(stream))
        why = ENOMEM;
    if (why != 0) {
        broken(stream, observation_failed(reason_of_errno(why)));
        return;
    }
    stream->connected = true;
    if (stream->tls.ssl)
        shake_hands(stream);
    else
        become_ready(stream);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct stream *stream = context;
    if (!stream->connected)
        on_connected(stream);
    else if (!stream->ready)
        shake_hands(stream);
}

/* Of everything but the address that a connection depends on. */
static uint64_t print_of(const struct check *check)
{
    const uint64_t print = check->tls ? tls_client_print(check->tls) : 0;
    return hash_bytes(check->domain, strlen(check->domain), print);
}

bool stream_open(struct stream *stream)
{
    const struct task *task = stream->task;
    const int on = 1;
    stream_close(stream);
    if ((stream->fd = socket_connect(SOCK_STREAM, &task->check.target)) < 0)
        return fail(stream, observation_failed(reason_of_errno(errno)));
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stream->print = print_of(&task->check);
    event_assign(&stream->readable, task->engine->base, stream->fd, EV_READ | EV_PERSIST, on_readable, stream);
    event_assign(&stream->writable, task->engine->base, stream->fd, EV_WRITE, on_writable, stream);
    return event_add(&stream->writable, NULL) == 0 || fail(stream, observation_failed(REASON_LOCAL));
}

bool stream_fresh(const struct stream *stream)
{
    const struct check *check = &stream->task->check;
    const uint64_t age_us = engine_now_us(stream->task->engine) - stream->ready_us;
    const bool ended = stream->tls.ssl && stream->tls.verify && clock_wall_s() >= stream->tls.certificate_end_s;
    return stream->ready && !ended && age_us < (uint64_t)check->probe.renew_ms * 1000 && stream->print == print_of(check);
}

struct observation stream_timeout(struct stream *stream)
{
    struct observation seen = observation_failed(REASON_TIMEOUT);
    if (stream->fd >= 0 && !stream->connected)
        seen = observation_failed_as(REASON_TIMEOUT, "while connecting");
    else if (stream->fd >= 0 && !stream->ready)
        seen = observation_failed_as(REASON_TIMEOUT, "during the TLS handshake");
    seen.certificate_end_s = stream->tls.certificate_end_s;
    stream_close(stream);
    return seen;
}

static ssize_t read_failed(struct stream *stream, struct observation failure)
{
    fail(stream, failure);
    return -1;
}

static ssize_t read_tls(struct stream *stream, void *to, size_t room)
{
    size_t got;
    switch (tls_link_read(&stream->tls, to, room, &got)) {
    case TLS_DONE: return (ssize_t)got;
    case TLS_CLOSED: return read_failed(stream, observation_failed(REASON_CLOSED));
    case TLS_FAILED: return read_failed(stream, stream->tls.failure);
    default: return 0;
    }
}

ssize_t stream_read(struct stream *stream, void *to, size_t room)
{
    if (stream->tls.ssl)
        return read_tls(stream, to, room);
    const ssize_t got = recv(stream->fd, to, room, 0);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return read_failed(stream, observation_failed(got == 0 ? REASON_CLOSED : reason_of_errno(errno)));
}

static bool write_tls(struct stream *stream, const void *from, size_t len)
{
    switch (tls_link_write(&stream->tls, from, len)) {
    case TLS_DONE: return true;
    case TLS_CLOSED: return fail(stream, observation_failed(REASON_CLOSED));
    case TLS_FAILED: return fail(stream, stream->tls.failure);
    default: return fail(stream, observation_failed(REASON_LOCAL));
    }
}

bool stream_write(struct stream *stream, const void *from, size_t len)
{
    if (stream->tls.ssl)
        return write_tls(stream, from, len);
    const ssize_t sent = send(stream->fd, from, len, MSG_NOSIGNAL);
    if (sent < 0)
        return fail(stream, observation_failed(reason_of_errno(errno)));
    return (size_t)sent == len || fail(stream, observation_failed(REASON_LOCAL));
}
