#include "control/journal.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "control/flood.h"

#include <stdlib.h>

enum { LISTENERS_MAX = 8 };
static const uint64_t ID_MOST = (uint64_t)1 << 52; /* far from where JSON's numbers lose their last digit (2^53): of the year 2112 */

struct listener {
    journal_fn *fn;
    void *context;
};

struct journal {
    json_t *events[JOURNAL_KEPT]; /* a ring: the next one goes to made % JOURNAL_KEPT */
    uint64_t made;
    uint64_t last_id;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct flood flood; /* of verdicts */
};

const char *event_kind_text(enum event_kind kind)
{
    static const char *const texts[EVENT_KINDS] = {
        [EVENT_START] = "start", [EVENT_STOP] = "stop",   [EVENT_ORDER] = "order",     [EVENT_ENDED] = "ended", [EVENT_RELOAD] = "reload",
        [EVENT_GEO] = "geo",     [EVENT_ZONE] = "zone",   [EVENT_VERDICT] = "verdict", [EVENT_SITE] = "site",   [EVENT_LOAD] = "load",
        [EVENT_ALARM] = "alarm", [EVENT_LOGIN] = "login", [EVENT_DRILL] = "drill"};
    return texts[kind];
}

/* Numbers begin at the wall clock's microseconds: so they grow over restarts, without a file to keep them. */
struct journal *journal_new(void)
{
    struct journal *journal = mem_new(1, sizeof *journal);
    *journal = (struct journal){.last_id = (uint64_t)clock_wall_ms() * 1000};
    return journal;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    for (size_t i = 0; i < JOURNAL_KEPT; i++)
        json_decref(journal->events[i]);
    free(journal);
}

void journal_listen(struct journal *journal, journal_fn *fn, void *context)
{
    invariant(journal->listener_count < LISTENERS_MAX);
    journal->listeners[journal->listener_count++] = (struct listener){fn, context};
}

void journal_unlisten(struct journal *journal, const void *context)
{
    for (size_t i = 0; i < journal->listener_count; i++)
        if (journal->listeners[i].context == context)
            journal->listeners[i--] = journal->listeners[--journal->listener_count];
}

void journal_go_on(struct journal *journal, uint64_t id)
{
    if (id > journal->last_id && id < ID_MOST)
        journal->last_id = id;
}

uint64_t journal_last(const struct journal *journal)
{
    return journal->last_id;
}

static void add_text(json_t *object, const char *key, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, key, json_string(text));
}

static void add_value(json_t *object, const char *key, json_t *value)
{
    if (value)
        json_object_set_new(object, key, value);
}

static json_t *event_json(const struct event *event, uint64_t id)
{
    json_t *object = json_pack("{s:I, s:I, s:s, s:s}", "id", (json_int_t)id, "at_ms", (json_int_t)clock_wall_ms(), "kind",
                               event_kind_text(event->kind), "what", event->what);
    invariant(object);
    add_text(object, "target", event->target);
    add_text(object, "who", event->who);
    add_text(object, "from", event->from);
    add_text(object, "why", event->why);
    add_value(object, "before", event->before);
    add_value(object, "after", event->after);
    return object;
}

uint64_t journal_note(struct journal *journal, const struct event *event)
{
    json_t *object = event_json(event, ++journal->last_id);
    json_t **slot = &journal->events[journal->made++ % JOURNAL_KEPT];
    json_decref(*slot);
    *slot = object;
    for (size_t i = 0; i < journal->listener_count; i++)
        journal->listeners[i].fn(journal->listeners[i].context, object);
    return journal->last_id;
}

void journal_note_many(struct journal *journal, const struct event *event)
{
    if (flood_take(&journal->flood, clock_ms())) {
        journal_note(journal, event);
        return;
    }
    json_decref(event->before);
    json_decref(event->after);
}

void journal_untold(struct journal *journal, size_t count)
{
    flood_add(&journal->flood, count, clock_ms());
}

void journal_pass(struct journal *journal, uint64_t now_ms)
{
    const size_t untold = flood_sum(&journal->flood, now_ms);
    if (!untold)
        return;
    char *what = mem_format("%zu changes more", untold);
    journal_note(journal, &(struct event){.kind = EVENT_VERDICT, .what = what, .why = "too many to be told one by one"});
    free(what);
}

json_t *journal_since(const struct journal *journal, uint64_t id, size_t most)
{
    const uint64_t kept = journal->made < JOURNAL_KEPT ? journal->made : JOURNAL_KEPT;
    uint64_t wanted = id < journal->last_id ? journal->last_id - id : 0;
    if (wanted > kept)
        wanted = kept;
    if (wanted > most)
        wanted = most;
    json_t *list = json_array();
    for (uint64_t i = journal->made - wanted; i < journal->made; i++)
        json_array_append(list, journal->events[i % JOURNAL_KEPT]);
    return list;
}
