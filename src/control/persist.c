/* Saving what must survive a restart, by the writer's thread. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct writing {
    struct job job;
    struct director *director;
    enum state_file file;
    char *folder, *text;
    struct saved saved; /* verdicts: turned to text by the writer */
    bool done_well;
    struct error err;
    struct client *client; /* overrides: who waits for it, or NULL */
    json_t *reply;
};

static void run_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    if (writing->file == STATE_VERDICTS)
        writing->text = state_verdicts_text(&writing->saved, clock_wall_s());
    writing->done_well = state_write(writing->folder, writing->file, writing->text, &writing->err);
}

static void note_state(struct director *director, const struct writing *writing)
{
    if (writing->done_well && director->alarms.state[0]) {
        log_notice("the state can be written again");
        director->alarms.state[0] = '\0';
    } else if (!writing->done_well) {
        if (!director->alarms.state[0])
            log_error("the state cannot be written: %s", writing->err.text);
        snprintf(director->alarms.state, sizeof director->alarms.state, "the state cannot be written: %s", writing->err.text);
    }
}

static void end_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct director *director = writing->director;
    note_state(director, writing);
    if (writing->file == STATE_VERDICTS)
        director->verdicts_writing = false;
    if (writing->client) {
        if (!writing->done_well)
            json_object_set_new(writing->reply, "warning", json_string(director->alarms.state));
        admin_reply(writing->client, writing->reply);
    }
    saved_release(&writing->saved);
    free(writing->folder);
    free(writing->text);
    free(writing);
}

static struct writing *writing_new(struct director *director, enum state_file file)
{
    struct writing *writing = mem_new(1, sizeof *writing);
    *writing = (struct writing){
        .job = {.run = run_writing, .done = end_writing}, .director = director, .file = file, .folder = mem_text(director->started.state)};
    return writing;
}

void persist_overrides(struct director *director, struct client *client, json_t *reply)
{
    struct writing *writing = writing_new(director, STATE_OVERRIDES);
    writing->text = state_overrides_text(&director->overrides);
    writing->client = client;
    writing->reply = reply;
    work_push(director->writer, &writing->job);
}

void persist_verdicts(struct director *director)
{
    struct writing *writing = writing_new(director, STATE_VERDICTS);
    beliefs_save(&director->setup->beliefs, &writing->saved);
    director->verdicts_changed = false;
    director->verdicts_writing = true;
    director->verdicts_saved_ms = clock_ms();
    work_push(director->writer, &writing->job);
}

void persist_pass(struct director *director)
{
    const uint64_t age_s = (clock_ms() - director->verdicts_saved_ms) / 1000;
    if (!director->serving || director->verdicts_writing || director->engine_stopped_ms)
        return;
    if (age_s >= SAVE_AT_LEAST_S || (director->verdicts_changed && age_s >= SAVE_EVERY_S))
        persist_verdicts(director);
}
