#include "cli/connection.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPLY_MAX = 1 << 30 };

static int open_socket(const char *path, unsigned timeout_s, struct error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path) {
        error_set(err, "%.200s: the path is too long for a socket", path);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = timeout_s};
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    error_set(err, "no daemon at %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool send_line(int fd, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    const size_t len = text ? strlen(text) : 0;
    bool sent = text != NULL;
    if (sent) {
        text[len] = '\n'; /* in the place of the NUL: a line is not a string */
        for (size_t at = 0; sent && at <= len;) {
            const ssize_t wrote = send(fd, text + at, len + 1 - at, MSG_NOSIGNAL);
            sent = wrote > 0;
            at += sent ? (size_t)wrote : 0;
        }
    }
    free(text);
    return sent;
}

/* The octets up to the newline; NULL when there are none in time. */
static char *receive_line(int fd, size_t *ret_len)
{
    char *text = NULL;
    size_t room = 0, len = 0;
    while (len < REPLY_MAX) {
        text = mem_grow(text, &room, len + 65536, 1);
        const ssize_t got = recv(fd, text + len, 65536, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        if (text[len - 1] == '\n') {
            *ret_len = len;
            return text;
        }
    }
    free(text);
    return NULL;
}

json_t *connection_ask(const char *socket_path, const json_t *request, unsigned timeout_s, bool until_end, struct error *err)
{
    const int fd = open_socket(socket_path, timeout_s, err);
    if (fd < 0)
        return NULL;
    size_t len = 0;
    errno = 0;
    char *line = send_line(fd, request) ? receive_line(fd, &len) : NULL, rest;
    json_t *reply = line ? json_loadb(line, len, 0, NULL) : NULL;
    if (!reply)
        error_set(err, "the daemon at %s gives no answer%s%s", socket_path, errno ? ": " : "", errno ? strerror(errno) : "");
    while (reply && until_end && recv(fd, &rest, 1, 0) > 0) {
    }
    free(line);
    close(fd);
    return reply;
}
