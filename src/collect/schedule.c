/* When which page is asked: each at its own place within its interval, at most FETCHES_MOST at a time. */
#include "collect/page.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collect/content.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

static void set_timer(struct page *page)
{
    const uint64_t now_ms = clock_ms(), wait_ms = page->due_ms > now_ms ? page->due_ms - now_ms : 0;
    const struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000), .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};
    event_add(&page->timer, &wait);
}

static void ask_reader(struct page *page, const char *path, size_t most)
{
    struct chore *chore = mem_new(1, sizeof *chore);
    *chore = (struct chore){.owner = page, .path = path, .command = path ? NULL : page->command, .most = most};
    page->phase = PAGE_READING;
    reader_push(page->collector->reader, chore);
}

static void start(struct page *page)
{
    page->collector->running++;
    page->collector->asked++;
    if (page->type == LOAD_FILE)
        ask_reader(page, page->file, BODY_MAX);
    else if (page->type == LOAD_EXEC)
        ask_reader(page, NULL, 0);
    else if (page->secret_file)
        ask_reader(page, page->secret_file, SECRET_MAX);
    else
        http_start(page, NULL);
}

/* What the reader was asked for has come. */
static void go_on(struct page *page, struct chore *chore)
{
    if (!chore->done) {
        page_failed(page, "%s%.140s", page->type == LOAD_FILE || page->type == LOAD_EXEC ? "" : "password or token: ", chore->err.text);
    } else if (page->type == LOAD_FILE) {
        page_came(page, chore->text, chore->len, chore->age_ms);
    } else if (page->type == LOAD_EXEC) {
        chore->command = NULL; /* the child is the page's now */
        exec_start(page, &chore->child);
    } else {
        chore->text[strcspn(chore->text, "\r\n")] = '\0';
        http_start(page, chore->text);
    }
}

static void start_waiting(struct collector *collector)
{
    while (collector->waiting && collector->running < FETCHES_MOST) {
        struct page *page = collector->waiting;
        if (!(collector->waiting = page->next))
            collector->waiting_end = &collector->waiting;
        start(page);
    }
}

static void on_read(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct collector *collector = context;
    uint64_t raised;
    if (read(fd, &raised, sizeof raised) < 0)
        return;
    for (struct chore *chore; (chore = reader_take(collector->reader)); chore_free(chore)) {
        struct page *page = (struct page *)chore->owner;
        if (!page->gone) {
            page->phase = PAGE_RUNNING;
            go_on(page, chore);
        } else {
            collector->running--;
            page_free(page);
        }
    }
    start_waiting(collector);
}

/* It is time. A page that is still being asked skips a turn: its timeout is longer than its interval, or its command cannot be killed. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct page *page = context;
    struct collector *collector = page->collector;
    const uint64_t now_ms = clock_ms(), late_ms = now_ms > page->due_ms ? now_ms - page->due_ms : 0;
    page->due_ms += page->interval_ms * (late_ms / page->interval_ms + 1); /* its place stays */
    set_timer(page);
    if (page->phase != PAGE_IDLE || page->child || now_ms < page->pause_end_ms)
        return;
    page->phase = PAGE_WAITING;
    page->next = NULL;
    *collector->waiting_end = page;
    collector->waiting_end = &page->next;
    start_waiting(collector);
}

void page_done(struct page *page)
{
    page->collector->running--;
    page->phase = PAGE_IDLE;
    start_waiting(page->collector);
}

static void tell(const struct page *page, const struct wish *wish, struct load_result *result)
{
    struct collector *collector = page->collector;
    result->errand = wish->errand;
    result->generation = collector->set.generation;
    result->sample.interval_ms = wish->interval_ms;
    collector->failed += !result->done;
    collector->on_result(result, collector->context);
}

void page_failed(struct page *page, const char *format, ...)
{
    struct load_result result = {.done = false};
    va_list args;
    va_start(args, format);
    vsnprintf(result.why, sizeof result.why, format, args);
    va_end(args);
    for (char *at = result.why; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    for (size_t i = 0; i < page->wish_count; i++)
        tell(page, &page->wishes[i], &result);
    page_done(page);
}

void page_came(struct page *page, const char *text, size_t len, uint64_t age_ms)
{
    const uint64_t now_ms = clock_ms();
    struct content content = {.text = text, .len = len};
    for (size_t i = 0; i < page->wish_count; i++) {
        const struct wish *wish = &page->wishes[i];
        struct load_result result = {.done = true};
        struct error err = {""};
        result.done = content_read(&content, wish->metric, wish->path, wish->sum, &result.sample, &err);
        result.sample.at_ms = now_ms > age_ms ? now_ms - age_ms : 0;
        if (!result.done)
            snprintf(result.why, sizeof result.why, "%.*s", LOAD_WHY - 1, err.text);
        tell(page, wish, &result);
    }
    content_release(&content);
    page_done(page);
}

/* Ends what the page is doing and takes it out of everything; freed now, or when the reader gives it back. */
static void retire(struct page *page)
{
    struct collector *collector = page->collector;
    if (page->scheduled)
        event_del(&page->timer);
    if (page->phase == PAGE_READING) {
        page->gone = true;
        return;
    }
    if (page->http)
        http_cancel(page);
    if (page->child)
        exec_cancel(page);
    collector->running -= page->phase == PAGE_RUNNING;
    page_free(page);
}

static void retire_all(struct page_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        retire(set->pages[i]);
    free(set->pages);
}

/* Both sets are in the order of their keys: a page that was there before keeps its place in the schedule. */
static void inherit(struct page_set *set, const struct page_set *old, uint64_t now_ms)
{
    for (size_t i = 0, j = 0; i < set->count; i++) {
        struct page *page = set->pages[i];
        while (j < old->count && strcmp(old->pages[j]->key, page->key) < 0)
            j++;
        const bool known = j < old->count && strcmp(old->pages[j]->key, page->key) == 0;
        page->due_ms = now_ms + page->interval_ms * i / set->count;
        if (known)
            exec_inherit(page, old->pages[j]);
        if (known && old->pages[j]->interval_ms == page->interval_ms)
            page->due_ms = old->pages[j]->phase == PAGE_IDLE ? old->pages[j]->due_ms : now_ms; /* what is broken off begins anew */
    }
}

void schedule_take_set(struct collector *collector)
{
    pthread_mutex_lock(&collector->lock);
    struct page_set *set = collector->pending;
    collector->pending = NULL;
    pthread_mutex_unlock(&collector->lock);
    if (!set)
        return;
    inherit(set, &collector->set, clock_ms());
    collector->waiting = NULL; /* they are among those that end now */
    collector->waiting_end = &collector->waiting;
    retire_all(&collector->set);
    collector->set = *set;
    free(set);
    for (size_t i = 0; i < collector->set.count; i++) {
        struct page *page = collector->set.pages[i];
        page->collector = collector;
        page->scheduled = true;
        event_assign(&page->timer, collector->base, -1, 0, on_timer, page);
        set_timer(page);
    }
}

void schedule_begin(struct collector *collector, int read_fd)
{
    collector->waiting_end = &collector->waiting;
    event_assign(&collector->read_done, collector->base, read_fd, EV_READ | EV_PERSIST, on_read, collector);
    event_add(&collector->read_done, NULL);
}

void schedule_end(struct collector *collector)
{
    event_del(&collector->read_done);
    retire_all(&collector->set);
    collector->set = (struct page_set){.count = 0};
    exec_close(collector);
}
