/* The reply to `zones` as a table. */
#include "cli/show.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

static const char *state_of(const json_t *zone)
{
    if (json_is_true(json_object_get(zone, "absent")))
        return "not there: SERVFAIL";
    return json_is_true(json_object_get(zone, "signed")) ? "signed" : "served";
}

static void add_origin(struct table *table, const json_t *zone)
{
    const json_t *primary = json_object_get(zone, "primary");
    if (!primary) {
        table_add(table, text_of(zone, "file"));
        return;
    }
    char *age = age_text(number_of(primary, "confirmed_age_ms"));
    const char *problem = text_of(primary, "problem");
    if (*problem)
        table_addf(table, "%s: %s", text_of(primary, "address"), problem);
    else
        table_addf(table, "%s, asked %s ago", text_of(primary, "address"), age);
    free(age);
}

static void add_sent(struct table *table, const json_t *sent)
{
    if (!sent) {
        table_add(table, "");
        return;
    }
    char *age = age_text(clock_wall_ms() - number_of(sent, "since_s") * 1000);
    table_addf(table, "serial %lld to %s %s ago", number_of(sent, "serial"), text_of(sent, "to"), age);
    free(age);
}

/* "2 of 3 know", and what keeps the first of the others. */
static void add_notified(struct table *table, const json_t *notices)
{
    size_t i, answered = 0;
    const json_t *notice, *stuck = NULL;
    json_array_foreach((json_t *)notices, i, notice)
    {
        if (json_is_true(json_object_get(notice, "answered")))
            answered++;
        else if (!stuck)
            stuck = notice;
    }
    if (!notices)
        table_add(table, "");
    else if (stuck)
        table_addf(table, "%zu of %zu; %s: %s", answered, json_array_size(notices), text_of(stuck, "to"),
                   *text_of(stuck, "problem") ? text_of(stuck, "problem") : "asked");
    else
        table_addf(table, "%zu of %zu", answered, json_array_size(notices));
}

void show_zones(const json_t *reply)
{
    struct table table;
    table_init(&table, (const char *const[]){"ZONE", "SERIAL", "STATE", "NAMES", "FROM", "NOTIFIED", "LAST SENT", NULL});
    size_t i;
    json_t *zone;
    json_array_foreach(json_object_get(reply, "zones"), i, zone)
    {
        table_add(&table, text_of(zone, "name"));
        table_addf(&table, "%lld", number_of(zone, "serial"));
        table_add(&table, state_of(zone));
        table_addf(&table, "%lld", number_of(zone, "names"));
        add_origin(&table, zone);
        add_notified(&table, json_object_get(zone, "notify"));
        add_sent(&table, json_object_get(zone, "sent"));
    }
    table_print(&table);
}
