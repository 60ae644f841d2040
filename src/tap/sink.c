#include "tap/sink.h"

#include "base/clock.h"
#include "base/log.h"
#include "tap/outlet.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BUSY_MS = 2,
    QUIET_MS = 5,
    PASS_MS = 1000,
    TURN = 4096, /* records of one ring before the next ring has its turn */
    HANDED = 32, /* records after which their room is given back */
    SINK_NICE = 10,
};

/* The thread's own. */
struct run {
    struct sink *sink;
    struct config *config; /* a reference; NULL: off */
    struct outlet *outlet; /* NULL: it does not work now */
    uint64_t pass_ms, retry_ms;
    uint64_t written, failed; /* since the last report */
    uint64_t unflushed;
    bool was_broken;
};

/* --- what is wanted, and what is told */

/* Whether the director wants something else. */
static bool is_wanted(struct sink *sink, bool *ret_stop)
{
    pthread_mutex_lock(&sink->lock);
    const bool changed = sink->changed;
    *ret_stop = sink->stop;
    pthread_mutex_unlock(&sink->lock);
    return changed;
}

static void report(struct run *run, const struct error *err)
{
    struct sink *sink = run->sink;
    pthread_mutex_lock(&sink->lock);
    sink->told.written += run->written;
    sink->told.failed += run->failed;
    if (!sink->changed) { /* else it is about what the director wants now */
        sink->told.works = run->outlet != NULL;
        if (err || run->outlet)
            sink->told.err = err ? *err : (struct error){{0}};
    }
    pthread_mutex_unlock(&sink->lock);
    run->written = run->failed = 0;
}

/* Once for each time that it stops working. */
static void break_down(struct run *run, const struct error *err)
{
    bool stop;
    const bool leaving = is_wanted(run->sink, &stop) || stop; /* then it is of no interest any more */
    outlet_close(run->outlet);
    run->outlet = NULL;
    run->failed += run->unflushed;
    run->unflushed = 0;
    run->retry_ms = clock_ms() + PASS_MS;
    if (!run->was_broken && !leaving)
        log_warning("%s: %s; queries are not shown there until it works again", tap_kind_text(run->sink->kind), err->text);
    run->was_broken = true;
    report(run, err);
}

static void open_outlet(struct run *run)
{
    struct error err;
    run->outlet = outlet_open(run->sink->kind, run->config, run->sink->meanings, run->sink->wake_fd, &err);
    if (run->outlet == NULL) {
        break_down(run, &err);
        return;
    }
    if (run->was_broken)
        log_notice("%s: works again", tap_kind_text(run->sink->kind));
    run->was_broken = false;
    report(run, NULL);
}

/* --- emptying rings */

static void take(struct run *run, const struct tap_record *record, int64_t clock_ns)
{
    struct error err;
    if (run->outlet == NULL) {
        run->failed++;
        return;
    }
    run->unflushed++;
    if (!outlet_write(run->outlet, record, clock_ns, &err))
        break_down(run, &err);
}

/* Returns how many there were, at most TURN. */
static unsigned empty_ring(struct run *run, struct ring *ring, int64_t clock_ns)
{
    unsigned count = 0;
    for (const void *record; count < TURN && (record = ring_next(ring));) {
        take(run, record, clock_ns);
        if (++count % HANDED == 0)
            ring_release(ring);
    }
    ring_release(ring);
    return count;
}

/* Returns how many there were in the fullest. */
static unsigned empty_rings(struct run *run)
{
    const struct points *points = run->sink->points;
    const int64_t offset_ns = clock_wall_ns() - (int64_t)clock_ns();
    unsigned most = 0;
    for (size_t i = 0; i < points->count; i++) {
        struct ring *ring = atomic_load_explicit(&points->items[i]->of[run->sink->kind].ring, memory_order_acquire);
        const unsigned count = ring ? empty_ring(run, ring, offset_ns) : 0;
        most = count > most ? count : most;
    }
    return most;
}

static void flush(struct run *run)
{
    struct error err;
    if (run->outlet == NULL || run->unflushed == 0)
        return;
    if (outlet_flush(run->outlet, &err)) {
        run->written += run->unflushed;
        run->unflushed = 0;
    } else {
        break_down(run, &err);
    }
}

/* --- the thread */

/* What was put before still goes where it was meant to go; who does not read is not waited for, as the thread has been woken. */
static void change(struct run *run)
{
    struct sink *sink = run->sink;
    struct config *before = run->config;
    eventfd_t raised;
    if (before) /* else what there is has come for what begins now */
        empty_rings(run);
    flush(run);
    report(run, NULL);
    outlet_close(run->outlet);
    run->outlet = NULL;
    eventfd_read(sink->wake_fd, &raised);
    pthread_mutex_lock(&sink->lock);
    run->config = sink->wanted;
    sink->wanted = NULL;
    sink->changed = false;
    pthread_mutex_unlock(&sink->lock);
    config_unref(before);
    run->was_broken = false;
    run->retry_ms = 0;
}

static void upkeep(struct run *run)
{
    struct error err;
    const uint64_t now_ms = clock_ms();
    if (run->config && !run->outlet && now_ms >= run->retry_ms)
        open_outlet(run);
    if (now_ms - run->pass_ms < PASS_MS)
        return;
    run->pass_ms = now_ms;
    meanings_pass(run->sink->meanings, now_ms);
    if (run->outlet && !outlet_pass(run->outlet, &err)) {
        outlet_close(run->outlet);
        run->outlet = NULL;
        open_outlet(run);
    }
}

static void rest(const struct run *run, unsigned count)
{
    struct pollfd waited = {.fd = run->sink->wake_fd, .events = POLLIN};
    (void)poll(&waited, 1, !run->config ? -1 : count == TURN ? 0 : count ? BUSY_MS : QUIET_MS);
}

static void *run_sink(void *argument)
{
    struct run run = {.sink = argument};
    bool stop = false;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), SINK_NICE); /* the workers go first */
    while (!stop) {
        if (is_wanted(run.sink, &stop))
            change(&run);
        upkeep(&run);
        const unsigned count = empty_rings(&run);
        flush(&run);
        if (run.written + run.failed > 0)
            report(&run, NULL);
        if (!stop)
            rest(&run, count);
    }
    outlet_close(run.outlet);
    config_unref(run.config);
    return NULL;
}

/* --- the director's side */

bool sink_init(struct sink *sink, enum tap_kind kind, const struct points *points, struct meanings *meanings, struct error *err)
{
    *sink = (struct sink){.kind = kind, .points = points, .meanings = meanings};
    pthread_mutex_init(&sink->lock, NULL);
    sink->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return sink->wake_fd >= 0 || error_set(err, "eventfd: %s", strerror(errno));
}

static void describe_target(struct tap_told *told, enum tap_kind kind, const struct config *config)
{
    char at[HOSTPORT_TEXT];
    const struct dnstap_config *dnstap = &config->dnstap;
    const char *target = kind == TAP_LOG  ? config->query_log.file
                         : dnstap->file   ? dnstap->file
                         : dnstap->socket ? dnstap->socket
                                          : hostport_format(&dnstap->address, at);
    snprintf(told->target, sizeof told->target, "%s", target);
    told->sample = kind == TAP_LOG ? config->query_log.sample : dnstap->sample;
}

void sink_set(struct sink *sink, struct config *config)
{
    pthread_mutex_lock(&sink->lock);
    config_unref(sink->wanted); /* nobody has come to take it */
    sink->wanted = config;
    sink->changed = true;
    sink->told.on = config != NULL;
    sink->told.works = false;
    sink->told.err.text[0] = sink->told.target[0] = '\0';
    sink->told.sample = 0;
    if (config)
        describe_target(&sink->told, sink->kind, config);
    pthread_mutex_unlock(&sink->lock);
    if (config && !sink->running)
        sink->running = pthread_create(&sink->thread, NULL, run_sink, sink) == 0;
    if (config && !sink->running)
        log_error("%s: no thread can be started", tap_kind_text(sink->kind));
    eventfd_write(sink->wake_fd, 1);
}

void sink_release(struct sink *sink)
{
    if (sink->running) {
        pthread_mutex_lock(&sink->lock);
        sink->stop = true;
        pthread_mutex_unlock(&sink->lock);
        eventfd_write(sink->wake_fd, 1);
        pthread_join(sink->thread, NULL);
    }
    config_unref(sink->wanted);
    close(sink->wake_fd);
    pthread_mutex_destroy(&sink->lock);
}
