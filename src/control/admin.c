#include "control/admin.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/folder.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
    struct client client; /* first: who asks */
    struct admin *admin;
    struct connection *next, **link; /* in admin->connections, newest first */
    struct bufferevent *stream;      /* NULL: gone, and only waited for by an answer that is on its way */
    uint64_t heard_ms;
    bool waiting; /* a request is being answered */
    bool ending;  /* to be closed once the answer is sent */
    bool eof;     /* it will send no more */
    uid_t uid;
    pid_t pid;
};

struct admin {
    struct event_base *base;
    int priority;
    struct evconnlistener *listener;
    struct connection *connections;
    size_t connection_count; /* open */
    size_t gone_count;       /* gone, and waited for by an answer */
    char *path;
    admin_request_fn on_request;
    void *context;
    bool closing;
};

static void forget(struct connection *connection)
{
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    free(connection);
}

/* Closes the connection; the client itself stays until its answer comes. */
static void hang_up(struct connection *connection)
{
    if (connection->stream) {
        bufferevent_free(connection->stream);
        connection->admin->connection_count--;
        connection->admin->gone_count += connection->waiting;
    }
    connection->stream = NULL;
    if (!connection->waiting)
        forget(connection);
}

static void send_json(struct connection *connection, json_t *reply)
{
    char *text = json_dumps(reply, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (text) {
        bufferevent_write(connection->stream, text, strlen(text));
        bufferevent_write(connection->stream, "\n", 1);
    }
    free(text);
}

static void reply_to(struct client *client, json_t *reply)
{
    struct connection *connection = (struct connection *)client;
    connection->waiting = false;
    if (connection->stream) {
        send_json(connection, reply);
    } else {
        connection->admin->gone_count--;
        forget(connection);
    }
    json_decref(reply);
}

static void too_long(struct connection *connection)
{
    bufferevent_disable(connection->stream, EV_READ);
    connection->ending = true;
    connection->waiting = true;
    reply_to(&connection->client, json_pack("{s:i, s:b, s:s}", "version", 1, "ok", 0, "error", "the request is longer than 64 KiB"));
}

/* One request at a time: the next is read when the answer to the last has been sent, so that a client cannot pile up answers. */
static void take_requests(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    if (connection->waiting || connection->ending || connection->admin->closing ||
        evbuffer_get_length(bufferevent_get_output(connection->stream)) > 0)
        return;
    size_t len;
    char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
    if (line && len <= REQUEST_MAX) {
        connection->waiting = true;
        connection->heard_ms = clock_ms();
        connection->admin->on_request(&connection->client, line, len, connection->admin->context);
    } else if (line || evbuffer_get_length(in) > REQUEST_MAX) {
        too_long(connection);
    }
    free(line);
}

static void on_readable(struct bufferevent *stream, void *context)
{
    (void)stream;
    take_requests(context);
}

static bool answered(const struct connection *connection)
{
    return !connection->waiting && evbuffer_get_length(bufferevent_get_output(connection->stream)) == 0;
}

static void on_sent(struct bufferevent *stream, void *context)
{
    (void)stream;
    struct connection *connection = context;
    take_requests(connection);
    if ((connection->ending || connection->eof) && answered(connection))
        hang_up(connection);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    struct connection *connection = context;
    const bool idle = (what & BEV_EVENT_TIMEOUT) && (what & BEV_EVENT_READING);
    connection->eof = what & BEV_EVENT_EOF;
    if (idle && connection->waiting)
        bufferevent_enable(stream, EV_READ);           /* it waits for us */
    else if (!connection->eof || answered(connection)) /* a client may close its side and still read the answer */
        hang_up(connection);
}

/* Who has closed both sides reads no answer; an end of what it sends (EOF) alone does not tell. */
static bool has_gone(const struct connection *connection)
{
    struct pollfd at = {.fd = bufferevent_getfd(connection->stream)};
    return poll(&at, 1, 0) > 0 && at.revents & (POLLHUP | POLLERR);
}

static void drop_gone(struct admin *admin)
{
    for (struct connection *at = admin->connections, *next; at; at = next) {
        next = at->next;
        if (at->stream && at->waiting && has_gone(at))
            hang_up(at);
    }
}

static void drop_longest_idle(struct admin *admin)
{
    struct connection *idlest = NULL;
    for (struct connection *at = admin->connections; at; at = at->next)
        if (!at->waiting && (!idlest || at->heard_ms < idlest->heard_ms))
            idlest = at;
    if (idlest)
        hang_up(idlest);
}

static void who_of(const struct client *client, char out[CLIENT_WHO])
{
    const uid_t uid = ((const struct connection *)client)->uid;
    /* The file itself: a directory service that hangs must not hold up the loop. */
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *entry = NULL;
    while (file && (entry = fgetpwent(file)) && entry->pw_uid != uid) {
    }
    if (entry)
        snprintf(out, CLIENT_WHO, "%s", entry->pw_name);
    else
        snprintf(out, CLIENT_WHO, "uid %u", (unsigned)uid);
    if (file)
        fclose(file);
}

static void from_of(const struct client *client, char out[CLIENT_FROM])
{
    snprintf(out, CLIENT_FROM, "admin socket, process %d", (int)((const struct connection *)client)->pid);
}

static const struct client_kind of_admin_socket = {.reply = reply_to, .who = who_of, .from = from_of};

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len, void *context)
{
    (void)listener, (void)addr, (void)len;
    struct admin *admin = context;
    if (admin->connection_count >= CLIENTS_MAX)
        drop_gone(admin);
    if (admin->connection_count >= CLIENTS_MAX)
        drop_longest_idle(admin);
    struct ucred peer;
    socklen_t peer_len = sizeof peer;
    if (admin->connection_count >= CLIENTS_MAX || admin->gone_count >= GONE_MAX ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0) {
        close(fd);
        return;
    }
    struct connection *connection = mem_new(1, sizeof *connection);
    *connection = (struct connection){.client = {&of_admin_socket},
                                      .admin = admin,
                                      .next = admin->connections,
                                      .link = &admin->connections,
                                      .heard_ms = clock_ms(),
                                      .uid = peer.uid,
                                      .pid = peer.pid};
    if (admin->connections)
        admin->connections->link = &connection->next;
    admin->connections = connection;
    admin->connection_count++;
    connection->stream = bufferevent_socket_new(admin->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    bufferevent_priority_set(connection->stream, admin->priority);
    bufferevent_setcb(connection->stream, on_readable, on_sent, on_end, connection);
    bufferevent_setwatermark(connection->stream, EV_READ, 0, REQUEST_MAX + 1);
    const struct timeval idle = {.tv_sec = CLIENT_IDLE_S}, stall = {.tv_sec = CLIENT_STALL_S};
    bufferevent_set_timeouts(connection->stream, &idle, &stall);
    bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)listener, (void)context;
    log_warning("the admin socket cannot accept: %s", strerror(errno));
}

static bool make_folder(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return true;
    char *folder = mem_format("%.*s", (int)(slash - path), path);
    const bool done = folder_make(folder, 0755, err);
    free(folder);
    return done;
}

/* Removes a socket that a dead daemon has left. */
static bool clear_path(const struct sockaddr_un *at, struct error *err)
{
    struct stat of;
    if (lstat(at->sun_path, &of) < 0)
        return errno == ENOENT || error_set(err, "admin socket %s: %s", at->sun_path, strerror(errno));
    if (!S_ISSOCK(of.st_mode))
        return error_set(err, "admin socket %s: there is something else than a socket", at->sun_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(err, "admin socket: %s", strerror(errno));
    const bool refused = connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        return error_set(err, "admin socket %s: another sipsteerd answers there", at->sun_path);
    return unlink(at->sun_path) == 0 || error_set(err, "admin socket %s: %s", at->sun_path, strerror(errno));
}

/* A listening socket, or -1. Never open to others, not even for a moment. */
static int listen_at(const char *path, struct error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path) {
        error_set(err, "admin socket %.200s: the path is longer than %zu characters", path, sizeof at.sun_path - 1);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (!make_folder(path, err) || !clear_path(&at, err))
        return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t mask = umask(0117);
    const bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0;
    const int why = errno;
    umask(mask);
    if (bound)
        return fd;
    error_set(err, "admin socket %s: %s", path, strerror(why));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct admin *admin_new(struct event_base *base, int priority, const char *path, admin_request_fn on_request, void *context,
                        struct error *err)
{
    const int fd = listen_at(path, err);
    if (fd < 0)
        return NULL;
    struct admin *admin = mem_new(1, sizeof *admin);
    *admin = (struct admin){.base = base, .priority = priority, .path = mem_text(path), .on_request = on_request, .context = context};
    admin->listener = evconnlistener_new(base, on_connection, admin, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    evconnlistener_set_error_cb(admin->listener, on_accept_error);
    return admin;
}

static bool unsent(const struct admin *admin)
{
    for (const struct connection *at = admin->connections; at; at = at->next)
        if (at->stream && evbuffer_get_length(bufferevent_get_output(at->stream)) > 0)
            return true;
    return false;
}

void admin_flush(struct admin *admin, unsigned wait_ms)
{
    if (!admin)
        return;
    admin->closing = true;
    evconnlistener_disable(admin->listener);
    for (const uint64_t end_ms = clock_ms() + wait_ms; unsent(admin) && clock_ms() < end_ms;) {
        event_base_loop(admin->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    while (admin->connections) {
        admin->connections->waiting = false;
        hang_up(admin->connections);
    }
    evconnlistener_free(admin->listener);
    unlink(admin->path);
    free(admin->path);
    free(admin);
}
