/* What is wrong now, and how the hooks do. */
#include "cli/show.h"

#include "base/memory.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_list(const json_t *alerts)
{
    size_t i;
    json_t *alert;
    struct table table;
    if (json_array_size(alerts) == 0) {
        puts("no alerts");
        return;
    }
    table_init(&table, (const char *const[]){"SEVERITY", "EVENT", "SINCE", "WHAT", NULL});
    json_array_foreach(alerts, i, alert)
    {
        char *age = age_text(number_of(alert, "age_ms"));
        table_add(&table, text_of(alert, "severity"));
        table_add(&table, text_of(alert, "event"));
        table_addf(&table, "%s ago", age);
        table_add(&table, text_of(alert, "text"));
        free(age);
    }
    table_print(&table);
}

static void add_state(struct table *table, const json_t *hook)
{
    if (json_is_null(json_object_get(hook, "ended_age_ms"))) {
        table_add(table, number_of(hook, "waiting") ? "the first message is on its way" : "nothing sent yet");
        return;
    }
    char *age = age_text(number_of(hook, "ended_age_ms"));
    if (json_is_true(json_object_get(hook, "failing")))
        table_addf(table, "failed %s ago: %s", age, text_of(hook, "error"));
    else
        table_addf(table, "told %s ago", age);
    free(age);
}

void show_alerts(const json_t *reply)
{
    const json_t *hooks = json_object_get(reply, "hooks");
    static const char *const counts[] = {"sent", "waiting", "retried", "failed", "dropped"};
    size_t i;
    json_t *hook;
    show_list(json_object_get(reply, "alerts"));
    if (json_array_size(hooks) == 0)
        return;
    putchar('\n');
    struct table table;
    table_init(&table, (const char *const[]){"HOOK", "SENT", "WAITING", "RETRIED", "FAILED", "DROPPED", "LAST", NULL});
    json_array_foreach(hooks, i, hook)
    {
        table_add(&table, text_of(hook, "name"));
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            table_addf(&table, "%lld", number_of(hook, counts[k]));
        add_state(&table, hook);
    }
    table_print(&table);
}
