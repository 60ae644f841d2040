/* Saving what must survive a restart, by the writer's thread. Of the orders, one write is under way at a time; it holds all that was ordered before it
 * began, so that a slow disk piles up nothing. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const subjects[] = {[STATE_OVERRIDES] = "orders", [STATE_VERDICTS] = "verdicts", [STATE_SECRETS] = "cookie secrets",
                                       [STATE_SERIALS] = "serials",  [STATE_PRICES] = "prices",     [STATE_HABITS] = "habits"};
static const char not_yet[] = "in force, but not yet on disk";

struct writing {
    struct job job;
    struct director *director;
    enum state_file file;
    char *folder, *text;
    struct saved saved; /* verdicts: turned to text by the writer */
    uint64_t version;   /* of the orders */
    bool done_well;
    struct error err;
};

/* A client that waits until its order is on disk. */
struct waiter {
    struct waiter *next;
    struct client *client;
    json_t *reply;
    uint64_t version, since_ms;
};

static void run_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    if (writing->file == STATE_VERDICTS)
        writing->text = state_verdicts_text(&writing->saved, clock_wall_s());
    writing->done_well = state_write(writing->folder, writing->file, writing->text, &writing->err);
}

static void add_warning(json_t *reply, const char *text)
{
    const char *other = json_string_value(json_object_get(reply, "warning"));
    char *both = other ? mem_format("%s; %s", other, text) : mem_text(text);
    json_object_set_new(reply, "warning", json_string(both));
    free(both);
}

/* Answers who waits for a version up to this one, or has waited since this moment or longer. */
static void answer_waiters(struct director *director, uint64_t version, uint64_t since_ms, const char *warning)
{
    for (struct waiter **link = &director->waiters; *link;) {
        struct waiter *waiter = *link;
        if (waiter->version > version && waiter->since_ms > since_ms) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        if (warning)
            add_warning(waiter->reply, warning);
        client_reply(waiter->client, waiter->reply);
        free(waiter);
    }
}

static void note_state(struct director *director, const struct writing *writing)
{
    char *alarm = director->alarms.state[writing->file];
    const char *subject = subjects[writing->file];
    if (writing->done_well && *alarm) {
        log_notice("the %s can be written again", subject);
        *alarm = '\0';
    } else if (!writing->done_well) {
        char *text = mem_format("the %s cannot be written: %s", subject, writing->err.text);
        if (!*alarm)
            log_error("%s", text);
        snprintf(alarm, sizeof director->alarms.state[0], "%s", text);
        free(text);
    }
}

static struct writing *writing_new(struct director *director, enum state_file file);

static void write_orders(struct director *director)
{
    struct writing *writing = writing_new(director, STATE_OVERRIDES);
    writing->text = state_overrides_text(&director->overrides);
    writing->version = director->orders_pushed = director->orders_version;
    if (!director->orders_writing++)
        director->orders_write_ms = clock_ms();
    work_push(director->writer, &writing->job);
}

static void end_orders(struct director *director, const struct writing *writing)
{
    director->orders_writing--;
    if (writing->done_well)
        director->orders_saved = writing->version;
    answer_waiters(director, writing->version, 0, writing->done_well ? NULL : director->alarms.state[STATE_OVERRIDES]);
    if (director->orders_pushed != director->orders_version && !director->stopping)
        write_orders(director);
}

static void end_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct director *director = writing->director;
    note_state(director, writing);
    if (writing->file == STATE_OVERRIDES) {
        end_orders(director, writing);
    } else if (writing->file == STATE_VERDICTS) {
        director->verdicts_writing = false;
        director->verdicts_changed |= !writing->done_well;
    } else if (writing->file == STATE_SECRETS) {
        director->secrets_writing = false;
        director->secrets_changed |= !writing->done_well;
    } else if (writing->file == STATE_HABITS) {
        director->habits.writing = false;
        director->habits.unsaved |= !writing->done_well;
    } else if (writing->file == STATE_PRICES) {
        director->moves.writing = false;
        director->moves.unsaved |= !writing->done_well;
    } else {
        director->serials_unsaved = !writing->done_well;
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
    director->orders_version++;
    if (client) {
        struct waiter *waiter = mem_new(1, sizeof *waiter);
        *waiter = (struct waiter){
            .next = director->waiters, .client = client, .reply = reply, .version = director->orders_version, .since_ms = clock_ms()};
        director->waiters = waiter;
    }
    if (!director->orders_writing)
        write_orders(director);
}

static void persist_verdicts(struct director *director)
{
    struct writing *writing = writing_new(director, STATE_VERDICTS);
    beliefs_save(&director->setup->beliefs, clock_ms(), &writing->saved);
    ramps_save(&director->setup->ramps, clock_ms(), &writing->saved);
    director->verdicts_changed = false;
    director->verdicts_writing = true;
    director->verdicts_saved_ms = clock_ms();
    work_push(director->writer, &writing->job);
}

/* While a step is running they wait for its end. */
static void persist_prices(struct director *director)
{
    char *text = balance_save(director->moves.balance, clock_wall_s());
    if (text == NULL)
        return;
    struct writing *writing = writing_new(director, STATE_PRICES);
    writing->text = text;
    director->moves.unsaved = false;
    director->moves.writing = true;
    director->moves.saved_ms = clock_ms();
    work_push(director->writer, &writing->job);
}

static void persist_habits(struct director *director)
{
    struct writing *writing = writing_new(director, STATE_HABITS);
    writing->text = habits_text(&director->habits);
    director->habits.unsaved = false;
    director->habits.writing = true;
    director->habits.saved_ms = clock_ms();
    work_push(director->writer, &writing->job);
}

void persist_restore(struct director *director, struct report *report)
{
    struct error err;
    char *text = state_read_habits(director->started.state);
    moves_restore(director, report);
    if (text && !habits_read(&director->habits, text, &err))
        report_warning(report, director->started.state, "habits.json is unsound and does not count: %s", err.text);
    free(text);
    director->habits.saved_ms = clock_ms();
}

static void persist_secrets(struct director *director)
{
    struct writing *writing = writing_new(director, STATE_SECRETS);
    writing->text = state_secrets_text(&director->secrets);
    director->secrets_changed = false;
    director->secrets_writing = true;
    work_push(director->writer, &writing->job);
}

void persist_serials(struct director *director)
{
    if (director->serials.count == 0)
        return;
    struct writing *writing = writing_new(director, STATE_SERIALS);
    writing->text = state_serials_text(&director->serials);
    director->serials_unsaved = false;
    work_push(director->writer, &writing->job);
}

static bool same_serials(const struct serials *a, const struct serials *b)
{
    for (size_t i = 0; a->count == b->count && i < a->count; i++)
        if (strcmp(a->items[i].name, b->items[i].name) != 0 || a->items[i].serial != b->items[i].serial ||
            a->items[i].print != b->items[i].print)
            return false;
    return a->count == b->count;
}

void keep_serials(struct director *director, const struct serials *serials)
{
    if (same_serials(serials, &director->serials))
        return;
    serials_release(&director->serials);
    director->serials = serials_copy(serials);
    director->serials_version++;
    persist_serials(director);
}

static bool unsaved(const struct director *director)
{
    return director->orders_saved != director->orders_version;
}

static void watch_orders(struct director *director, uint64_t now_ms)
{
    answer_waiters(director, 0, now_ms - ORDER_ANSWER_MS, not_yet);
    char *alarm = director->alarms.state[STATE_OVERRIDES];
    if (unsaved(director) && !director->orders_writing) {
        write_orders(director);
    } else if (director->orders_writing && now_ms - director->orders_write_ms >= ORDER_ANSWER_MS && !*alarm) {
        snprintf(alarm, sizeof director->alarms.state[0], "the disk is slow: orders are %s", not_yet);
        log_error("%s", alarm);
    }
}

void persist_pass(struct director *director)
{
    const uint64_t now_ms = clock_ms(), age_s = (now_ms - director->verdicts_saved_ms) / 1000;
    watch_orders(director, now_ms);
    if (director->secrets_changed && !director->secrets_writing)
        persist_secrets(director);
    if (director->serials_unsaved)
        persist_serials(director);
    if (director->moves.unsaved && !director->moves.writing && now_ms - director->moves.saved_ms >= SAVE_EVERY_S * 1000)
        persist_prices(director);
    if (director->habits.unsaved && !director->habits.writing && now_ms - director->habits.saved_ms >= SAVE_AT_LEAST_S * 1000)
        persist_habits(director);
    if (!director->serving || director->verdicts_writing || director->engine_stopped_ms)
        return;
    if (age_s >= SAVE_AT_LEAST_S || (director->verdicts_changed && age_s >= SAVE_EVERY_S))
        persist_verdicts(director);
}

void persist_last(struct director *director)
{
    if (unsaved(director)) /* also when a write is under way: that one may fail */
        write_orders(director);
    if (director->secrets_changed)
        persist_secrets(director);
    persist_prices(director);
    if (director->habits.unsaved)
        persist_habits(director);
    if (director->serving && !director->engine_stopped_ms)
        persist_verdicts(director);
}

bool persist_end(struct director *director)
{
    bool idle = work_free(director->writer, STOP_WRITE_MS);
    if (!idle)
        work_collect(director->writer);
    if (!idle && unsaved(director)) {
        answer_waiters(director, UINT64_MAX, 0, not_yet);
        admin_flush(director->admin, STOP_FLUSH_MS);
        idle = work_free(director->writer, STOP_ORDERS_MS);
        if (!idle)
            work_collect(director->writer);
    }
    if (unsaved(director)) {
        log_error("stopped with orders that are not on disk: they do not survive");
        director->failed = true;
    }
    if (!idle)
        log_error("the state could not be written in time");
    return idle;
}
