#include "tap/frames.h"

#include "base/memory.h"
#include "platform/sockaddr.h"
#include "tap/rotated.h"

#include <errno.h>
#include <fstrm.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, PATIENCE_MS = 3000, FAREWELL_MS = 500 };

static const char content_type[] = "protobuf:dnstap.Dnstap";

struct frames {
    const struct dnstap_config *config;
    struct fstrm_writer *writer;
    struct rotated file; /* or */
    int fd;              /* of a socket; -1 */
    int wake_fd, patience_ms;
    struct error err; /* why it broke; "" while it is whole */
    size_t used;
    uint8_t buffer[BUFFER];
};

/* --- sockets */

/* False when it takes too long, or something else is to be done. */
static bool await(struct frames *frames, short events)
{
    struct pollfd waited[] = {{.fd = frames->fd, .events = events}, {.fd = frames->wake_fd, .events = POLLIN}};
    const int ready = poll(waited, 2, frames->patience_ms);
    if (ready > 0 && waited[0].revents)
        return true;
    if (ready < 0 && errno == EINTR)
        return true;
    return error_set(&frames->err, ready > 0 ? "interrupted" : "the other side does not keep up");
}

static bool send_all(struct frames *frames, const uint8_t *octets, size_t len)
{
    while (len > 0) {
        const ssize_t now = send(frames->fd, octets, len, MSG_NOSIGNAL);
        if (now > 0) {
            octets += now;
            len -= (size_t)now;
        } else if (errno == EAGAIN) {
            if (!await(frames, POLLOUT))
                return false;
        } else if (errno != EINTR) {
            return error_set(&frames->err, "the other side has gone: %s", strerror(errno));
        }
    }
    return true;
}

static bool connected(struct frames *frames)
{
    int why = 0;
    socklen_t len = sizeof why;
    if (!await(frames, POLLOUT))
        return false;
    if (getsockopt(frames->fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == 0)
        return true;
    return error_set(&frames->err, "%s", strerror(why));
}

static bool connect_unix(struct frames *frames)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, frames->config->socket, strlen(frames->config->socket)); /* config has looked at its length */
    frames->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return (frames->fd >= 0 && connect(frames->fd, (const struct sockaddr *)&address, sizeof address) == 0) ||
           error_set(&frames->err, "%s", strerror(errno));
}

static bool connect_tcp(struct frames *frames)
{
    frames->fd = socket_connect(SOCK_STREAM, &frames->config->address);
    return frames->fd >= 0 ? connected(frames) : error_set(&frames->err, "%s", strerror(errno));
}

/* --- libfstrm's view of it */

static bool flush(struct frames *frames)
{
    const size_t len = frames->used;
    frames->used = 0;
    if (frames->err.text[0] || len == 0)
        return !frames->err.text[0];
    return frames->config->file ? rotated_write(&frames->file, frames->buffer, len, &frames->err) : send_all(frames, frames->buffer, len);
}

static fstrm_res on_open(void *context)
{
    struct frames *frames = context;
    const bool done = frames->config->file
                          ? rotated_open(&frames->file, frames->config->file, &frames->config->rotation, true, &frames->err)
                      : frames->config->socket ? connect_unix(frames)
                                               : connect_tcp(frames);
    return done ? fstrm_res_success : fstrm_res_failure;
}

static fstrm_res on_close(void *context)
{
    struct frames *frames = context;
    flush(frames);
    rotated_close(&frames->file);
    if (frames->fd >= 0)
        close(frames->fd);
    frames->fd = -1;
    return fstrm_res_success;
}

static bool put(struct frames *frames, const uint8_t *octets, size_t len)
{
    while (len > 0) {
        const size_t room = BUFFER - frames->used, now = len < room ? len : room;
        memcpy(frames->buffer + frames->used, octets, now);
        frames->used += now;
        octets += now;
        len -= now;
        if (frames->used == BUFFER && !flush(frames))
            return false;
    }
    return !frames->err.text[0];
}

static fstrm_res on_write(void *context, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        if (!put(context, pieces[i].iov_base, pieces[i].iov_len))
            return fstrm_res_failure;
    return fstrm_res_success;
}

/* The other side's part of the handshakes at both ends. */
static fstrm_res on_read(void *context, void *into, size_t len)
{
    struct frames *frames = context;
    uint8_t *to = into;
    if (!flush(frames))
        return fstrm_res_failure;
    while (len > 0) {
        const ssize_t now = recv(frames->fd, to, len, 0);
        if (now > 0) {
            to += now;
            len -= (size_t)now;
        } else if (now == 0) {
            error_set(&frames->err, "the other side has gone");
            return fstrm_res_stop;
        } else if (errno == EAGAIN ? !await(frames, POLLIN) : errno != EINTR) {
            return fstrm_res_failure;
        }
    }
    return fstrm_res_success;
}

static struct fstrm_writer *make_writer(struct frames *frames)
{
    struct fstrm_rdwr *way = fstrm_rdwr_init(frames);
    fstrm_rdwr_set_open(way, on_open);
    fstrm_rdwr_set_close(way, on_close);
    fstrm_rdwr_set_write(way, on_write);
    if (!frames->config->file)
        fstrm_rdwr_set_read(way, on_read);
    struct fstrm_writer_options *options = fstrm_writer_options_init();
    fstrm_writer_options_add_content_type(options, content_type, sizeof content_type - 1);
    struct fstrm_writer *writer = fstrm_writer_init(options, &way);
    fstrm_writer_options_destroy(&options);
    return writer;
}

/* --- */

/* Files' names are in the messages already. */
static bool tell(const struct frames *frames, struct error *err)
{
    char at[HOSTPORT_TEXT];
    const char *why = frames->err.text[0] ? frames->err.text : "it does not take dnstap";
    if (frames->config->file)
        return error_set(err, "%s", why);
    return error_set(err, "%s: %s", frames->config->socket ? frames->config->socket : hostport_format(&frames->config->address, at), why);
}

static bool begin(struct frames *frames, struct error *err)
{
    frames->fd = frames->file.fd = -1;
    frames->patience_ms = PATIENCE_MS;
    frames->err.text[0] = '\0';
    frames->used = 0;
    frames->writer = make_writer(frames);
    return (fstrm_writer_open(frames->writer) == fstrm_res_success && flush(frames)) || tell(frames, err);
}

/* libfstrm ends what is open, and closes. */
static void end(struct frames *frames)
{
    frames->patience_ms = FAREWELL_MS;
    fstrm_writer_destroy(&frames->writer);
    on_close(frames); /* where it was never open as a stream */
}

struct frames *frames_open(const struct dnstap_config *config, int wake_fd, struct error *err)
{
    struct frames *frames = mem_new(1, sizeof *frames);
    frames->config = config;
    frames->wake_fd = wake_fd;
    if (begin(frames, err))
        return frames;
    frames_close(frames);
    return NULL;
}

bool frames_write(struct frames *frames, const void *frame, size_t len, struct error *err)
{
    return fstrm_writer_write(frames->writer, frame, len) == fstrm_res_success || tell(frames, err);
}

bool frames_flush(struct frames *frames, struct error *err)
{
    if (!flush(frames))
        return tell(frames, err);
    if (!frames->config->file || !rotated_is_full(&frames->file))
        return true;
    end(frames);
    return begin(frames, err);
}

bool frames_are_gone(const struct frames *frames)
{
    return frames->config->file && rotated_is_gone(&frames->file);
}

void frames_close(struct frames *frames)
{
    if (frames == NULL)
        return;
    frames->wake_fd = -1; /* nothing is more urgent now, and it is bounded */
    end(frames);
    free(frames);
}
