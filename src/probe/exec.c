/* Commands with the exit codes of the usual monitoring plugins. The engine's thread only posts and hears; runner.c runs them. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "probe/detail.h"
#include "probe/engine.h"
#include "probe/outcome.h"
#include "probe/pattern.h"
#include "probe/runner.h"

#include <stdlib.h>

enum { CODE_OK, CODE_WARNING, CODE_CRITICAL, CODE_SIGNALLED = 128, DRAIN_HOLD_S = 1 };

struct exec {
    struct errand *errand; /* under way, perhaps given up; NULL: none */
    uint64_t started_us;
};

/* A warning holds for as long as it is repeated. */
static struct observation observation_of(const struct errand *errand)
{
    struct observation seen = {.outcome = OUTCOME_FAILED, .reason = REASON_REPORTED};
    detail_take(seen.detail, errand->output, errand->output_len);
    if (!errand->ran)
        return observation_failed_as(REASON_LOCAL, "%s", errand->err.text);
    if (errand->code >= CODE_SIGNALLED)
        return observation_failed_as(REASON_LOCAL, "the command was ended by signal %d", errand->code - CODE_SIGNALLED);
    seen.status = (uint16_t)errand->code;
    switch (errand->code) {
    case CODE_OK: seen.outcome = OUTCOME_ALIVE; break;
    case CODE_WARNING:
        seen.outcome = OUTCOME_BUSY;
        seen.retry_after_s = DRAIN_HOLD_S;
        break;
    case CODE_CRITICAL: break;
    default: seen.reason = REASON_LOCAL;
    }
    if (!seen.detail[0] && errand->code > CODE_CRITICAL)
        detail_set(seen.detail, "exit code %d", errand->code);
    return seen;
}

static void come_back(struct probe_engine *engine, struct mail *mail)
{
    struct errand *errand = (struct errand *)mail;
    struct task *task = errand->task;
    if (task) {
        struct exec *exec = task->link;
        exec->errand = NULL;
        if (task->running && !atomic_load(&errand->given_up)) {
            struct observation seen = observation_of(errand);
            seen.rtt_us = (uint32_t)(engine_now_us(engine) - exec->started_us);
            probe_end(task, seen);
        }
    }
    errand_free(errand);
}

static struct errand *errand_new(struct task *task)
{
    const struct exec_probe *how = &task->check.probe.exec;
    struct errand *errand = mem_new(1, sizeof *errand);
    errand->mail.open = come_back;
    errand->task = task;
    /* With less than half of its time left it would be killed half done, and the next one would be later still. */
    errand->latest_ms = clock_ms() + task->check.probe.timeout_ms / 2;
    errand->argv = mem_new(how->word_count + 1, sizeof *errand->argv);
    for (size_t i = 0; i < how->word_count; i++)
        errand->argv[i] = pattern_fill(how->command[i], &task->check);
    return errand;
}

static bool need_runner(struct probe_engine *engine)
{
    struct error err;
    if (engine->shared.runner == NULL && (engine->shared.runner = runner_new(engine, &err)) == NULL)
        log_error("%s", err.text);
    return engine->shared.runner != NULL;
}

static void exec_start(struct task *task)
{
    struct exec *exec = task->link;
    if (exec->errand) {
        probe_end(task, observation_failed_as(REASON_LOCAL, "the command before has not ended yet"));
        return;
    }
    if (!need_runner(task->engine)) {
        probe_end(task, observation_failed_as(REASON_LOCAL, "no thread for commands"));
        return;
    }
    exec->started_us = engine_now_us(task->engine);
    exec->errand = errand_new(task);
    runner_post(task->engine->shared.runner, exec->errand);
}

static void exec_wake(struct task *task)
{
    (void)task; /* none was asked for */
}

static void exec_cancel(struct task *task)
{
    struct exec *exec = task->link;
    if (exec->errand)
        runner_give_up(task->engine->shared.runner, exec->errand);
}

/* What never got its turn says nothing of the endpoint. */
static void exec_expire(struct task *task)
{
    const struct exec *exec = task->link;
    const bool started = atomic_load(&exec->errand->started);
    exec_cancel(task);
    probe_end(task, started ? observation_failed(REASON_TIMEOUT)
                            : observation_failed_as(REASON_LOCAL, "%d commands were running already", RUN_AT_ONCE_MAX));
}

static void exec_attach(struct task *task)
{
    task->link = mem_new(1, sizeof(struct exec));
}

static void exec_detach(struct task *task)
{
    struct exec *exec = task->link;
    exec_cancel(task);
    if (exec->errand)
        exec->errand->task = NULL;
    free(exec);
    task->link = NULL;
}

const struct probe_backend exec_backend = {exec_attach, exec_start, exec_wake, exec_expire, exec_cancel, exec_detach};
