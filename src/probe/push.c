/* The endpoint reports by itself. A probe waits for the next report, at most until the last one expires. */
#include "base/memory.h"
#include "probe/engine.h"
#include "probe/outcome.h"

#include <stdlib.h>
#include <string.h>

enum { MS = 1000, DRAIN_HOLD_S = 1 };

struct waiting {
    bool reported; /* ever */
    bool fresh;    /* the report has not been observed yet */
    struct observation report;
    uint64_t expires_us;
};

/* A report on its way from the director. */
struct parcel {
    struct mail mail;
    char *host, *probe;
    struct hostport target;
    uint32_t index, generation;
    struct endpoint_report push;
};

static struct observation observation_of(const struct endpoint_report *push)
{
    struct observation seen = {.outcome = OUTCOME_FAILED, .reason = REASON_REPORTED};
    if (push->verdict == VERDICT_UP)
        seen.outcome = OUTCOME_ALIVE;
    else if (push->verdict == VERDICT_DRAINING)
        seen.outcome = OUTCOME_BUSY;
    seen.retry_after_s = push->verdict == VERDICT_DRAINING ? DRAIN_HOLD_S : 0;
    memcpy(seen.detail, push->detail, sizeof seen.detail);
    return seen;
}

static void observe(struct task *task)
{
    struct waiting *waiting = task->link;
    waiting->fresh = false;
    probe_end(task, waiting->report);
}

static void push_expire(struct task *task)
{
    const struct waiting *waiting = task->link;
    probe_end(task, observation_failed_as(REASON_EXPIRED, waiting->reported ? "" : "nothing was ever reported"));
}

/* A saved verdict stays until the time for a report is over; without one, saying at once that nothing is known lets the first start go on. */
static void push_start(struct task *task)
{
    struct waiting *waiting = task->link;
    const bool first = !waiting->reported && task->count == 0 && task->check.saved == VERDICT_UNKNOWN;
    if (waiting->fresh)
        observe(task);
    else if (engine_now_us(task->engine) >= waiting->expires_us)
        push_expire(task);
    else if (first)
        probe_end(task, observation_failed_as(REASON_LOCAL, "nothing reported yet"));
    else
        task_extend(task, waiting->expires_us);
}

static void push_wake(struct task *task)
{
    (void)task; /* none was asked for */
}

static void push_cancel(struct task *task)
{
    (void)task; /* nothing is under way: it only waits */
}

static void push_attach(struct task *task)
{
    struct waiting *waiting = mem_new(1, sizeof *waiting);
    waiting->expires_us = engine_now_us(task->engine) + (uint64_t)task->check.probe.push.expires_ms * MS;
    task->link = waiting;
}

static void push_detach(struct task *task)
{
    free(task->link);
    task->link = NULL;
}

const struct probe_backend push_backend = {push_attach, push_start, push_wake, push_expire, push_cancel, push_detach};

static bool is_for(const struct parcel *parcel, const struct task *task)
{
    return task->backend == &push_backend && task->check.target.port == parcel->target.port &&
           addr_equal(&task->check.target.addr, &parcel->target.addr) && strcmp(task->check.probe.name, parcel->probe) == 0 &&
           strcmp(task->check.host, parcel->host) == 0;
}

static struct task *addressee(struct probe_engine *engine, const struct parcel *parcel)
{
    const struct task_set *set = &engine->set;
    if (parcel->generation == set->generation)
        return parcel->index < set->count && is_for(parcel, set->tasks[parcel->index]) ? set->tasks[parcel->index] : NULL;
    for (size_t i = 0; i < set->count; i++)
        if (is_for(parcel, set->tasks[i]))
            return set->tasks[i];
    return NULL;
}

static void deliver(struct task *task, const struct endpoint_report *push)
{
    struct waiting *waiting = task->link;
    const uint32_t expires_ms = push->expires_ms ? push->expires_ms : task->check.probe.push.expires_ms;
    waiting->reported = waiting->fresh = true;
    waiting->report = observation_of(push);
    waiting->expires_us = engine_now_us(task->engine) + (uint64_t)expires_ms * MS;
    if (task->running)
        observe(task);
    else
        task_hasten(task);
}

static void open_parcel(struct probe_engine *engine, struct mail *mail)
{
    struct parcel *parcel = (struct parcel *)mail;
    struct task *task = addressee(engine, parcel);
    if (task)
        deliver(task, &parcel->push);
    free(parcel->host);
    free(parcel->probe);
    free(parcel);
}

void probe_engine_push(struct probe_engine *engine, const struct check *check, uint32_t index, uint32_t generation,
                       const struct endpoint_report *push)
{
    struct parcel *parcel = mem_new(1, sizeof *parcel);
    *parcel = (struct parcel){.mail = {.open = open_parcel},
                              .host = mem_text(check->host),
                              .probe = mem_text(check->probe.name),
                              .target = check->target,
                              .index = index,
                              .generation = generation,
                              .push = *push};
    engine_post(engine, &parcel->mail);
}
