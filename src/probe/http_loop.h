/* libcurl's transfers driven by the engine's loop: sockets and the one timer that libcurl wants are events of it.
 * Thread: the engine's. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

struct probe_engine;
struct task;

/* One transfer, whose end the loop tells. Embedded in what the back end keeps. */
struct transfer {
    struct task *task;
    CURL *easy;
    bool under_way;
    void (*done)(struct task *task, CURLcode code);
};

/* NULL: libcurl cannot be had. */
struct http_loop *http_loop_new(struct probe_engine *engine);
void http_loop_free(struct http_loop *loop);

bool http_loop_start(struct http_loop *loop, struct transfer *transfer);
/* Takes what has come for it by now; may call done(). */
void http_loop_look(struct http_loop *loop, struct transfer *transfer);
/* Without done(); its connection is closed. */
void http_loop_stop(struct http_loop *loop, struct transfer *transfer);
