/* What happens, told once: orders, reloads, verdicts, alarms, logins. Each event gets a number; the last ones stay at hand for those who ask what is new,
 * and whoever listens (what is kept on disk, what is sent out) hears of each at once. Thread: the director's. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_KEPT = 2000 };

enum event_kind {
    EVENT_START,
    EVENT_STOP,
    EVENT_ORDER,   /* somebody gave, changed or lifted one */
    EVENT_ENDED,   /* an order has come to its end, or another one has taken its place, or it has begun at its time */
    EVENT_RELOAD,  /* of the configuration; well or not */
    EVENT_GEO,     /* geo data have changed */
    EVENT_ZONE,    /* a zone has come from its primary, has expired, its keys have changed */
    EVENT_VERDICT, /* on an endpoint or a named check */
    EVENT_SITE,    /* a site is lost, or back */
    EVENT_LOAD,    /* a site is past its target or its max, or callers are moved for it */
    EVENT_ALARM,   /* something is wrong with the daemon or what it is fed, or no longer */
    EVENT_LOGIN,   /* over HTTP; also those that failed */
    EVENT_DRILL,
    EVENT_KINDS
};
const char *event_kind_text(enum event_kind kind);

/* Texts may be NULL: they do not apply. */
struct event {
    enum event_kind kind;
    const char *who, *from; /* somebody's doing: their name, and from where they did it */
    const char *target;     /* what it is about: as in orders, a zone, a file */
    const char *what;       /* in a few words: "drain", "up -> down", "reloaded"; never NULL */
    const char *why;        /* the reason that was given, or found */
    json_t *before, *after; /* of what has changed, any JSON; taken */
};

struct journal;
struct journal *journal_new(void);
void journal_free(struct journal *journal);

/* Returns the event's number: larger than any before, also than those before a restart (unless the wall clock was set back); below 2^53. */
uint64_t journal_note(struct journal *journal, const struct event *event);

/* As journal_note(), of what may come in thousands: a burst is told one by one (control/flood.h); the rest is counted, and told in sum. */
void journal_note_many(struct journal *journal, const struct event *event);
/* So many more were not even put into words. */
void journal_untold(struct journal *journal, size_t count);
/* Each second. */
void journal_pass(struct journal *journal, uint64_t now_ms);

/* The next numbers are larger than this one, too. */
void journal_go_on(struct journal *journal, uint64_t id);
/* The number of the newest event, or that after which they begin. */
uint64_t journal_last(const struct journal *journal);

/* Called for each event from now on, within journal_note(). event: "id", "at_ms" (wall clock), "kind", "what", and what else is known of "who", "from",
 * "target", "why", "before", "after"; the listener may keep a reference but must not change it. At most 8 listeners. */
typedef void journal_fn(void *context, const json_t *event);
void journal_listen(struct journal *journal, journal_fn *fn, void *context);
/* Those with this context hear no more. */
void journal_unlisten(struct journal *journal, const void *context);

/* A new array of the events after the one with this number, oldest first; of the newest ones if there are more than most. */
json_t *journal_since(const struct journal *journal, uint64_t id, size_t most);
