#include "control/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/describe.h"
#include "control/director.h"
#include "notify/notify.h"

#include <stdlib.h>
#include <string.h>

enum { TOLD_ALONE = 10 /* of one kind at once; more of them are one message */ };

struct watch {
    struct journal *journal;
    struct alerts *alerts;
    struct hooks *hooks;
    struct config *config; /* a reference: whose hooks are told */
};

static void on_event(void *context, const json_t *event);

struct watch *watch_new(struct journal *journal)
{
    struct watch *watch = mem_new(1, sizeof *watch);
    *watch = (struct watch){.journal = journal, .alerts = alerts_new(), .hooks = hooks_new()};
    journal_listen(journal, on_event, watch);
    return watch;
}

/* By its name, among the hooks before; HOOKS_MAX: there was none. */
static size_t number_before(const struct config *before, const char *name)
{
    for (size_t i = 0; before && i < before->hook_count; i++)
        if (strcmp(before->hooks[i].name, name) == 0)
            return i;
    return HOOKS_MAX;
}

void watch_set(struct watch *watch, const struct config *config)
{
    size_t from[HOOKS_MAX];
    for (size_t i = 0; i < HOOKS_MAX; i++)
        from[i] = i < config->hook_count ? number_before(watch->config, config->hooks[i].name) : HOOKS_MAX;
    alerts_renumber(watch->alerts, from);
    hooks_set(watch->hooks, config->hooks, config->hook_count);
    config_unref(watch->config);
    watch->config = config_ref((struct config *)config);
}

bool watch_free(struct watch *watch, unsigned wait_ms)
{
    if (!watch)
        return true;
    journal_unlisten(watch->journal, watch);
    if (!hooks_free(watch->hooks, wait_ms))
        return false;
    alerts_free(watch->alerts);
    config_unref(watch->config);
    free(watch);
    return true;
}

/* --- what just happens */

static enum alert_kind kind_of(const json_t *event)
{
    static const struct {
        enum event_kind kind;
        enum alert_kind alert;
    } kinds[] = {{EVENT_ORDER, ALERT_ORDER}, {EVENT_ENDED, ALERT_ORDER}, {EVENT_DRILL, ALERT_DRILL},
                 {EVENT_LOGIN, ALERT_LOGIN}, {EVENT_START, ALERT_START}, {EVENT_STOP, ALERT_STOP}};
    const char *text = json_string_value(json_object_get(event, "kind"));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(event_kind_text(kinds[i].kind), text) == 0)
            return kinds[i].alert;
    return ALERT_KINDS;
}

static void on_event(void *context, const json_t *event)
{
    struct watch *watch = context;
    const enum alert_kind kind = kind_of(event);
    for (size_t i = 0; kind < ALERT_KINDS && watch->config && i < watch->config->hook_count; i++)
        if (hook_wants(&watch->config->hooks[i], kind, ALERT_INFO))
            hooks_post(watch->hooks, i, message_of_event(kind, event, watch->config->server.id));
}

/* --- what is wrong */

static enum event_kind journal_kind(const struct alert *alert)
{
    switch (alert->kind) {
    case ALERT_SITE_LOST: return EVENT_SITE;
    case ALERT_PAST_TARGET:
    case ALERT_PAST_MAX:
    case ALERT_BUSY:
    case ALERT_CALLS:
    case ALERT_QUERIES: return EVENT_LOAD;
    default: return EVENT_ALARM;
    }
}

static void note(void *context, const struct alert *alert)
{
    struct watch *watch = context;
    if (alert->kind == ALERT_VERDICT) /* noted where they change */
        return;
    const bool lost = alert->kind == ALERT_SITE_LOST;
    char *what = lost ? mem_text(alert->raised ? "lost" : "back")
                      : mem_format("%s: %s", alert_kind_text(alert->kind), alert->raised ? "begins" : "over");
    journal_note(
        watch->journal,
        &(struct event){.kind = journal_kind(alert), .target = alert->target, .what = what, .why = alert->raised ? alert->text : NULL});
    if (lost && alert->raised)
        log_error("%s", alert->text);
    else if (lost)
        log_notice("site %s is back", alert->target);
    free(what);
}

static void tell_hooks(const struct watch *watch, struct alerts *alerts)
{
    for (size_t i = 0; i < watch->config->hook_count; i++) {
        const struct hook_config *hook = &watch->config->hooks[i];
        struct hook_state state;
        hooks_state(watch->hooks, i, &state);
        if (!state.failing)
            continue;
        struct alert *alert = alerts_tell(alerts, ALERT_HOOKS, hook->name, ALERT_WARNING);
        alert_say(alert, "hook %s cannot be told: %s", hook->name, state.why);
        if (alert)
            alert->alarm = true;
    }
}

static void refresh(struct director *director)
{
    struct watch *watch = director->watch;
    alerts_begin(watch->alerts, clock_ms(), clock_wall_ms());
    faults_tell(director, watch->alerts);
    tell_hooks(watch, watch->alerts);
    conditions_tell(director, watch->alerts);
    alerts_end(watch->alerts, note, watch);
}

/* --- who is told of it */

struct batch {
    const struct alert **alerts;
    size_t count, room;
};

static void collect(void *context, const struct alert *alert)
{
    struct batch *batch = context;
    batch->alerts = mem_grow(batch->alerts, &batch->room, batch->count + 1, sizeof *batch->alerts);
    batch->alerts[batch->count++] = alert;
}

static int by_kind(const void *a, const void *b)
{
    const struct alert *left = *(const struct alert *const *)a, *right = *(const struct alert *const *)b;
    const int kinds = (int)left->kind - (int)right->kind, states = (int)right->raised - (int)left->raised;
    return kinds ? kinds : states ? states : (left->order > right->order) - (left->order < right->order);
}

static void post_group(struct watch *watch, size_t hook, const struct alert *const *alerts, size_t count)
{
    const char *server = watch->config->server.id;
    if (count > TOLD_ALONE) {
        hooks_post(watch->hooks, hook, message_of_many(alerts, count, server));
        return;
    }
    for (size_t i = 0; i < count; i++)
        hooks_post(watch->hooks, hook, message_of_alert(alerts[i], alerts[i]->raised ? "raised" : "resolved", server));
}

static void post_due(struct watch *watch, size_t hook, uint64_t now_ms)
{
    struct batch batch = {0};
    alerts_due(watch->alerts, hook, &watch->config->hooks[hook], now_ms, collect, &batch);
    if (batch.count > 1)
        qsort(batch.alerts, batch.count, sizeof *batch.alerts, by_kind);
    for (size_t from = 0, to; from < batch.count; from = to) {
        for (to = from + 1; to < batch.count && batch.alerts[to]->kind == batch.alerts[from]->kind &&
                            batch.alerts[to]->raised == batch.alerts[from]->raised;)
            to++;
        post_group(watch, hook, batch.alerts + from, to - from);
    }
    free(batch.alerts);
}

void watch_pass(struct director *director)
{
    struct watch *watch = director->watch;
    refresh(director);
    for (size_t i = 0; i < watch->config->hook_count; i++)
        post_due(watch, i, clock_ms());
}

bool watch_test(struct director *director, const char *name, const char *who, struct error *err)
{
    struct watch *watch = director->watch;
    const size_t hook = number_before(watch->config, name);
    if (hook == HOOKS_MAX)
        return error_set(err, "there is no hook \"%.63s\"", name);
    json_t *event = json_pack("{s:s, s:s, s:s}", "what", "test", "who", who, "why", "sipsteer test-hook");
    const bool posted = hooks_post(watch->hooks, hook, message_of_event(ALERT_TEST, event, watch->config->server.id));
    json_decref(event);
    return posted || error_set(err, "too many messages wait for the hook \"%s\"", name);
}

/* --- what is told of all this */

static void add_alarm(void *context, const struct alert *alert)
{
    if (alert->alarm)
        json_array_append_new(context, json_string(alert->text));
}

json_t *watch_alarms(struct director *director)
{
    json_t *list = json_array();
    refresh(director);
    alerts_walk(director->watch->alerts, add_alarm, list);
    return list;
}

static void count_one(void *context, const struct alert *alert)
{
    ((size_t *)context)[alert->severity]++;
}

json_t *watch_counts(const struct director *director)
{
    size_t counts[ALERT_CRITICAL + 1] = {0};
    alerts_walk(director->watch->alerts, count_one, counts);
    return json_pack("{s:I, s:I, s:I}", "critical", (json_int_t)counts[ALERT_CRITICAL], "warning", (json_int_t)counts[ALERT_WARNING],
                     "info", (json_int_t)counts[ALERT_INFO]);
}

static void add_alert(void *context, const struct alert *alert)
{
    const uint64_t now_ms = clock_ms();
    json_t *text = json_string(alert->text);
    json_array_append_new(context, json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:b, s:I}", "event", alert_kind_text(alert->kind), "severity",
                                             alert_severity_text(alert->severity), "target", alert->target, "text",
                                             text ? text : json_string("(not UTF-8)"), "since_s", (json_int_t)(alert->since_wall_ms / 1000),
                                             "age_ms", (json_int_t)(now_ms - alert->since_ms), "alarm", (int)alert->alarm, "flaps",
                                             (json_int_t)alert->flaps));
}

json_t *watch_alerts(struct director *director)
{
    json_t *list = json_array();
    refresh(director);
    alerts_walk(director->watch->alerts, add_alert, list);
    return list;
}

static json_t *hook_json(const struct hook_config *hook, const struct hook_state *state)
{
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:s}", "name", hook->name, hook->url ? "url" : "command",
                               hook->url ? hook->url : hook->command[0], "waiting", (json_int_t)state->waiting, "sent",
                               (json_int_t)state->sent, "failed", (json_int_t)state->failed, "retried", (json_int_t)state->retried,
                               "dropped", (json_int_t)state->dropped, "failing", (int)state->failing, "error", "");
    json_t *why = json_string(state->why);
    json_object_set_new(object, "error", why ? why : json_string("(not UTF-8)"));
    json_object_set_new(object, "ended_age_ms", state->ended_ms ? json_integer((json_int_t)(clock_ms() - state->ended_ms)) : json_null());
    return object;
}

json_t *watch_hooks(const struct director *director)
{
    const struct watch *watch = director->watch;
    json_t *list = json_array();
    for (size_t i = 0; i < watch->config->hook_count; i++) {
        struct hook_state state;
        hooks_state(watch->hooks, i, &state);
        json_array_append_new(list, hook_json(&watch->config->hooks[i], &state));
    }
    return list;
}
