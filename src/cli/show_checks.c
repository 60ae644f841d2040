#include "base/memory.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/text_list.h"

#include <stdlib.h>
#include <string.h>

/* "site london" or "service sip.example.com. from london". To be freed. */
static char *depend_text(const json_t *depend)
{
    const char *takes = text_of(depend, "takes"), *site = text_of(depend, "site");
    if (strcmp(takes, "site") == 0)
        return mem_format("site %s", site);
    return mem_format("%s %s from %s", takes, text_of(depend, takes), site);
}

static void add_takes(struct table *table, const json_t *depends)
{
    size_t i;
    json_t *depend;
    char *all = mem_text("");
    json_array_foreach(depends, i, depend) all = text_list_add(all, ", ", depend_text(depend));
    table_add(table, *all ? all : "nothing");
    free(all);
}

void show_checks(const json_t *reply)
{
    struct table table;
    table_init(&table, (const char *const[]){"CHECK", "VERDICT", "FOR", "REASON", "PROBE", "AT", "TAKES", NULL});
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(reply, "checks"), i, check)
    {
        char *age = age_text(number_of(check, "age_ms")), *reason = reason_text_of(check);
        table_add(&table, text_of(check, "name"));
        table_addf(&table, "%s%s", text_of(check, "verdict"), json_is_true(json_object_get(check, "doubt")) ? " (in doubt)" : "");
        table_add(&table, age);
        table_add(&table, reason);
        table_add(&table, text_of(check, "probe"));
        table_add(&table, text_of(check, "address"));
        add_takes(&table, json_object_get(check, "depends"));
        free(age);
        free(reason);
    }
    table_print(&table);
}
