#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 2048, BUFFER_LEN = 64 * 1024 };

/* Lines to be written, and how many more did not fit. */
struct batch {
    char text[BUFFER_LEN];
    size_t len, lost;
};

static _Atomic enum log_level highest = LOG_NOTICE;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* never held while writing */
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, written;
static struct batch batches[2]; /* one is filled while the other is written */
static struct batch *filling = &batches[0];
static bool started, writing;

void log_set_level(enum log_level level)
{
    highest = level;
}

/* The line as it is written; its length. */
static size_t format_line(char text[LINE_MAX_LEN], enum log_level level, const char *format, va_list args)
{
    static const struct {
        const char *plain, *journal; /* sd-daemon(3) */
    } prefix[] = {{"error: ", "<3>"}, {"warning: ", "<4>"}, {"", "<5>"}, {"debug: ", "<7>"}};
    const char *start = getenv("JOURNAL_STREAM") ? prefix[level].journal : prefix[level].plain;
    const size_t head = strlen(start);
    memcpy(text, start, head);
    const int made = vsnprintf(text + head, LINE_MAX_LEN - head - 1, format, args);
    size_t len = head + (made < 0 ? 0 : (size_t)made);
    if (len > LINE_MAX_LEN - 2)
        len = LINE_MAX_LEN - 2;
    text[len++] = '\n';
    return len;
}

/* False: there is no thread to write it. */
static bool hand_over(const char *text, size_t len)
{
    pthread_mutex_lock(&lock);
    const bool taken = started;
    /* After a lost line everything is lost until the batch is written: lines keep their order, and the gap is in one place. */
    if (taken && (filling->lost || len > BUFFER_LEN - filling->len)) {
        filling->lost++;
    } else if (taken) {
        memcpy(filling->text + filling->len, text, len);
        filling->len += len;
        pthread_cond_signal(&filled);
    }
    pthread_mutex_unlock(&lock);
    return taken;
}

/* All of it, unless nowhere is left to say it. Somebody who shares standard error may have made it non-blocking. */
static void write_out(const char *text, size_t len)
{
    while (len) {
        const ssize_t done = write(STDERR_FILENO, text, len);
        if (done < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
        else if (done < 0 && errno != EINTR)
            return;
        else if (done > 0) {
            text += done;
            len -= (size_t)done;
        }
    }
}

static void line(enum log_level level, const char *format, va_list args)
{
    if (level > highest)
        return;
    char text[LINE_MAX_LEN];
    const size_t len = format_line(text, level, format, args);
    if (!hand_over(text, len))
        write_out(text, len);
}

static void write_lost(size_t lost, ...)
{
    va_list args;
    va_start(args, lost);
    char text[LINE_MAX_LEN];
    write_out(text, format_line(text, LOG_WARNING, "%zu lines of the log are lost here: standard error was not read", args));
    va_end(args);
}

/* Line by line: pipes keep a write of less than PIPE_BUF in one piece. */
static void write_batch(const struct batch *batch)
{
    for (const char *at = batch->text, *end = at + batch->len; at < end;) {
        const size_t len = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at) + 1;
        write_out(at, len);
        at += len;
    }
    if (batch->lost)
        write_lost(batch->lost, batch->lost);
}

static void *run(void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!filling->len)
            pthread_cond_wait(&filled, &lock);
        struct batch *full = filling;
        filling = full == batches ? batches + 1 : batches;
        writing = true;
        pthread_mutex_unlock(&lock);
        write_batch(full);
        pthread_mutex_lock(&lock);
        full->len = full->lost = 0;
        writing = false;
        pthread_cond_broadcast(&written);
    }
    return NULL;
}

bool log_start(struct error *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&written, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_t thread;
    const int failed = pthread_create(&thread, NULL, run, NULL);
    if (failed)
        return error_set(err, "cannot start a thread: %s", strerror(failed));
    pthread_detach(thread); /* it may hang in a write for ever; the end of the process ends it */
    pthread_mutex_lock(&lock);
    started = true;
    pthread_mutex_unlock(&lock);
    return true;
}

void log_flush(unsigned wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    while (started && (filling->len || writing) && pthread_cond_timedwait(&written, &lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&lock);
}

#define LOG_AT(name, level)                                                                                                                \
    void name(const char *format, ...)                                                                                                     \
    {                                                                                                                                      \
        va_list args;                                                                                                                      \
        va_start(args, format);                                                                                                            \
        line(level, format, args);                                                                                                         \
        va_end(args);                                                                                                                      \
    }

LOG_AT(log_error, LOG_ERROR)
LOG_AT(log_warning, LOG_WARNING)
LOG_AT(log_notice, LOG_NOTICE)
LOG_AT(log_debug, LOG_DEBUG)
