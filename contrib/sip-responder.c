/* A SIP server just large enough to be probed and called, for the demo and the tests; see contrib/README.md.
 *
 *     sip-responder [-v] [-c PATH] ADDR:PORT...     serve
 *     sip-responder -c PATH fail|busy|ok|list ...   tell the one that serves
 *
 * One thread, one poll loop. Everything it hears is copied or dropped, nothing is kept. */
#include "base/addr.h"
#include "base/hash.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 16384, CONNECTIONS_MAX = 4096, COMMAND_MAX = 512 };

enum mode { MODE_OK, MODE_FAIL, MODE_BUSY };

/* One address that it answers at. */
struct place {
    char text[HOSTPORT_TEXT], host[ADDR_TEXT];
    bool v6;
    struct sockaddr_storage address;
    socklen_t address_len;
    enum mode mode;
    unsigned retry_after_s;
    int udp, tcp; /* tcp is -1 while it fails: connections are refused */
};

struct connection {
    int fd;
    struct place *place;
    size_t len;
    char in[MESSAGE_MAX];
};

struct server {
    struct place *places;
    size_t place_count;
    struct connection **connections;
    size_t connection_count, connection_room;
    int control; /* -1 for none */
    bool verbose;
};

/* Where a request came from, for received and rport (RFC 3581). */
struct source {
    const struct place *place;
    const char *transport;
    char host[NI_MAXHOST], port[NI_MAXSERV];
};

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
    (void)number;
    stopping = 1;
}

/* --- the answer to a request --- */

struct out {
    char text[MESSAGE_MAX];
    size_t len;
    bool full;
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct out *out, const char *format, ...)
{
    const size_t room = sizeof out->text - out->len;
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(out->text + out->len, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room)
        out->full = true;
    else
        out->len += (size_t)len;
}

/* A header of a request: text from its name to its end, folded lines included, without the last CRLF. */
struct header {
    const char *text;
    int len; /* for %.*s */
    const char *value;
    size_t name_len;
};

/* The header at *at, which moves behind it; false at the end of the head. */
static bool next_header(const char **at, const char *end, struct header *ret_header)
{
    const char *start = *at, *stop = start;
    do {
        stop = memchr(stop, '\n', (size_t)(end - stop));
        if (stop == NULL)
            return false;
        stop++;
    } while (stop < end && (*stop == ' ' || *stop == '\t'));
    *at = stop;
    size_t len = (size_t)(stop - start);
    while (len && (start[len - 1] == '\n' || start[len - 1] == '\r'))
        len--;
    const char *colon = len ? memchr(start, ':', len) : NULL;
    if (colon == NULL)
        return false;
    size_t name_len = (size_t)(colon - start);
    while (name_len && (start[name_len - 1] == ' ' || start[name_len - 1] == '\t'))
        name_len--;
    *ret_header = (struct header){start, (int)len, colon + 1, name_len};
    return true;
}

static bool is_header(const struct header *header, const char *name, const char *compact)
{
    const size_t len = header->name_len;
    return (len == strlen(name) && strncasecmp(header->text, name, len) == 0) ||
           (len == strlen(compact) && strncasecmp(header->text, compact, len) == 0);
}

/* Where text stands in the header, or NULL; without regard to case. */
static const char *find_in(const struct header *header, const char *text)
{
    const size_t len = strlen(text);
    for (const char *at = header->value; at + len <= header->text + header->len; at++)
        if (strncasecmp(at, text, len) == 0)
            return at;
    return NULL;
}

/* The topmost Via with the address that the request really came from (RFC 3261 18.2.1, RFC 3581 4). */
static void put_top_via(struct out *out, const struct header *via, const struct source *source)
{
    const char *end = via->text + via->len, *comma = memchr(via->value, ',', (size_t)(end - via->value));
    const char *rport = find_in(via, ";rport");
    if (comma == NULL)
        comma = end;
    if (rport && rport < comma && (rport + 6 == end || rport[6] != '='))
        put(out, "%.*s=%s%.*s", (int)(rport + 6 - via->text), via->text, source->port, (int)(comma - rport - 6), rport + 6);
    else
        put(out, "%.*s", (int)(comma - via->text), via->text);
    put(out, ";received=%s%.*s\r\n", source->host, (int)(end - comma), comma);
}

/* RFC 3261 8.2.6.2 */
static bool is_copied(const struct header *header)
{
    return is_header(header, "Via", "v") || is_header(header, "To", "t") || is_header(header, "From", "f") ||
           is_header(header, "Call-ID", "i") || is_header(header, "CSeq", "CSeq") || is_header(header, "Record-Route", "Record-Route");
}

static void put_copied(struct out *out, const char *headers, const char *end, const struct source *source, bool contact)
{
    struct header header;
    bool top = true;
    uint64_t tag = 0; /* the same for each copy of a request, as nothing is remembered of the first */
    for (const char *at = headers; next_header(&at, end, &header);)
        if (is_header(&header, "Call-ID", "i"))
            tag = hash_bytes(header.value, (size_t)(header.text + header.len - header.value), 0);
    for (const char *at = headers; next_header(&at, end, &header);) {
        if (is_header(&header, "Via", "v") && top) {
            top = false;
            put_top_via(out, &header, source);
        } else if (is_header(&header, "To", "t") && find_in(&header, ";tag=") == NULL) {
            put(out, "%.*s;tag=%016llx\r\n", header.len, header.text, (unsigned long long)tag);
        } else if (is_copied(&header) || (contact && is_header(&header, "Contact", "m"))) {
            put(out, "%.*s\r\n", header.len, header.text);
        }
    }
}

/* A call without media: enough to set it up, hold it and end it. */
static void put_session(struct out *out, const struct source *source)
{
    const struct place *place = source->place;
    char body[512];
    const char *family = place->v6 ? "IP6" : "IP4";
    const int len = snprintf(body, sizeof body,
                             "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n"
                             "m=audio 9 RTP/AVP 0 8\r\na=inactive\r\n",
                             family, place->host, family, place->host);
    put(out, "Contact: <sip:responder@%s;transport=%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", place->text,
        source->transport, len, body);
}

/* Answers the request whose head is data[0 .. len); false when there is nothing to say. */
static bool answer(const char *data, size_t len, const struct source *source, bool verbose, struct out *out)
{
    const char *end = data + len, *line_end = memchr(data, '\n', len), *space = memchr(data, ' ', len);
    const struct place *place = source->place;
    if (line_end == NULL || space == NULL || space > line_end || strncmp(data, "SIP/", 4) == 0)
        return false;
    const size_t method_len = (size_t)(space - data);
    char method[16] = "";
    if (method_len < sizeof method)
        memcpy(method, data, method_len);
    if (verbose)
        printf("%s %s %.*s\n", place->text, source->transport, (int)(line_end - data), data);
    if (place->mode == MODE_FAIL || strcmp(method, "ACK") == 0)
        return false;
    const bool invite = strcmp(method, "INVITE") == 0, enrol = strcmp(method, "REGISTER") == 0;
    const bool known = invite || enrol || strcmp(method, "OPTIONS") == 0;
    const bool ending = strcmp(method, "BYE") == 0 || strcmp(method, "CANCEL") == 0; /* welcome however busy it is */
    out->len = out->full = 0;
    if (place->mode == MODE_BUSY && !ending)
        put(out, "SIP/2.0 503 Service Unavailable\r\nRetry-After: %u\r\n", place->retry_after_s);
    else
        put(out, known || ending ? "SIP/2.0 200 OK\r\n" : "SIP/2.0 501 Not Implemented\r\n");
    put_copied(out, line_end + 1, end, source, enrol);
    put(out, "Allow: OPTIONS, REGISTER, INVITE, ACK, BYE, CANCEL\r\nServer: sip-responder/" SIPSTEER_VERSION "\r\n");
    if (invite && place->mode == MODE_OK)
        put_session(out, source);
    else
        put(out, "Content-Length: 0\r\n\r\n");
    return !out->full;
}

static void source_set(struct source *source, const struct sockaddr_storage *address, socklen_t len)
{
    if (getnameinfo((const struct sockaddr *)address, len, source->host, sizeof source->host, source->port, sizeof source->port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        source->host[0] = source->port[0] = 0;
}

/* --- UDP --- */

static void serve_udp(const struct server *server, struct place *place)
{
    static char in[65536];
    static struct out out;
    struct sockaddr_storage from;
    for (int i = 0; i < 64; i++) {
        socklen_t from_len = sizeof from;
        const ssize_t got = recvfrom(place->udp, in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
        if (got < 0)
            return;
        struct source source = {.place = place, .transport = "udp"};
        source_set(&source, &from, from_len);
        if (answer(in, (size_t)got, &source, server->verbose, &out))
            sendto(place->udp, out.text, out.len, MSG_DONTWAIT, (const struct sockaddr *)&from, from_len);
    }
}

/* --- TCP --- */

static void connection_close(struct server *server, size_t i)
{
    struct connection *gone = server->connections[i];
    server->connections[i] = server->connections[--server->connection_count];
    close(gone->fd);
    free(gone);
}

static void serve_listener(struct server *server, struct place *place)
{
    for (int fd; (fd = accept4(place->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        if (server->connection_count == CONNECTIONS_MAX) {
            close(fd);
            return;
        }
        struct connection *new = mem_new(1, sizeof *new);
        *new = (struct connection){.fd = fd, .place = place};
        server->connections =
            mem_grow(server->connections, &server->connection_room, server->connection_count + 1, sizeof *server->connections);
        server->connections[server->connection_count++] = new;
    }
}

/* The length of the message at the front, 0 if it is not yet whole; *ret_head is that of its head. */
static size_t whole_message(const struct connection *connection, size_t *ret_head)
{
    const char *blank = memmem(connection->in, connection->len, "\r\n\r\n", 4);
    if (blank == NULL)
        return 0;
    const char *end = blank + 4, *at = memchr(connection->in, '\n', connection->len);
    size_t body = 0;
    struct header header;
    for (at++; next_header(&at, end, &header);)
        if (is_header(&header, "Content-Length", "l"))
            body = strtoul(header.value, NULL, 10); /* the empty line ends it, if nothing else does */
    *ret_head = (size_t)(end - connection->in);
    if (body > MESSAGE_MAX)
        body = MESSAGE_MAX; /* will never be whole: closed when the buffer is full */
    return *ret_head + body <= connection->len ? *ret_head + body : 0;
}

static void drop_front(struct connection *connection, size_t count)
{
    connection->len -= count;
    memmove(connection->in, connection->in + count, connection->len);
}

/* Reads once and answers every whole message; false when the connection is at its end. */
static bool serve_connection(const struct server *server, struct connection *connection)
{
    static struct out out;
    const ssize_t got = recv(connection->fd, connection->in + connection->len, sizeof connection->in - connection->len, 0);
    struct sockaddr_storage from = {0};
    socklen_t from_len = sizeof from;
    struct source source = {.place = connection->place, .transport = "tcp"};
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    connection->len += (size_t)got;
    getpeername(connection->fd, (struct sockaddr *)&from, &from_len);
    source_set(&source, &from, from_len);
    for (size_t head, whole;; drop_front(connection, whole)) {
        while (connection->len && (connection->in[0] == '\r' || connection->in[0] == '\n'))
            drop_front(connection, 1);
        if ((whole = whole_message(connection, &head)) == 0)
            return connection->len < sizeof connection->in;
        if (answer(connection->in, head, &source, server->verbose, &out) &&
            send(connection->fd, out.text, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
            return false;
    }
}

/* --- sockets --- */

static bool open_socket(const struct place *place, int type, int *ret_fd)
{
    const int on = 1, fd = socket(place->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_fd = fd;
    if (fd < 0)
        return false;
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&place->address, place->address_len) == 0 && (type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0))
        return true;
    const int why = errno;
    close(fd);
    errno = why;
    *ret_fd = -1;
    return false;
}

static void refuse_tcp(struct server *server, struct place *place)
{
    if (place->tcp >= 0)
        close(place->tcp);
    place->tcp = -1;
    for (size_t i = server->connection_count; i-- > 0;)
        if (server->connections[i]->place == place)
            connection_close(server, i);
}

static bool set_mode(struct server *server, struct place *place, enum mode mode, unsigned retry_after_s)
{
    place->mode = mode;
    place->retry_after_s = retry_after_s;
    if (mode == MODE_FAIL)
        refuse_tcp(server, place);
    return place->tcp >= 0 || mode == MODE_FAIL || open_socket(place, SOCK_STREAM, &place->tcp);
}

static bool open_place(struct place *place, const char *text)
{
    struct hostport at;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM}, *found;
    char port[8];
    if (!hostport_parse(text, &at))
        return false;
    hostport_format(&at, place->text);
    addr_format(&at.addr, place->host);
    place->v6 = at.addr.family == FAMILY_V6;
    snprintf(port, sizeof port, "%u", at.port);
    if (getaddrinfo(place->host, port, &hints, &found) != 0)
        return false;
    memcpy(&place->address, found->ai_addr, found->ai_addrlen);
    place->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return open_socket(place, SOCK_DGRAM, &place->udp) && open_socket(place, SOCK_STREAM, &place->tcp);
}

/* --- control: one line in, text out --- */

static bool control_address(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    errno = ENAMETOOLONG;
    return (size_t)snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "%s", path) < sizeof ret_address->sun_path;
}

static const char *const mode_names[] = {[MODE_OK] = "ok", [MODE_FAIL] = "fail", [MODE_BUSY] = "busy"};

static void list(const struct server *server, int to)
{
    for (size_t i = 0; i < server->place_count; i++) {
        const struct place *place = &server->places[i];
        dprintf(to, place->mode == MODE_BUSY ? "%s %s %u\n" : "%s %s\n", place->text, mode_names[place->mode], place->retry_after_s);
    }
}

static void order(struct server *server, int to, enum mode mode, const char *pattern, unsigned retry_after_s)
{
    size_t matched = 0;
    for (size_t i = 0; i < server->place_count; i++) {
        struct place *place = &server->places[i];
        if (fnmatch(pattern, place->host, 0) != 0 && fnmatch(pattern, place->text, 0) != 0)
            continue;
        matched++;
        if (!set_mode(server, place, mode, retry_after_s))
            dprintf(to, "error: %s: cannot listen: %s\n", place->text, strerror(errno));
    }
    if (matched == 0)
        dprintf(to, "error: no address matches %s\n", pattern);
}

static void obey(struct server *server, char *line, int to)
{
    char *rest, *verb = strtok_r(line, " \t\r\n", &rest), *pattern = strtok_r(NULL, " \t\r\n", &rest),
                *seconds = strtok_r(NULL, " \t\r\n", &rest);
    unsigned mode = 0;
    while (verb && mode <= MODE_BUSY && strcmp(verb, mode_names[mode]) != 0)
        mode++;
    if (verb && strcmp(verb, "list") == 0)
        list(server, to);
    else if (verb && pattern && mode <= MODE_BUSY)
        order(server, to, (enum mode)mode, pattern, seconds ? (unsigned)strtoul(seconds, NULL, 10) : 30);
    else
        dprintf(to, "error: expected fail PATTERN, busy PATTERN [SECONDS], ok PATTERN or list\n");
}

static void serve_control(struct server *server)
{
    const int fd = accept4(server->control, NULL, NULL, SOCK_CLOEXEC);
    const struct timeval patience = {.tv_sec = 1};
    char line[COMMAND_MAX];
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const ssize_t got = recv(fd, line, sizeof line - 1, 0);
    if (got > 0) {
        line[got] = 0;
        obey(server, line, fd);
    }
    close(fd);
}

static int open_control(const char *path)
{
    struct sockaddr_un address;
    if (!control_address(path, &address))
        return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    const mode_t before = umask(077);
    const bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0;
    umask(before);
    return bound ? fd : -1;
}

/* The other program: sends its words as one line and prints what comes back. 0 if it was obeyed. */
static int tell(const char *path, char **words, int count)
{
    struct sockaddr_un address;
    char line[COMMAND_MAX], reply[4096];
    bool refused = false;
    snprintf(line, sizeof line, "%s %s %s", words[0], count > 1 ? words[1] : "", count > 2 ? words[2] : "");
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !control_address(path, &address) || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        send(fd, line, strlen(line), MSG_NOSIGNAL) < 0) {
        fprintf(stderr, "sip-responder: %s: %s\n", path, strerror(errno));
        return 3;
    }
    for (ssize_t got; (got = read(fd, reply, sizeof reply)) > 0;) {
        refused = refused || strncmp(reply, "error", got < 5 ? (size_t)got : 5) == 0;
        fwrite(reply, 1, (size_t)got, refused ? stderr : stdout);
    }
    return refused;
}

/* --- the loop --- */

/* places[i] has polls[1 + 2i] (UDP) and polls[2 + 2i] (TCP); the connections follow. A negative descriptor is passed over by poll(). */
static size_t fill_polls(const struct server *server, struct pollfd *polls)
{
    size_t count = 0;
    polls[count++] = (struct pollfd){.fd = server->control, .events = POLLIN};
    for (size_t i = 0; i < server->place_count; i++) {
        polls[count++] = (struct pollfd){.fd = server->places[i].udp, .events = POLLIN};
        polls[count++] = (struct pollfd){.fd = server->places[i].tcp, .events = POLLIN};
    }
    for (size_t i = 0; i < server->connection_count; i++)
        polls[count++] = (struct pollfd){.fd = server->connections[i]->fd, .events = POLLIN};
    return count;
}

static void serve(struct server *server)
{
    struct pollfd *polls = mem_new(1 + server->place_count * 2 + CONNECTIONS_MAX, sizeof *polls);
    sigset_t mask;
    sigemptyset(&mask);
    while (!stopping) {
        const size_t count = fill_polls(server, polls), first = 1 + server->place_count * 2;
        if (ppoll(polls, count, NULL, &mask) < 0)
            continue;
        for (size_t i = count; i-- > first;) /* backwards: closing one moves the last into its place */
            if (polls[i].revents && !serve_connection(server, server->connections[i - first]))
                connection_close(server, i - first);
        for (size_t i = 0; i < server->place_count; i++) {
            if (polls[1 + 2 * i].revents)
                serve_udp(server, &server->places[i]);
            if (polls[2 + 2 * i].revents)
                serve_listener(server, &server->places[i]);
        }
        if (polls[0].revents)
            serve_control(server);
    }
    free(polls);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); /* but while it waits */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void close_all(struct server *server, const char *control)
{
    while (server->connection_count)
        connection_close(server, 0);
    for (size_t i = 0; i < server->place_count; i++) {
        close(server->places[i].udp);
        if (server->places[i].tcp >= 0)
            close(server->places[i].tcp);
    }
    if (server->control >= 0) {
        close(server->control);
        unlink(control);
    }
    free(server->connections);
    free(server->places);
}

static int run(struct server *server, const char *control, char **texts, size_t count)
{
    server->places = mem_new(count, sizeof *server->places);
    for (size_t i = 0; i < count; i++, server->place_count++) {
        errno = EINVAL;
        if (!open_place(&server->places[i], texts[i])) {
            fprintf(stderr, "sip-responder: %s: %s\n", texts[i], strerror(errno));
            return 1;
        }
    }
    if (control && (server->control = open_control(control)) < 0) {
        fprintf(stderr, "sip-responder: %s: %s\n", control, strerror(errno));
        return 1;
    }
    catch_signals();
    serve(server);
    close_all(server, control);
    return 0;
}

static int usage(void)
{
    fputs("usage: sip-responder [-v] [-c PATH] ADDR:PORT...\n"
          "       sip-responder -c PATH fail PATTERN | busy PATTERN [SECONDS] | ok PATTERN | list\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct server server = {.control = -1};
    const char *control = NULL;
    struct hostport first;
    for (int c; (c = getopt(argc, argv, "vc:")) != -1;) {
        if (c == 'v')
            server.verbose = true;
        else if (c == 'c')
            control = optarg;
        else
            return usage();
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (optind < argc && hostport_parse(argv[optind], &first))
        return run(&server, control, argv + optind, (size_t)(argc - optind));
    return control && optind < argc ? tell(control, argv + optind, argc - optind) : usage();
}
