#include "http/internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <event2/bufferevent.h>
#include <stdlib.h>
#include <sys/socket.h>

void connections_init(struct connections *connections, size_t most)
{
    *connections = (struct connections){.most = most};
    TAILQ_INIT(&connections->line);
}

/* evhttp sees the end of the stream, and frees what it has. */
static void cut(const struct connection *connection)
{
    const evutil_socket_t fd = bufferevent_getfd(connection->stream);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

/* evhttp has freed it: that takes the callbacks away, which are never missing before. */
static bool is_freed(const struct connection *connection)
{
    bufferevent_data_cb readable, writable;
    bufferevent_event_cb event;
    void *context;
    bufferevent_getcb(connection->stream, &readable, &writable, &event, &context);
    return !readable && !writable && !event;
}

static void forget(struct connections *connections, struct connection *connection)
{
    TAILQ_REMOVE(&connections->line, connection, in_line);
    connections->count--;
    bufferevent_decref(connection->stream);
    free(connection);
}

static struct connection *longest(const struct connections *connections, enum phase phase)
{
    struct connection *at;
    TAILQ_FOREACH(at, &connections->line, in_line)
    if (at->phase == phase && !at->refused)
        return at;
    return NULL;
}

/* Who has not asked anything whole for the longest time gives way; then who takes its answer for the longest. */
static struct connection *dispensable(const struct connections *connections)
{
    struct connection *reading = longest(connections, PHASE_READING);
    return reading ? reading : longest(connections, PHASE_SENDING);
}

void connections_add(struct connections *connections, struct bufferevent *stream, bool refused)
{
    struct connection *connection = mem_new(1, sizeof *connection), *other = NULL;
    *connection = (struct connection){.stream = stream, .since_ms = clock_ms(), .refused = refused};
    if (connections->count >= connections->most)
        other = dispensable(connections);
    if (other) {
        other->refused = true;
        cut(other);
    } else if (connections->count >= connections->most) {
        connection->refused = true; /* it has no descriptor yet: the next sweep closes it */
    }
    bufferevent_incref(stream);
    TAILQ_INSERT_TAIL(&connections->line, connection, in_line);
    connections->count++;
}

struct connection *connections_find(const struct connections *connections, const struct bufferevent *stream)
{
    struct connection *at;
    TAILQ_FOREACH_REVERSE(at, &connections->line, connection_line, in_line)
    if (at->stream == stream)
        return at;
    return NULL;
}

void connection_enter(struct connections *connections, struct connection *connection, enum phase phase)
{
    connection->phase = phase;
    connection->since_ms = clock_ms();
    TAILQ_REMOVE(&connections->line, connection, in_line);
    TAILQ_INSERT_TAIL(&connections->line, connection, in_line);
}

static bool too_long(const struct connection *connection, uint64_t now_ms)
{
    const uint64_t lasts_ms = now_ms - connection->since_ms;
    if (connection->phase == PHASE_READING)
        return lasts_ms >= HTTP_REQUEST_S * 1000ull;
    return connection->phase == PHASE_SENDING && lasts_ms >= HTTP_TAKE_S * 1000ull;
}

void connections_sweep(struct connections *connections)
{
    const uint64_t now_ms = clock_ms();
    for (struct connection *at = TAILQ_FIRST(&connections->line), *next; at; at = next) {
        next = TAILQ_NEXT(at, in_line);
        if (is_freed(at))
            forget(connections, at);
        else if (at->refused || too_long(at, now_ms))
            cut(at);
    }
}

void connections_release(struct connections *connections)
{
    while (!TAILQ_EMPTY(&connections->line))
        forget(connections, TAILQ_FIRST(&connections->line));
}
