#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "probe/engine.h"
#include "probe/tls_client.h"

#include <stdlib.h>
#include <string.h>

enum {
    MS = 1000,
    BURST_US = 1000 * MS, /* a new set's first probes are spread over at most this, */
    HANDSHAKE_US = 2500   /* but for TLS: a handshake costs a millisecond of the loop, and others are to be in time */
};

static uint64_t interval_us(const struct task *task)
{
    return (uint64_t)task->check.probe.interval_ms * MS;
}

static uint64_t burst_us(const struct task *task)
{
    return interval_us(task) < task->burst_us ? interval_us(task) : task->burst_us;
}

static void check_copy(struct check *to, const struct check *from)
{
    *to = *from;
    to->host = mem_text(from->host);
    to->domain = mem_text(from->domain ? from->domain : from->host);
    to->tls = tls_client_ref(from->tls);
    to->site = mem_text(from->site ? from->site : "");
    probe_own_texts(&to->probe);
}

static void check_release(struct check *check)
{
    free(check->host);
    free(check->domain);
    tls_client_unref(check->tls);
    free(check->site);
    probe_release(&check->probe);
}

void check_begin(const struct check *check, struct health *ret_health, uint64_t now_ms)
{
    health_init(ret_health, check->saved, now_ms);
    ret_health->damping = check->damping;
    if (check->since_ms)
        ret_health->since_ms = check->since_ms;
}

struct task *task_new(struct probe_engine *engine, const struct check *check, uint32_t index)
{
    struct task *task = mem_new(1, sizeof *task);
    task->engine = engine;
    task->index = index;
    check_copy(&task->check, check);
    return task;
}

void task_free(struct task *task)
{
    timers_remove(&task->engine->timers, &task->timer);
    if (task->running)
        atomic_fetch_add_explicit(&task->engine->ended, 1, memory_order_relaxed);
    if (task->backend)
        task->backend->detach(task);
    check_release(&task->check);
    free(task);
}

static void start_at(struct task *task, uint64_t due_us)
{
    task->due_us = due_us;
    engine_timer_set(task->engine, &task->timer, due_us);
}

void task_begin(struct task *task, size_t number, size_t count)
{
    check_begin(&task->check, &task->health, clock_ms());
    task->backend = backend_of(&task->check.probe);
    task->backend->attach(task);
    task->phase = (double)number / (double)count;
    task->burst_us = BURST_US;
    if (task->check.tls && count * HANDSHAKE_US > BURST_US)
        task->burst_us = count * HANDSHAKE_US;
    start_at(task, engine_now_us(task->engine) + (uint64_t)(task->phase * (double)burst_us(task)));
}

/* What a back end has made of the check before is of no use for this one, nor is a probe that is under way. */
static bool speaks_otherwise(const struct task *task, const struct check *before)
{
    const struct check *now = &task->check;
    return task->backend != backend_of(&now->probe) || now->probe.transport != before->probe.transport || !now->tls != !before->tls;
}

void task_renew(struct task *task, struct task *from)
{
    const struct check old = task->check;
    task->check = from->check;
    from->check = old;
    task->index = from->index;
    if (speaks_otherwise(task, &old)) {
        task->backend->detach(task);
        task->backend = backend_of(&task->check.probe);
        task->backend->attach(task);
        if (task->running) {
            task->running = false;
            atomic_fetch_add_explicit(&task->engine->ended, 1, memory_order_relaxed);
            start_at(task, engine_now_us(task->engine));
        }
    }
    /* A shorter interval holds from now on, not from the end of a long one. */
    const uint64_t latest = engine_now_us(task->engine) + interval_us(task);
    if (!task->running && task->timer.due_us > latest)
        start_at(task, latest - (uint64_t)(engine_random(task->engine) * (double)interval_us(task)));
}

void task_wake_at(struct task *task, uint64_t due_us)
{
    engine_timer_set(task->engine, &task->timer, due_us < task->deadline_us ? due_us : task->deadline_us);
}

void task_hasten(struct task *task)
{
    if (!task->running)
        start_at(task, engine_now_us(task->engine));
}

void task_extend(struct task *task, uint64_t deadline_us)
{
    task->deadline_us = deadline_us;
    task_wake_at(task, deadline_us);
}

static void start(struct task *task)
{
    struct probe_engine *engine = task->engine;
    const uint64_t now = engine_now_us(engine);
    engine_note_start(engine, now, now - task->due_us);
    task->running = true;
    task->deadline_us = now + (uint64_t)task->check.probe.timeout_ms * MS;
    task_wake_at(task, task->deadline_us);
    task->backend->start(task);
}

void task_due(struct task *task)
{
    if (!task->running)
        start(task);
    else if (task->timer.due_us < task->deadline_us) {
        task_wake_at(task, task->deadline_us);
        task->backend->wake(task);
    } else {
        task->backend->expire(task);
        invariant(!task->running);
    }
}

/* Jitter, so that many directors do not probe in step and no burst lives long. */
static uint64_t about(struct task *task, uint64_t wait_us)
{
    return (uint64_t)((double)wait_us * (0.9 + 0.2 * engine_random(task->engine)));
}

/* Counted from the start of the last probe. The second one moves a task from the opening burst to its own place within the interval. */
static uint64_t ordinary_start(struct task *task)
{
    const uint64_t burst = burst_us(task);
    uint64_t wait = about(task, interval_us(task));
    if (!task->spread)
        wait = burst + (uint64_t)(task->phase * (double)(interval_us(task) - burst));
    task->spread = true;
    return task->due_us + wait;
}

static void schedule(struct task *task, uint32_t next_ms)
{
    const uint64_t now = engine_now_us(task->engine);
    const bool confirming = next_ms < task->check.probe.interval_ms;
    const uint64_t due = confirming ? now + about(task, (uint64_t)next_ms * MS) : ordinary_start(task);
    start_at(task, due > now + MS ? due : now + MS); /* never at once: also when the probe has outlasted its interval */
}

void task_report(const struct task *task, bool changed)
{
    const struct check_result result = {
        .check = task->index,
        .generation = task->engine->set.generation,
        .health = task->health,
        .last = task->last,
        .at_ms = clock_ms(),
        .count = task->count,
        .changed = changed,
    };
    task->engine->on_result(&result, task->engine->context);
}

void probe_end(struct task *task, struct observation seen)
{
    invariant(task->running);
    task->running = false;
    task->last = seen;
    task->count++;
    atomic_fetch_add_explicit(&task->engine->ended, 1, memory_order_relaxed);
    const struct health_step step = health_observe(&task->health, &task->check.probe, &seen, clock_ms());
    schedule(task, step.next_ms);
    task_report(task, step.changed);
}

void task_spoil(struct task *task)
{
    task->backend->cancel(task);
    /* For health this is no evidence against the endpoint. */
    probe_end(task, (struct observation){.outcome = OUTCOME_FAILED, .reason = REASON_LOCAL});
}
