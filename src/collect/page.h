/* Inside the collector: pages (what is asked at once, for one or more sources) and the ways of asking. Only files of this folder include it.
 * Thread: the collector's own, but for what is marked as shared. */
#pragma once

#include "collect/collect.h"
#include "collect/reader.h"
#include "platform/spawn.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

enum { BODY_MAX = 1 << 20 /* octets of a page */, FETCHES_MOST = 128 /* at a time */, TURN_MS = 250 };

/* One source's interest in a page. */
struct wish {
    uint32_t errand;
    uint32_t interval_ms;
    char *metric, *path; /* both NULL: the page is a number */
    bool sum;
};

struct page {
    struct collector *collector;
    char *key; /* all that makes it the same page */
    enum load_type type;
    char *url, *body, *user, *secret_file, *ca, *file;
    char **command; /* NULL at the end */
    bool verify;
    uint32_t interval_ms, timeout_ms;
    struct wish *wishes;
    size_t wish_count, wish_room;

    struct event timer;
    uint64_t due_ms;       /* the next start */
    uint64_t pause_end_ms; /* not before this */
    bool scheduled;
    enum { PAGE_IDLE, PAGE_WAITING /* for others to end */, PAGE_READING /* the reader has it */, PAGE_RUNNING } phase;
    bool gone;               /* no longer in the set: freed when the reader gives it back */
    struct page *next;       /* of those waiting */
    struct transfer *http;   /* running */
    struct execution *child; /* running, or killed and not yet ended */
};

struct page_set {
    struct page **pages; /* in the order of their keys */
    size_t count;
    uint32_t generation;
};

struct collector {
    pthread_t thread;
    load_result_fn on_result;
    void *context;
    struct event_base *base;
    struct event tick, nudge, curl_timer, read_done;
    void *multi; /* CURLM */
    struct reader *reader;
    struct page_set set;
    struct page *waiting, **waiting_end;
    unsigned running;
    struct execution *executions; /* commands that have not ended, those of no page included */

    int read_fd;  /* raised by the reader */
    int nudge_fd; /* shared from here on */
    pthread_mutex_t lock;
    struct page_set *pending; /* under the lock */
    atomic_bool stop;
    _Atomic uint64_t heartbeat_ms, asked, failed;
};

/* pages.c: a set out of errands; in the director's thread. */
struct page_set *page_set_new(const struct load_errand *errands, size_t count, uint32_t generation);
void page_set_free(struct page_set *set);
void page_free(struct page *page);

/* schedule.c */
void schedule_begin(struct collector *collector, int read_fd);
/* Takes over the pending set, if there is one. */
void schedule_take_set(struct collector *collector);
void schedule_end(struct collector *collector);
/* The one end of every asking: the page may be asked again. */
void page_done(struct page *page);
/* The same when it has failed: each wish is told why. */
void page_failed(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What came, measured so long ago, is told to each wish; then as page_done(). */
void page_came(struct page *page, const char *text, size_t len, uint64_t age_ms);

/* http.c. secret: the password or token, or NULL. */
bool http_open(struct collector *collector, struct error *err);
void http_close(struct collector *collector);
void http_start(struct page *page, const char *secret);
void http_cancel(struct page *page);

/* exec.c. The child's descriptors are taken over. */
void exec_start(struct page *page, const struct child *child);
void exec_cancel(struct page *page);
/* What has been killed and not ended yet is the new page's affair. */
void exec_inherit(struct page *page, struct page *old);
void exec_close(struct collector *collector);
