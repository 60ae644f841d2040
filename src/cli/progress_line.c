#include "cli/progress_line.h"

#include "base/clock.h"
#include "base/progress.h"
#include "cli/connection.h"
#include "cli/show.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, EVERY_MS = 200, ANSWER_S = 2, SHOWN_MAX = 60 };

static struct progress own;
static const char *socket_path; /* of the daemon; NULL: own */
static pthread_t drawer;
static bool running, over, drawn;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;

static bool is_over_within(unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    while (!over && pthread_cond_timedwait(&wake, &lock, &until) != ETIMEDOUT)
        ;
    const bool ended = over;
    pthread_mutex_unlock(&lock);
    return ended;
}

static void draw(const char *what, long long percent)
{
    drawn = true;
    if (percent >= 0)
        fprintf(stderr, "\r\x1b[K%.*s %lld %%", SHOWN_MAX, what, percent);
    else
        fprintf(stderr, "\r\x1b[K%.*s", SHOWN_MAX, what);
    fflush(stderr);
}

static void draw_own(void)
{
    struct progress_seen seen;
    if (progress_see(&own, &seen))
        draw(seen.what, seen.percent);
}

static void draw_daemon(void)
{
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", "progress");
    json_t *reply = connection_ask(socket_path, request, ANSWER_S, false, NULL);
    const json_t *first = json_array_get(json_object_get(reply, "progress"), 0), *percent = json_object_get(first, "percent");
    if (first)
        draw(text_of(first, "what"), json_is_integer(percent) ? json_integer_value(percent) : -1);
    json_decref(reply);
    json_decref(request);
}

static void *run(void *context)
{
    (void)context;
    for (unsigned ms = PATIENCE_MS; !is_over_within(ms); ms = EVERY_MS)
        socket_path ? draw_daemon() : draw_own();
    if (drawn)
        fputs("\r\x1b[K", stderr);
    fflush(stderr);
    return NULL;
}

void progress_line_begin(const char *socket)
{
    pthread_condattr_t attributes;
    if (running || !isatty(STDERR_FILENO))
        return;
    socket_path = socket;
    over = drawn = false;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &attributes);
    pthread_condattr_destroy(&attributes);
    progress_use(socket ? NULL : &own);
    running = pthread_create(&drawer, NULL, run, NULL) == 0;
}

void progress_line_end(void)
{
    if (!running)
        return;
    pthread_mutex_lock(&lock);
    over = true;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    pthread_join(drawer, NULL);
    pthread_cond_destroy(&wake);
    progress_end();
    progress_use(NULL);
    running = false;
}
