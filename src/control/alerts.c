#include "control/alerts.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, FORGOTTEN_MS = 24 * 3600 * 1000 + 1000 /* longer than any quiet */ };

/* How long it must last, and be over, so that what stands at a border does not come and go. */
static const struct delay {
    unsigned raise_ms, clear_ms;
} delays[ALERT_KINDS] = {[ALERT_PAST_TARGET] = {30000, 60000}, [ALERT_PAST_MAX] = {5000, 60000}, [ALERT_OVERLOAD] = {0, 10000}};

struct alerts {
    struct alert *buckets[BUCKETS];
    size_t count;
    uint64_t pass, order, now_ms;
    int64_t wall_ms;
};

struct alerts *alerts_new(void)
{
    return mem_new(1, sizeof(struct alerts));
}

static void free_alert(struct alert *alert)
{
    free(alert->target);
    free(alert->text);
    free(alert);
}

void alerts_free(struct alerts *alerts)
{
    for (size_t i = 0; alerts && i < BUCKETS; i++)
        for (struct alert *at = alerts->buckets[i], *next; at; at = next) {
            next = at->next;
            free_alert(at);
        }
    free(alerts);
}

void alerts_begin(struct alerts *alerts, uint64_t now_ms, int64_t wall_ms)
{
    alerts->pass++;
    alerts->order = 0;
    alerts->now_ms = now_ms;
    alerts->wall_ms = wall_ms;
}

static struct alert **find(struct alerts *alerts, enum alert_kind kind, const char *target)
{
    struct alert **link = &alerts->buckets[hash_bytes(target, strlen(target), kind) % BUCKETS];
    while (*link && ((*link)->kind != kind || strcmp((*link)->target, target) != 0))
        link = &(*link)->next;
    return link;
}

static struct alert *add(struct alerts *alerts, struct alert **link, enum alert_kind kind, const char *target)
{
    if (alerts->count >= ALERTS_MOST)
        return NULL;
    struct alert *alert = mem_new(1, sizeof *alert);
    *alert = (struct alert){.kind = kind, .target = mem_text(target), .text = mem_text("")};
    *link = alert;
    alerts->count++;
    return alert;
}

struct alert *alerts_tell(struct alerts *alerts, enum alert_kind kind, const char *target, enum alert_severity severity)
{
    struct alert **link = find(alerts, kind, target), *alert = *link ? *link : add(alerts, link, kind, target);
    if (!alert)
        return NULL;
    if (!alert->raised && (alert->seen_ms == 0 || alert->pass + 1 < alerts->pass)) { /* it begins */
        alert->since_ms = alerts->now_ms;
        alert->since_wall_ms = alerts->wall_ms;
        free(alert->text);
        alert->text = mem_text("");
    }
    alert->severity = severity;
    alert->pass = alerts->pass;
    alert->order = alerts->order++;
    alert->seen_ms = alerts->now_ms;
    return alert;
}

void alert_say(struct alert *alert, const char *format, ...)
{
    char text[ALERT_TEXT];
    va_list args;
    if (!alert)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strcmp(text, alert->text) == 0)
        return;
    free(alert->text);
    alert->text = mem_text(text);
}

/* True: it is raised, or over, from now on. */
static bool turn(const struct alerts *alerts, struct alert *alert)
{
    const struct delay *delay = &delays[alert->kind];
    const bool here = alert->pass == alerts->pass;
    if (here && !alert->raised && alerts->now_ms - alert->since_ms >= delay->raise_ms) {
        alert->raised = true;
        alert->flaps++;
        return true;
    }
    if (here || !alert->raised || alerts->now_ms - alert->seen_ms < delay->clear_ms)
        return false;
    alert->raised = false;
    alert->since_ms = alerts->now_ms;
    alert->since_wall_ms = alerts->wall_ms;
    return true;
}

static bool is_forgotten(const struct alerts *alerts, const struct alert *alert)
{
    bool known = alert->raised || alert->pass == alerts->pass;
    for (size_t i = 0; i < HOOKS_MAX; i++)
        known |= alert->told[i].raised || (alert->told[i].raised_ms && alerts->now_ms - alert->told[i].raised_ms < FORGOTTEN_MS);
    return !known;
}

void alerts_end(struct alerts *alerts, alert_fn *on_change, void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct alert **link = &alerts->buckets[i], *at; (at = *link);) {
            if (turn(alerts, at))
                on_change(context, at);
            if (!is_forgotten(alerts, at)) {
                link = &at->next;
                continue;
            }
            *link = at->next;
            alerts->count--;
            free_alert(at);
        }
}

static int by_order(const void *a, const void *b)
{
    const struct alert *left = *(struct alert *const *)a, *right = *(struct alert *const *)b;
    const bool left_old = left->pass < right->pass, right_old = right->pass < left->pass; /* over soon: behind the others */
    return left_old || right_old ? left_old - right_old : (left->order > right->order) - (left->order < right->order);
}

void alerts_walk(const struct alerts *alerts, alert_fn *fn, void *context)
{
    const struct alert **all = mem_new(alerts->count + 1, sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct alert *at = alerts->buckets[i]; at; at = at->next)
            if (at->raised)
                all[count++] = at;
    qsort(all, count, sizeof *all, by_order);
    for (size_t i = 0; i < count; i++)
        fn(context, all[i]);
    free(all);
}

static void add_one(void *context, const struct alert *alert)
{
    (void)alert;
    ++*(size_t *)context;
}

size_t alerts_count(const struct alerts *alerts)
{
    size_t count = 0;
    alerts_walk(alerts, add_one, &count);
    return count;
}

bool hook_wants(const struct hook_config *hook, enum alert_kind kind, enum alert_severity severity)
{
    bool wanted = hook->on_count == 0;
    for (size_t i = 0; i < hook->on_count; i++)
        wanted |= hook->on[i] == kind;
    return wanted && severity >= hook->severity;
}

static bool is_due(const struct told *told, const struct alert *alert, const struct hook_config *of, uint64_t now_ms)
{
    const uint64_t age_ms = now_ms - told->raised_ms;
    if (told->raised)
        return !alert->raised || (of->repeat_s && age_ms >= (uint64_t)of->repeat_s * 1000);
    return alert->raised && hook_wants(of, alert->kind, alert->severity) && (!told->raised_ms || age_ms >= (uint64_t)of->quiet_s * 1000);
}

void alerts_due(struct alerts *alerts, size_t hook, const struct hook_config *of, uint64_t now_ms, alert_fn *fn, void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct alert *at = alerts->buckets[i]; at; at = at->next) {
            struct told *told = &at->told[hook];
            if (!is_due(told, at, of, now_ms))
                continue;
            fn(context, at);
            told->raised = at->raised;
            if (at->raised)
                told->raised_ms = now_ms;
        }
}

void alerts_renumber(struct alerts *alerts, const size_t from[HOOKS_MAX])
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct alert *at = alerts->buckets[i]; at; at = at->next) {
            struct told before[HOOKS_MAX];
            memcpy(before, at->told, sizeof before);
            for (size_t h = 0; h < HOOKS_MAX; h++)
                at->told[h] = from[h] < HOOKS_MAX ? before[from[h]] : (struct told){0};
        }
}
