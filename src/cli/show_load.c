/* How full everything is, for people. */
#include "cli/show.h"

#include "base/memory.h"
#include "cli/table.h"
#include "cli/text_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *percent_text(const json_t *ratio)
{
    return json_is_number(ratio) ? mem_format("%.0f%%", json_number_value(ratio) * 100) : mem_text("");
}

char *amount_text(const json_t *amount)
{
    return json_is_number(amount) ? mem_format("%.6g", json_number_value(amount)) : mem_text("");
}

static void add(struct table *table, char *text)
{
    table_add(table, text);
    free(text);
}

/* "dialogs 12 calls, 2s old" or "invites: HTTP status 401". */
static char *source_text(const json_t *source)
{
    const char *error = text_of(source, "error"), *state = text_of(source, "state");
    if (!json_is_number(json_object_get(source, "value")))
        return mem_format("%s: %s", text_of(source, "name"), *error ? error : state);
    char *value = amount_text(json_object_get(source, "value")), *age = age_text(number_of(source, "age_ms"));
    char *text = mem_format("%s: %s %s, %s old%s%s%s%s", text_of(source, "name"), value, text_of(source, "unit"), age,
                            strcmp(state, "fresh") == 0 ? "" : ", ", strcmp(state, "fresh") == 0 ? "" : state, *error ? ", " : "", error);
    free(value);
    free(age);
    return text;
}

static char *sources_text(const json_t *sources)
{
    size_t i;
    json_t *source;
    char *all = mem_text("");
    json_array_foreach(sources, i, source) all = text_list_add(all, "; ", source_text(source));
    return all;
}

/* 0: not said. */
static char *capacity_text(const json_t *gauge, const char *key)
{
    return number_of(gauge, key) ? mem_format("%lld", number_of(gauge, key)) : mem_text("");
}

static void add_gauge(struct table *table, char *name, const json_t *gauge)
{
    add(table, name);
    add(table, amount_text(json_object_get(gauge, "calls")));
    add(table, capacity_text(gauge, "capacity"));
    add(table, amount_text(json_object_get(gauge, "cps")));
    add(table, capacity_text(gauge, "capacity_cps"));
    add(table, json_is_null(json_object_get(gauge, "ratio")) ? mem_text("unknown") : percent_text(json_object_get(gauge, "ratio")));
    add(table, percent_text(json_object_get(gauge, "target")));
    add(table, percent_text(json_object_get(gauge, "max")));
    add(table, json_is_integer(json_object_get(gauge, "age_ms")) ? age_text(number_of(gauge, "age_ms")) : mem_text(""));
    add(table, json_is_null(json_object_get(gauge, "ratio")) ? mem_text("") : percent_text(json_object_get(gauge, "trust")));
    add(table, sources_text(json_object_get(gauge, "sources")));
    add(table, order_text_of(json_object_get(gauge, "order")));
}

/* A site, and beneath it those of its endpoints that anything is said of. */
static void add_site(struct table *table, const json_t *site, const json_t *endpoints)
{
    size_t i;
    json_t *endpoint;
    add_gauge(table, mem_text(text_of(site, "site")), site);
    json_array_foreach(endpoints, i, endpoint)
    {
        const bool said = json_array_size(json_object_get(endpoint, "sources")) || number_of(endpoint, "capacity");
        if (said && strcmp(text_of(endpoint, "site"), text_of(site, "site")) == 0)
            add_gauge(table, mem_format("  %s", text_of(endpoint, "host")), endpoint);
    }
}

void show_load(const json_t *reply)
{
    const json_t *load = json_object_get(reply, "load");
    struct table table;
    size_t i;
    json_t *item;
    table_init(&table, (const char *const[]){"WHERE", "CALLS", "OF", "CPS", "OF", "FULL", "TARGET", "MAX", "AGE", "TRUST", "SOURCES",
                                             "ORDER", NULL});
    json_array_foreach(json_object_get(load, "sites"), i, item) add_site(&table, item, json_object_get(load, "endpoints"));
    json_array_foreach(json_object_get(load, "clusters"), i, item)
        add_gauge(&table, mem_format("cluster %s", text_of(item, "cluster")), item);
    table_print(&table);
}

void show_push(const json_t *reply)
{
    printf("%s: taken\n", text_of(reply, "target"));
}
