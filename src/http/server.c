/* The listeners and the thread. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/log.h"
#include "base/memory.h"
#include "platform/listen.h"
#include "serve/tls.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    SWEEP_MS = 200,
    CROWD = 64 /* beyond the most connections, until some of them are closed: then nobody is accepted */,
    SILENT_S = 45
};

static const unsigned all_methods = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                    EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

static void pause_accepting(struct http *http, bool pause)
{
    for (size_t i = 0; i < http->listener_count; i++)
        pause ? evconnlistener_disable(http->listeners[i]) : evconnlistener_enable(http->listeners[i]);
    http->paused = pause;
}

/* Out of descriptors, most likely: waiting clients would wake us for ever. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)listener;
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        pause_accepting(context, true);
}

void http_take_access(struct http *http)
{
    struct access *renewed = atomic_exchange(&http->renewed, NULL);
    if (!renewed)
        return;
    access_free(http->access);
    http->access = renewed;
}

static struct bufferevent *tls_stream(struct http *http)
{
    http_take_access(http);
    SSL *session = http->access->credentials ? credentials_session(http->access->credentials) : NULL;
    struct bufferevent *stream =
        session ? bufferevent_openssl_socket_new(http->base, -1, session, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (stream)
        bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    else
        SSL_free(session);
    return stream;
}

/* evhttp asks for the bufferevent of a connection that it has accepted. Given none it would take one without TLS. */
static struct bufferevent *on_accepted(struct event_base *base, void *context)
{
    struct http *http = context;
    struct bufferevent *tls = http->tls ? tls_stream(http) : NULL;
    struct bufferevent *stream = tls ? tls : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    invariant(stream != NULL);
    connections_add(&http->connections, stream, http->tls && !tls);
    if (http->connections.count >= http->connections.most)
        event_active(http->sweep, EV_TIMEOUT, 0);
    if (http->connections.count >= http->connections.most + CROWD)
        pause_accepting(http, true);
    return stream;
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http *http = context;
    connections_sweep(&http->connections);
    if (http->paused && http->connections.count < http->connections.most + CROWD && !atomic_load(&http->stopping))
        pause_accepting(http, false);
}

/* Nothing that was answered is still on its way, or it has been waited for long enough. */
static bool is_quiet(const struct http *http)
{
    const struct connection *at;
    if (clock_ms() >= http->stop_ms)
        return true;
    TAILQ_FOREACH(at, &http->connections.line, in_line)
    if (at->phase == PHASE_SENDING)
        return false;
    return true;
}

static void *run(void *context)
{
    struct http *http = context;
    pthread_setname_np(pthread_self(), "http");
    event_base_dispatch(http->base);
    pause_accepting(http, true);
    exchanges_collect(http);
    while (!is_quiet(http)) {
        event_base_loop(http->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    return NULL;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct http *http = context;
    eventfd_t raised;
    eventfd_read(fd, &raised);
    exchanges_collect(http);
    if (atomic_load(&http->stopping))
        event_base_loopbreak(http->base);
}

static bool bind_one(struct http *http, const struct hostport *at, struct error *err)
{
    int fd = -1;
    if (!listen_tcp(at, &fd, err))
        return false;
    struct evconnlistener *listener = evconnlistener_new(http->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener) {
        close(fd);
        return error_set(err, "HTTP cannot listen");
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    if (!evhttp_bind_listener(http->server, listener)) {
        evconnlistener_free(listener);
        return error_set(err, "HTTP cannot listen");
    }
    if (!listen_address(fd, &http->addresses[http->listener_count], err))
        return false;
    http->listeners[http->listener_count++] = listener;
    return true;
}

static bool bind_all(struct http *http, const struct http_config *config, struct error *err)
{
    for (size_t i = 0; i < config->listen_count; i++) {
        if (bind_one(http, &config->listen[i], err))
            continue;
        char at[HOSTPORT_TEXT];
        if (config->listen_given)
            return false;
        snprintf(http->alarm, sizeof http->alarm, "HTTP does not listen: the default address %s cannot be had (set http.listen): %.150s",
                 hostport_format(&config->listen[i], at), err->text);
        log_warning("%s", http->alarm);
    }
    return true;
}

static void set_limits(struct http *http)
{
    evhttp_set_bevcb(http->server, on_accepted, http);
    evhttp_set_gencb(http->server, on_request, http);
    evhttp_set_allowed_methods(http->server, (ev_uint16_t)all_methods);
    evhttp_set_max_headers_size(http->server, HTTP_HEADERS_MAX);
    evhttp_set_max_body_size(http->server, HTTP_BODY_MAX);
    evhttp_set_timeout(http->server, SILENT_S);
    evhttp_set_default_content_type(http->server, NULL);
}

static bool open_loop(struct http *http, struct error *err)
{
    const struct timeval every = {.tv_usec = SWEEP_MS * 1000};
    http->base = event_base_new();
    http->server = http->base ? evhttp_new(http->base) : NULL;
    http->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!http->server || http->wake_fd < 0)
        return error_set(err, "cannot make the event loop of HTTP: %s", strerror(errno));
    http->wake = event_new(http->base, http->wake_fd, EV_READ | EV_PERSIST, on_wake, http);
    http->sweep = event_new(http->base, -1, EV_PERSIST, on_sweep, http);
    event_add(http->wake, NULL);
    event_add(http->sweep, &every);
    set_limits(http);
    return true;
}

struct http *http_new(const struct http_config *config, struct access *access, const struct http_table *table, struct error *err)
{
    struct http *http = mem_new(1, sizeof *http);
    uint64_t seed = 0;
    *http = (struct http){.table = *table, .access = access, .tls = config->certificate != NULL, .wake_fd = -1};
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = clock_ns();
    http->tries = tries_new(seed);
    http->views = mem_new(table->count + 1, sizeof *http->views);
    http->finished_end = &http->finished;
    pthread_mutex_init(&http->lock, NULL);
    TAILQ_INIT(&http->under_way);
    connections_init(&http->connections, config->clients);
    files_init(http);
    if (open_loop(http, err) && bind_all(http, config, err))
        return http;
    http_free(http, 0);
    return NULL;
}

bool http_serve(struct http *http, struct error *err)
{
    const int why = pthread_create(&http->thread, NULL, run, http);
    http->running = why == 0;
    return http->running || error_set(err, "cannot start HTTP's thread: %s", strerror(why));
}

const char *http_alarm(const struct http *http)
{
    return http->alarm;
}

const struct hostport *http_addresses(const struct http *http, size_t *ret_count)
{
    *ret_count = http->listener_count;
    return http->addresses;
}

void http_set_access(struct http *http, struct access *access)
{
    access_free(atomic_exchange(&http->renewed, access));
}

void http_touch(struct http *http)
{
    atomic_fetch_add(&http->touched, 1);
}

static void end_thread(struct http *http, unsigned wait_ms)
{
    http->stop_ms = clock_ms() + wait_ms;
    atomic_store(&http->stopping, true);
    eventfd_write(http->wake_fd, 1);
    pthread_join(http->thread, NULL);
}

/* evhttp tells exchanges that their clients have gone, and gives up the connections, so it goes first. */
static void free_loop(struct http *http)
{
    if (http->server)
        evhttp_free(http->server);
    for (struct exchange *at; (at = TAILQ_FIRST(&http->under_way));)
        exchange_free(at);
    connections_release(&http->connections);
    if (http->wake)
        event_free(http->wake);
    if (http->sweep)
        event_free(http->sweep);
    if (http->base)
        event_base_free(http->base);
    if (http->wake_fd >= 0)
        close(http->wake_fd);
}

void http_free(struct http *http, unsigned wait_ms)
{
    if (!http)
        return;
    if (http->running)
        end_thread(http, wait_ms);
    free_loop(http);
    for (size_t i = 0; i < http->table.count; i++)
        text_unref(http->views[i].text);
    files_release(http);
    free(http->views);
    tries_free(http->tries);
    access_free(http->access);
    access_free(atomic_load(&http->renewed));
    pthread_mutex_destroy(&http->lock);
    free(http);
}
