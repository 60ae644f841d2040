#include "probe/http_loop.h"

#include "base/memory.h"
#include "probe/engine.h"

#include <stdlib.h>

struct http_loop {
    struct probe_engine *engine;
    CURLM *multi;
    struct event timer;
};

/* A socket of libcurl's. */
struct watch {
    struct event event;
    struct http_loop *loop;
};

/* Transfers that have ended, each told once. */
static void tell_ended(struct http_loop *loop)
{
    const CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        char *private = NULL;
        const CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct transfer *transfer = (struct transfer *)(void *)private;
        curl_multi_remove_handle(loop->multi, transfer->easy);
        transfer->under_way = false;
        transfer->done(transfer->task, code);
    }
}

static void on_socket_ready(evutil_socket_t fd, short what, void *context)
{
    struct http_loop *loop = ((struct watch *)context)->loop; /* the watch may go in what follows */
    int running;
    const int ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(loop->multi, fd, ready, &running);
    tell_ended(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_loop *loop = context;
    int running;
    curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_ended(loop);
}

static void forget_socket(struct http_loop *loop, curl_socket_t fd, struct watch *watch)
{
    if (watch == NULL)
        return;
    event_del(&watch->event);
    curl_multi_assign(loop->multi, fd, NULL);
    free(watch);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    struct http_loop *loop = context;
    struct watch *watch = assigned;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(loop, fd, watch);
        return 0;
    }
    const short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
    if (watch)
        event_del(&watch->event);
    else {
        watch = mem_new(1, sizeof *watch);
        watch->loop = loop;
        curl_multi_assign(loop->multi, fd, watch);
    }
    event_assign(&watch->event, loop->engine->base, fd, events, on_socket_ready, watch);
    event_add(&watch->event, NULL);
    return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_loop *loop = context;
    const struct timeval after = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    if (timeout_ms < 0)
        event_del(&loop->timer);
    else
        event_add(&loop->timer, &after);
    return 0;
}

struct http_loop *http_loop_new(struct probe_engine *engine)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    struct http_loop *loop = mem_new(1, sizeof *loop);
    loop->engine = engine;
    loop->multi = curl_multi_init();
    if (loop->multi == NULL) {
        free(loop);
        return NULL;
    }
    event_assign(&loop->timer, engine->base, -1, 0, on_timer, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return loop;
}

void http_loop_free(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    curl_multi_cleanup(loop->multi);
    event_del(&loop->timer);
    free(loop);
    curl_global_cleanup();
}

bool http_loop_start(struct http_loop *loop, struct transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, (char *)transfer);
    transfer->under_way = curl_multi_add_handle(loop->multi, transfer->easy) == CURLM_OK;
    return transfer->under_way;
}

void http_loop_look(struct http_loop *loop, struct transfer *transfer)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    int running;
    if (!transfer->under_way || curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
        return;
    curl_multi_socket_action(loop->multi, fd, 0, &running);
    tell_ended(loop);
}

void http_loop_stop(struct http_loop *loop, struct transfer *transfer)
{
    if (!transfer->under_way)
        return;
    curl_multi_remove_handle(loop->multi, transfer->easy);
    transfer->under_way = false;
}
