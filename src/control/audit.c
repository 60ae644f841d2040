#include "control/audit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/audit_file.h"
#include "control/client.h"
#include "control/protocol.h"
#include "control/times.h"
#include "control/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *octets;
    size_t len, room;
};

struct audit {
    struct journal *journal;
    struct work *writer, *reader;
    struct audit_config config; /* the file's name is owned */
    struct audit_file file;     /* the writer's */
    struct text waiting;
    size_t waiting_events;
    bool writing, urgent, ending;
    uint64_t wrote_ms;        /* when the last write began */
    uint64_t lost, lost_told; /* events */
    char alarm[600];
};

/* One write on its way through the writer's thread; it owns the lines. */
struct writing {
    struct job job;
    struct audit *audit;
    char *path;
    uint64_t most;
    unsigned keep;
    struct text lines;
    size_t events;
    bool done_well;
    struct error err;
};

static void append(struct text *to, const char *octets, size_t len)
{
    if (len == 0)
        return;
    to->octets = mem_grow(to->octets, &to->room, to->len + len, 1);
    memcpy(to->octets + to->len, octets, len);
    to->len += len;
}

static void run_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct audit_file *file = &writing->audit->file;
    audit_file_set(file, writing->path, writing->most, writing->keep);
    writing->done_well = audit_file_add(file, writing->lines.octets, writing->lines.len, &writing->err);
}

static void end_writing(struct job *job);

static void write_waiting(struct audit *audit)
{
    struct writing *writing = mem_new(1, sizeof *writing);
    *writing = (struct writing){.job = {.run = run_writing, .done = end_writing},
                                .audit = audit,
                                .path = mem_text(audit->config.file),
                                .most = (uint64_t)audit->config.size_mib << 20,
                                .keep = audit->config.keep,
                                .lines = audit->waiting,
                                .events = audit->waiting_events};
    audit->waiting = (struct text){0};
    audit->waiting_events = 0;
    audit->writing = true;
    audit->urgent = false;
    audit->wrote_ms = clock_ms();
    work_push(audit->writer, &writing->job);
}

static void note_failure(struct audit *audit, const struct error *err)
{
    if (!audit->alarm[0])
        log_error("the audit file cannot be written: %s", err->text);
    snprintf(audit->alarm, sizeof audit->alarm, "the audit file cannot be written: %s", err->text);
}

static void note_success(struct audit *audit)
{
    if (!audit->alarm[0])
        return;
    audit->alarm[0] = '\0';
    log_notice("the audit file can be written again");
}

/* In front of what has come since; what does not fit any more is lost, the newest first, as it would have been had it come then. */
static void put_back(struct audit *audit, struct writing *writing)
{
    const struct text since = audit->waiting;
    audit->waiting = writing->lines;
    writing->lines = (struct text){0};
    if (audit->waiting.len + since.len <= AUDIT_WAITING_MOST) {
        append(&audit->waiting, since.octets, since.len);
        audit->waiting_events += writing->events;
    } else {
        audit->lost += audit->waiting_events;
        audit->waiting_events = writing->events;
    }
    free(since.octets);
}

static void end_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct audit *audit = writing->audit;
    audit->writing = false;
    if (writing->done_well) {
        note_success(audit);
    } else {
        note_failure(audit, &writing->err);
        put_back(audit, writing);
    }
    if (writing->done_well && audit->urgent && !audit->ending)
        write_waiting(audit);
    free(writing->path);
    free(writing->lines.octets);
    free(writing);
}

/* What somebody has done is to be on the disk at once; of a site's fall there may be many lines. */
static bool is_urgent(const json_t *event)
{
    return json_object_get(event, "who") != NULL || json_object_get(event, "from") != NULL;
}

/* One that nobody could read again loses its details. */
static char *line_of(const json_t *event)
{
    char *line = history_line(event);
    if (!line || strlen(line) <= HISTORY_LINE_MOST)
        return line;
    free(line);
    json_t *shorter = json_copy((json_t *)event);
    json_object_del(shorter, "before");
    json_object_del(shorter, "after");
    line = history_line(shorter);
    json_decref(shorter);
    return line;
}

static void on_event(void *context, const json_t *event)
{
    struct audit *audit = context;
    if (!audit->config.enabled)
        return;
    char *line = line_of(event);
    const size_t len = line ? strlen(line) : 0;
    if (!line || audit->waiting.len + len > AUDIT_WAITING_MOST) {
        audit->lost++;
    } else {
        append(&audit->waiting, line, len);
        audit->waiting_events++;
    }
    free(line);
    audit->urgent |= is_urgent(event);
    if (audit->urgent && !audit->writing && !audit->alarm[0])
        write_waiting(audit);
}

static void copy_config(struct audit *audit, const struct audit_config *config)
{
    free(audit->config.file);
    audit->config = *config;
    audit->config.file = mem_text(config->file);
}

struct audit *audit_new(struct journal *journal, int wake_fd, const struct audit_config *config, struct error *err)
{
    struct audit *audit = mem_new(1, sizeof *audit);
    audit->journal = journal;
    audit_file_init(&audit->file);
    copy_config(audit, config);
    audit->writer = work_new(wake_fd, 0, err);
    audit->reader = audit->writer ? work_new(wake_fd, WORK_NICE, err) : NULL;
    if (!audit->reader) {
        audit_free(audit, 0);
        return NULL;
    }
    if (config->enabled)
        journal_go_on(journal, history_last_id(config->file, config->keep));
    journal_listen(journal, on_event, audit);
    return audit;
}

void audit_set(struct audit *audit, const struct audit_config *config)
{
    copy_config(audit, config);
    if (!config->enabled)
        audit->alarm[0] = '\0';
}

void audit_pass(struct audit *audit, uint64_t now_ms)
{
    if (audit->lost > audit->lost_told && !audit->alarm[0]) {
        char *text = mem_format("%llu events could not be kept on disk", (unsigned long long)(audit->lost - audit->lost_told));
        audit->lost_told = audit->lost;
        journal_note(audit->journal, &(struct event){.kind = EVENT_ALARM, .target = "audit", .what = "events lost", .why = text});
        log_error("%s", text);
        free(text);
    }
    if (audit->writing && now_ms - audit->wrote_ms >= ORDER_ANSWER_MS && !audit->alarm[0])
        note_failure(audit, &(struct error){.text = "the disk is slow"});
    if (audit->waiting.len && !audit->writing && now_ms - audit->wrote_ms >= AUDIT_LAZY_MS)
        write_waiting(audit);
}

void audit_collect(struct audit *audit)
{
    work_collect(audit->writer);
    work_collect(audit->reader);
}

const char *audit_alarm(const struct audit *audit)
{
    return audit->alarm;
}

uint64_t audit_lost(const struct audit *audit)
{
    return audit->lost;
}

/* A question on its way through the reader's thread. It owns the query's texts. */
struct asking {
    struct job job;
    struct client *client;
    struct history_query query;
    struct history history;
    char *path;
    unsigned keep;
    uint64_t last;
    bool done_well;
    struct error err;
};

static void answer(struct client *client, json_t *told, uint64_t last)
{
    json_t *reply = reply_ok();
    json_object_set_new(told, "last", json_integer((json_int_t)last));
    json_object_set_new(reply, "history", told);
    client_reply(client, reply);
}

static void run_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    asking->done_well = history_read(&asking->history, &asking->query, asking->path, asking->keep, HISTORY_SCAN_MOST, &asking->err);
}

static void end_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    if (asking->done_well)
        answer(asking->client, history_json(&asking->history), asking->last);
    else
        client_reply(asking->client, reply_error("%s", asking->err.text));
    history_release(&asking->history);
    free((char *)asking->query.kinds);
    free((char *)asking->query.target);
    free((char *)asking->query.who);
    free(asking->path);
    free(asking);
}

static const char *copy(const char *text)
{
    return text ? mem_text(text) : NULL;
}

static void ask_files(struct audit *audit, struct client *client, const struct history_query *query, const struct history *history)
{
    struct asking *asking = mem_new(1, sizeof *asking);
    *asking = (struct asking){.job = {.run = run_asking, .done = end_asking},
                              .client = client,
                              .query = *query,
                              .history = *history,
                              .path = mem_text(audit->config.file),
                              .keep = audit->config.keep,
                              .last = journal_last(audit->journal)};
    asking->query.kinds = copy(query->kinds);
    asking->query.target = copy(query->target);
    asking->query.who = copy(query->who);
    work_push(audit->reader, &asking->job);
}

void audit_ask(struct audit *audit, struct client *client, const struct history_query *query)
{
    struct history history;
    json_t *recent = journal_since(audit->journal, 0, JOURNAL_KEPT);
    history_init(&history, query);
    history_take(&history, query, recent);
    json_decref(recent);
    if (!history.more && audit->config.enabled) {
        ask_files(audit, client, query, &history);
        return;
    }
    answer(client, history_json(&history), journal_last(audit->journal));
    history_release(&history);
}

/* The next question is put with "last"; where memory does not reach back so far any more, "gap". */
void audit_follow(struct audit *audit, struct client *client, const struct history_query *query, uint64_t since)
{
    struct history history;
    json_t *recent = journal_since(audit->journal, since, JOURNAL_KEPT);
    const json_t *oldest = json_array_get(recent, 0);
    history_init(&history, query);
    history_follow(&history, query, recent);
    json_t *told = history_json(&history);
    const uint64_t last = history.more ? history.next : journal_last(audit->journal);
    json_object_set_new(told, "gap", json_boolean(oldest && (uint64_t)json_integer_value(json_object_get(oldest, "id")) > since + 1));
    json_object_set_new(told, "next", json_null());
    answer(client, told, last);
    json_decref(recent);
    history_release(&history);
}

bool audit_free(struct audit *audit, unsigned wait_ms)
{
    if (!audit)
        return true;
    audit->ending = true;
    if (audit->writer && audit->waiting.len) /* behind one that is under way; that one may fail and come back */
        write_waiting(audit);
    const bool written = work_free(audit->writer, wait_ms);
    if (!work_free(audit->reader, wait_ms) || !written)
        return false;
    journal_unlisten(audit->journal, audit);
    if (audit->waiting.len)
        log_error("%zu events could not be kept on disk", audit->waiting_events);
    audit_file_release(&audit->file);
    free(audit->waiting.octets);
    free(audit->config.file);
    free(audit);
    return true;
}
