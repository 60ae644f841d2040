/* The endpoint reports by a file. Its modification time is when it reported; the engine's thread only asks for it to be read. */
#include "base/log.h"
#include "base/memory.h"
#include "probe/engine.h"
#include "probe/file_reader.h"
#include "probe/outcome.h"
#include "probe/pattern.h"
#include "probe/report_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, DRAIN_HOLD_S = 1 };

struct report_file {
    struct reading *reading; /* under way, perhaps of no more interest; NULL: none */
    uint64_t grace_end_us;   /* until then a file that is not there is not missed */
};

/* The time is the wall clock's, which may be set: a file from the near future counts as new. */
static struct observation observation_of_text(const struct reading *reading, uint32_t expires_ms)
{
    struct endpoint_report report;
    if (reading->age_ms > (int64_t)expires_ms)
        return observation_failed_as(REASON_EXPIRED, "modified %lld s ago: %s", (long long)(reading->age_ms / 1000), reading->path);
    if (reading->age_ms < -(int64_t)expires_ms)
        return observation_failed_as(REASON_BAD_ANSWER, "modified in the future: %s", reading->path);
    if (!report_read(reading->text, reading->len, &report))
        return observation_failed_as(REASON_BAD_ANSWER, "neither up, draining nor down: \"%s\"", report.detail);
    struct observation seen = {.outcome = OUTCOME_FAILED, .reason = REASON_REPORTED};
    if (report.verdict == VERDICT_UP)
        seen.outcome = OUTCOME_ALIVE;
    else if (report.verdict == VERDICT_DRAINING)
        seen.outcome = OUTCOME_BUSY;
    seen.retry_after_s = report.verdict == VERDICT_DRAINING ? DRAIN_HOLD_S : 0;
    memcpy(seen.detail, report.detail, sizeof seen.detail);
    return seen;
}

static struct observation observation_of(const struct task *task, const struct reading *reading)
{
    const struct report_file *file = task->link;
    if (reading->failed == 0)
        return observation_of_text(reading, task->check.probe.push.expires_ms);
    const bool missed = reading->failed == ENOENT && engine_now_us(task->engine) >= file->grace_end_us;
    return observation_failed_as(missed ? REASON_EXPIRED : REASON_LOCAL, "%s: %s",
                                 reading->failed == EINVAL ? "not a file" : strerror(reading->failed), reading->path);
}

static void come_back(struct probe_engine *engine, struct mail *mail)
{
    (void)engine;
    struct reading *reading = (struct reading *)mail;
    struct task *task = reading->task;
    if (task) {
        struct report_file *file = task->link;
        file->reading = NULL;
        if (task->running)
            probe_end(task, observation_of(task, reading));
    }
    reading_free(reading);
}

static bool need_reader(struct probe_engine *engine)
{
    struct error err;
    if (engine->shared.files == NULL && (engine->shared.files = file_reader_new(engine, &err)) == NULL)
        log_error("%s", err.text);
    return engine->shared.files != NULL;
}

/* One that is still being read will do: its disk was slow, and it comes back with what is there then. */
static void file_start(struct task *task)
{
    struct report_file *file = task->link;
    if (file->reading)
        return;
    if (!need_reader(task->engine)) {
        probe_end(task, observation_failed_as(REASON_LOCAL, "no thread for files"));
        return;
    }
    struct reading *reading = mem_new(1, sizeof *reading);
    reading->mail.open = come_back;
    reading->task = task;
    reading->path = pattern_fill(task->check.probe.push.file, &task->check);
    file->reading = reading;
    file_reader_post(task->engine->shared.files, reading);
}

static void file_wake(struct task *task)
{
    (void)task; /* none was asked for */
}

static void file_expire(struct task *task)
{
    const struct report_file *file = task->link;
    probe_end(task, observation_failed_as(REASON_LOCAL, "cannot be read in time: %s", file->reading->path));
}

static void file_cancel(struct task *task)
{
    (void)task; /* reading goes on; what it brings is heard if a probe waits for it by then */
}

static void file_attach(struct task *task)
{
    struct report_file *file = mem_new(1, sizeof *file);
    file->grace_end_us = engine_now_us(task->engine) + (uint64_t)task->check.probe.push.expires_ms * MS;
    task->link = file;
}

static void file_detach(struct task *task)
{
    struct report_file *file = task->link;
    if (file->reading)
        file->reading->task = NULL;
    free(file);
    task->link = NULL;
}

const struct probe_backend push_file_backend = {file_attach, file_start, file_wake, file_expire, file_cancel, file_detach};
