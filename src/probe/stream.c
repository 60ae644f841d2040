#include "probe/stream.h"

#include "platform/sockaddr.h"
#include "probe/outcome.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

void stream_init(struct stream *stream, struct task *task, const struct stream_user *user)
{
    *stream = (struct stream){.task = task, .user = user, .fd = -1};
}

void stream_close(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    event_del(&stream->readable);
    event_del(&stream->writable);
    close(stream->fd);
    stream->fd = -1;
    stream->ready = false;
}

/* Returns false, always. */
static bool fail(struct stream *stream, enum reason reason)
{
    stream_close(stream);
    stream->failure = observation_failed(reason);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct stream *stream = context;
    stream->user->readable(stream->task);
}

static void become_ready(struct stream *stream)
{
    stream->ready = true;
    stream->ready_us = engine_now_us(stream->task->engine);
    stream->user->ready(stream->task);
}

static void on_connected(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct stream *stream = context;
    int why = 0;
    socklen_t len = sizeof why;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
        why = errno;
    if (why == 0 && (!socket_local(fd, &stream->local) || event_add(&stream->readable, NULL) < 0))
        why = errno;
    if (why == 0) {
        become_ready(stream);
        return;
    }
    fail(stream, reason_of_errno(why));
    stream->user->broken(stream->task);
}

bool stream_open(struct stream *stream)
{
    const struct task *task = stream->task;
    const int on = 1;
    stream_close(stream);
    if ((stream->fd = socket_connect(SOCK_STREAM, &task->check.target)) < 0)
        return fail(stream, reason_of_errno(errno));
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    event_assign(&stream->readable, task->engine->base, stream->fd, EV_READ | EV_PERSIST, on_readable, stream);
    event_assign(&stream->writable, task->engine->base, stream->fd, EV_WRITE, on_connected, stream);
    return event_add(&stream->writable, NULL) == 0 || fail(stream, REASON_LOCAL);
}

ssize_t stream_read(struct stream *stream, void *to, size_t room)
{
    const ssize_t got = recv(stream->fd, to, room, 0);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    fail(stream, got == 0 ? REASON_CLOSED : reason_of_errno(errno));
    return -1;
}

bool stream_write(struct stream *stream, const void *from, size_t len)
{
    const ssize_t sent = send(stream->fd, from, len, MSG_NOSIGNAL);
    if (sent < 0)
        return fail(stream, reason_of_errno(errno));
    return (size_t)sent == len || fail(stream, REASON_LOCAL);
}
