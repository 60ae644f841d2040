#include "base/memory.h"
#include "cli/keys.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/text_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const roles[] = {"CSK", "KSK", "ZSK"};
static const char *const states[] = {"not yet published",
                                     "signs, not yet published",
                                     "published, does not sign yet",
                                     "published, signs",
                                     "published, signs no more",
                                     "signs, no longer published",
                                     "removed"};

const char *time_text(int64_t time_s, char out[TIME_TEXT])
{
    const time_t time = (time_t)time_s;
    struct tm tm;
    if (gmtime_r(&time, &tm) == NULL || strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(out, TIME_TEXT, "%lld", (long long)time_s);
    return out;
}

static void tell(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(json_t *list, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    json_array_append_new(list, json_string(text));
    free(text);
}

/* What the key's next event is; several at one moment are one. */
static json_t *next_of(const struct key *key, int64_t now_s)
{
    static const char *const words[KEY_TIMES] = {
        [KEY_PUBLISH] = "is published", [KEY_ACTIVATE] = "begins to sign",   [KEY_INACTIVE] = "signs no more",
        [KEY_DELETE] = "is removed",    [KEY_SYNC_PUBLISH] = "CDS names it", [KEY_SYNC_DELETE] = "CDS names it no more"};
    const int64_t next_s = key_next_event(key, now_s);
    if (next_s == KEY_NEVER)
        return json_null();
    char *what = mem_text(""), at[TIME_TEXT];
    for (unsigned i = KEY_PUBLISH; i < KEY_TIMES; i++) {
        if (key->times[i] == next_s && words[i])
            what = text_list_add(what, ", ", mem_text(words[i]));
    }
    json_t *next = json_pack("{s:s, s:I, s:s}", "at", time_text(next_s, at), "at_s", (json_int_t)next_s, "what", what);
    free(what);
    return next;
}

static json_t *times_of(const struct key *key)
{
    json_t *times = json_object();
    for (unsigned i = 0; i < KEY_TIMES; i++)
        if (key->times[i] != KEY_NEVER)
            json_object_set_new(times, key_time_name(i), json_integer((json_int_t)key->times[i]));
    return times;
}

static json_t *key_of(const struct zone_keys *zone, size_t number)
{
    const struct key *key = &zone->keys.items[number];
    const bool synced = key_synced(key, zone->now_s) && zone->zone->dnssec.cds == SYNC_KEYS;
    return json_pack("{s:i, s:s, s:s, s:s, s:b, s:o, s:o, s:s}", "tag", key->tag, "role",
                     roles[key_role_of(&zone->keys, number, zone->now_s)], "algorithm", key->algorithm->name, "state",
                     states[key_state_of(key, zone->now_s)], "cds", synced, "next", next_of(key, zone->now_s), "times", times_of(key),
                     "file", zone->keys.paths[number]);
}

/* The parent's part: the DS of this key. */
static void tell_of_parent(const struct zone_keys *zone, const struct key *key, bool waiting, json_t *todo)
{
    char at[TIME_TEXT];
    const int64_t sync_s = key->times[KEY_SYNC_PUBLISH];
    if (rollover_waits(key) && key->times[KEY_SYNC_DELETE] > zone->now_s)
        tell(todo, "leave the DS of key %u at the parent until %s; then its successor's takes its place", key->tag,
             time_text(key->times[KEY_SYNC_DELETE], at));
    else if (rollover_waits(key))
        tell(todo,
             "the parent must now have the successor's DS in the place of that of key %u (sipsteer keys %s ds); when all its servers "
             "show it: sipsteer keys %s ds-seen",
             key->tag, zone->zone->name, zone->zone->name);
    else if (!waiting && sync_s != KEY_NEVER && sync_s > zone->now_s)
        tell(todo, "from %s on the parent may have the DS of key %u (sipsteer keys %s ds)", time_text(sync_s, at), key->tag,
             zone->zone->name);
    else if (!waiting && key_synced(key, zone->now_s))
        tell(todo, "the parent's DS must be that of key %u (sipsteer keys %s ds)", key->tag, zone->zone->name);
}

static json_t *todo_of(const struct zone_keys *zone)
{
    json_t *todo = json_array();
    bool waiting = false;
    for (size_t i = 0; i < zone->keys.count; i++)
        waiting |= rollover_waits(&zone->keys.items[i]);
    if (zone->zone->dnssec.cds == SYNC_DELETE)
        tell(todo, "CDS asks the parent to remove all DS (cds = \"delete\")");
    for (size_t i = 0; i < zone->keys.count; i++) {
        const struct key *key = &zone->keys.items[i];
        if (key_state_of(key, zone->now_s) == STATE_REMOVED)
            tell(todo, "key %u is removed: its files may go", key->tag);
        else if (zone->zone->dnssec.cds == SYNC_KEYS)
            tell_of_parent(zone, key, waiting, todo);
    }
    return todo;
}

static json_t *warnings_of(const struct zone_keys *zone)
{
    json_t *warnings = json_array();
    char at[TIME_TEXT];
    const int64_t gap_s = rollover_gap_s(&zone->keys, zone->now_s);
    if (zone->keys.count == 0)
        tell(warnings, "there is no key: sipsteer keys %s generate", zone->zone->name);
    else if (gap_s <= zone->now_s)
        tell(warnings, "no key is published and signs now: the zone cannot be signed");
    else if (gap_s != KEY_NEVER)
        tell(warnings,
             "from %s on no key is published and signs, for the last one has no successor: the zone goes bogus when its signatures end",
             time_text(gap_s, at));
    for (size_t i = 0; i < zone->keys.count; i++)
        if (zone->keys.items[i].times[KEY_CREATED] != KEY_NEVER && zone->keys.items[i].times[KEY_CREATED] > zone->now_s)
            tell(warnings, "key %u was made in the future: the clock is wrong", zone->keys.items[i].tag);
    return warnings;
}

json_t *keys_describe(const struct zone_keys *zone)
{
    char now[TIME_TEXT];
    json_t *keys = json_array();
    for (size_t i = 0; i < zone->keys.count; i++)
        json_array_append_new(keys, key_of(zone, i));
    return json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:o}", "ok", true, "zone", zone->zone->name, "folder", zone->zone->dnssec.keys, "now",
                     time_text(zone->now_s, now), "keys", keys, "todo", todo_of(zone), "warnings", warnings_of(zone));
}

static void show_lines(const json_t *lines, const char *head)
{
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line) printf("%s%s\n", head, json_string_value(line));
}

void keys_show(const json_t *description)
{
    struct table table;
    size_t i;
    json_t *key;
    const json_t *keys = json_object_get(description, "keys");
    printf("%s: keys in %s, at %s\n", text_of(description, "zone"), text_of(description, "folder"), text_of(description, "now"));
    table_init(&table, (const char *const[]){"KEY", "ROLE", "ALGORITHM", "STATE", "CDS", "NEXT", NULL});
    json_array_foreach(keys, i, key)
    {
        const json_t *next = json_object_get(key, "next");
        table_addf(&table, "%lld", number_of(key, "tag"));
        table_add(&table, text_of(key, "role"));
        table_add(&table, text_of(key, "algorithm"));
        table_add(&table, text_of(key, "state"));
        table_add(&table, json_is_true(json_object_get(key, "cds")) ? "yes" : "");
        table_addf(&table, "%s%s%s", text_of(next, "at"), json_is_object(next) ? " " : "", text_of(next, "what"));
    }
    if (json_array_size(keys) > 0)
        table_print(&table);
    show_lines(json_object_get(description, "todo"), "- ");
    show_lines(json_object_get(description, "warnings"), "WARNING: ");
}
