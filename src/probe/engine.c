#include "probe/engine.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "platform/limits.h"
#include "probe/file_reader.h"
#include "probe/http_loop.h"
#include "probe/pinger.h"
#include "probe/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    MS = 1000,
    TICK_LEAST_US = 4 * MS,  /* starts that are due within it go out together; keeps the loop to 250 ticks a second */
    TICK_MOST_US = 250 * MS, /* the heartbeat */
    LATE_WINDOW_US = 30000 * MS,
    PRIORITY_TICK = 0,
    PRIORITY_IO = 1,
    PRIORITIES = 2, /* the tick first: it knows of a stall before anything is read */
};

static uint64_t real_us(void)
{
    return clock_ns() / 1000;
}

uint64_t engine_now_us(struct probe_engine *engine)
{
    return loop_clock_read(&engine->clock, real_us());
}

double engine_random(struct probe_engine *engine)
{
    engine->random += 0x9e3779b97f4a7c15ULL;
    return (double)(hash_mix(engine->random) >> 11) * 0x1p-53;
}

static void arm_tick(struct probe_engine *engine, uint64_t least_us)
{
    const uint64_t now = engine_now_us(engine);
    const struct timer *first = timers_first(&engine->timers);
    uint64_t wait = first == NULL ? TICK_MOST_US : first->due_us > now ? first->due_us - now : 0;
    wait = wait < least_us ? least_us : wait > TICK_MOST_US ? TICK_MOST_US : wait;
    engine->clock.armed_us = engine->clock.ran_us + wait;
    const struct timeval after = {.tv_sec = 0, .tv_usec = (suseconds_t)wait};
    event_add(&engine->tick, &after);
}

void engine_timer_set(struct probe_engine *engine, struct timer *timer, uint64_t due_us)
{
    timers_set(&engine->timers, timer, due_us);
    /* Within TICK_LEAST_US the tick is near enough. */
    if (due_us + engine->clock.skipped_us + TICK_LEAST_US < engine->clock.armed_us)
        arm_tick(engine, TICK_LEAST_US);
}

static void note_late(struct probe_engine *engine, uint64_t late_us)
{
    const uint64_t now = real_us();
    const uint32_t late_ms = (uint32_t)(late_us / MS);
    if (now - engine->late_since_us > LATE_WINDOW_US) {
        engine->late_before_ms = now - engine->late_since_us > 2 * (uint64_t)LATE_WINDOW_US ? 0 : engine->late_ms;
        engine->late_ms = 0;
        engine->late_since_us = now;
    }
    if (late_ms > engine->late_ms)
        engine->late_ms = late_ms;
    const uint32_t most = engine->late_ms > engine->late_before_ms ? engine->late_ms : engine->late_before_ms;
    atomic_store_explicit(&engine->late_max_ms, most, memory_order_relaxed);
}

void engine_note_start(struct probe_engine *engine, uint64_t now_us, uint64_t late_us)
{
    note_late(engine, late_us);
    timing_start(&engine->timing, now_us, engine->clock.ran_us, late_us, engine->stall_us);
    atomic_fetch_add_explicit(&engine->started, 1, memory_order_relaxed);
}

/* The machine was stopped, or starved us. What a running probe with a shorter timeout may find now says nothing about its endpoint. */
static void resume(struct probe_engine *engine, uint64_t stall_us)
{
    note_late(engine, stall_us);
    for (size_t i = 0; i < engine->set.count; i++) {
        struct task *task = engine->set.tasks[i];
        if (task->running && stall_us > (uint64_t)task->check.probe.timeout_ms * MS)
            task_spoil(task);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct probe_engine *engine = context;
    const uint64_t now = engine_now_us(engine), stall_us = loop_clock_take_stall(&engine->clock);
    atomic_store_explicit(&engine->heartbeat_ms, engine->clock.ran_us / MS, memory_order_relaxed);
    timing_turn(&engine->timing, engine->clock.ran_us, stall_us);
    engine->stall_us = stall_us;
    if (stall_us)
        resume(engine, stall_us);
    struct timer *timer;
    while ((timer = timers_first(&engine->timers)) && timer->due_us <= now) {
        timers_remove(&engine->timers, timer);
        task_due((struct task *)((char *)timer - offsetof(struct task, timer)));
    }
    engine->stall_us = 0;
    arm_tick(engine, TICK_LEAST_US);
}

static void on_nudge(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct probe_engine *engine = context;
    uint64_t nudges;
    while (read(fd, &nudges, sizeof nudges) < 0 && errno == EINTR)
        ;
    if (atomic_load(&engine->stop))
        event_base_loopbreak(engine->base);
    else {
        engine_take_set(engine);
        engine_open_mail(engine);
    }
}

void engine_nudge(struct probe_engine *engine)
{
    const uint64_t one = 1;
    while (write(engine->nudge_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void *run(void *context)
{
    struct probe_engine *engine = context;
    engine->clock.ran_us = real_us();
    arm_tick(engine, 0);
    event_base_dispatch(engine->base);
    return NULL;
}

/* One socket a check stays open, besides what the rest of the process needs. */
static void want_descriptors(size_t checks)
{
    enum { ELSEWHERE = 256 };
    const size_t limit = limits_raise_files();
    if (limit < checks + ELSEWHERE)
        log_warning("%zu checks need as many open files, but the limit is %zu: some probes cannot be sent", checks, limit);
}

static bool open_loop(struct probe_engine *engine, struct error *err)
{
    struct event_config *config = event_config_new();
    if (config)
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK); /* one thread only; others come by way of nudge_fd */
    engine->base = config ? event_base_new_with_config(config) : NULL;
    if (config)
        event_config_free(config);
    if (engine->base == NULL || event_base_priority_init(engine->base, PRIORITIES) < 0)
        return error_set(err, "cannot make an event loop for probing");
    engine->nudge_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->nudge_fd < 0)
        return error_set(err, "cannot make an eventfd: %s", strerror(errno));
    event_assign(&engine->tick, engine->base, -1, 0, on_tick, engine);
    event_priority_set(&engine->tick, PRIORITY_TICK);
    event_assign(&engine->nudge, engine->base, engine->nudge_fd, EV_READ | EV_PERSIST, on_nudge, engine);
    event_priority_set(&engine->nudge, PRIORITY_TICK);
    if (event_add(&engine->nudge, NULL) < 0)
        return error_set(err, "cannot watch an eventfd");
    return true;
}

/* Signals are the main thread's business. */
static int start_thread(struct probe_engine *engine)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&engine->thread, NULL, run, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        pthread_setname_np(engine->thread, "probe");
    return failed;
}

/* After the tasks, which use it. What comes back by mail has nobody waiting for it any more. */
static void release_shared(struct probe_engine *engine)
{
    runner_free(engine->shared.runner);
    file_reader_free(engine->shared.files);
    pinger_free(engine->shared.pinger);
    http_loop_free(engine->shared.http);
    engine_open_mail(engine);
}

static void release(struct probe_engine *engine)
{
    task_set_free(&engine->set);
    if (engine->pending)
        task_set_free(engine->pending);
    free(engine->pending);
    release_shared(engine);
    timers_release(&engine->timers);
    if (engine->nudge_fd >= 0)
        close(engine->nudge_fd);
    if (engine->base)
        event_base_free(engine->base);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}

struct probe_engine *probe_engine_new(probe_result_fn on_result, void *context, struct error *err)
{
    struct probe_engine *engine = mem_new(1, sizeof *engine);
    int failed;
    engine->on_result = on_result;
    engine->context = context;
    engine->nudge_fd = -1;
    engine->mail_end = &engine->mail;
    pthread_mutex_init(&engine->lock, NULL);
    engine->late_since_us = real_us();
    atomic_store(&engine->heartbeat_ms, engine->late_since_us / MS);
    if (getrandom(&engine->random, sizeof engine->random, 0) != sizeof engine->random) {
        error_set(err, "cannot get random numbers: %s", strerror(errno));
        goto fail;
    }
    if (!open_loop(engine, err))
        goto fail;
    if ((failed = start_thread(engine)) != 0) {
        error_set(err, "cannot start the probing thread: %s", strerror(failed));
        goto fail;
    }
    return engine;
fail:
    release(engine);
    return NULL;
}

void probe_engine_free(struct probe_engine *engine)
{
    if (engine == NULL)
        return;
    atomic_store(&engine->stop, true);
    engine_nudge(engine);
    pthread_join(engine->thread, NULL);
    release(engine);
}

void probe_engine_set(struct probe_engine *engine, const struct check *checks, size_t count, uint32_t generation)
{
    struct task_set *set = mem_new(1, sizeof *set);
    *set = (struct task_set){.tasks = mem_new(count, sizeof *set->tasks), .count = count, .generation = generation};
    for (size_t i = 0; i < count; i++)
        set->tasks[i] = task_new(engine, &checks[i], (uint32_t)i);
    pthread_mutex_lock(&engine->lock);
    struct task_set *overtaken = engine->pending;
    engine->pending = set;
    pthread_mutex_unlock(&engine->lock);
    if (overtaken)
        task_set_free(overtaken);
    free(overtaken);
    want_descriptors(count);
    engine_nudge(engine);
}

struct probe_engine_state probe_engine_state(const struct probe_engine *engine)
{
    const struct timing_view timing = timing_view(&engine->timing, real_us());
    return (struct probe_engine_state){
        .heartbeat_ms = atomic_load_explicit(&engine->heartbeat_ms, memory_order_relaxed),
        .started = atomic_load_explicit(&engine->started, memory_order_relaxed),
        .ended = atomic_load_explicit(&engine->ended, memory_order_relaxed),
        .late_max_ms = atomic_load_explicit(&engine->late_max_ms, memory_order_relaxed),
        .late_p99_tenths = timing.late_p99_tenths,
        .per_second = timing.per_second,
        .behind = timing.behind,
    };
}
