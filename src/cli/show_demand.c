#include "cli/show.h"

#include "base/memory.h"
#include "cli/table.h"
#include "cli/text_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void add_rate(struct table *table, const json_t *of, bool measured)
{
    if (measured)
        table_addf(table, "%.1f/s", real_of(of, "rate"));
    else
        table_add(table, "");
    table_addf(table, "%.1f %%", real_of(of, "share") * 100);
}

static void show_rates(const json_t *demand, const char *list, const char *key, const char *heading, bool measured)
{
    struct table table;
    size_t i;
    json_t *of;
    table_init(&table, (const char *const[]){heading, "ANSWERS", "SHARE", NULL});
    json_array_foreach(json_object_get(demand, list), i, of)
    {
        table_add(&table, text_of(of, key));
        add_rate(&table, of, measured);
    }
    table_print(&table);
}

static void add_place(struct table *table, const json_t *flow)
{
    if (json_object_get(flow, "latitude"))
        table_addf(table, "%.1f,%.1f", real_of(flow, "latitude"), real_of(flow, "longitude"));
    else
        table_add(table, "-");
}

static void add_sites(struct table *table, const json_t *flow)
{
    char *text = mem_text("");
    size_t i;
    json_t *site;
    json_array_foreach(json_object_get(flow, "sites"), i, site) text = text_list_add(text, ",", mem_text(json_string_value(site)));
    table_add(table, text);
    free(text);
}

static void show_flows(const json_t *demand, bool measured)
{
    struct table table;
    size_t i;
    json_t *flow;
    table_init(&table, (const char *const[]){"SERVICE", "CLIENTS AT", "SITES", "SECOND FARTHER BY", "ANSWERS", "SHARE", NULL});
    json_array_foreach(json_object_get(demand, "flows"), i, flow)
    {
        table_add(&table, text_of(flow, "service"));
        add_place(&table, flow);
        add_sites(&table, flow);
        table_addf(&table, "%lld km", number_of(flow, "farther_km"));
        add_rate(&table, flow, measured);
    }
    table_print(&table);
}

static void show_networks(const json_t *demand)
{
    struct table table;
    size_t i;
    json_t *network;
    if (json_array_size(json_object_get(demand, "networks")) == 0)
        return;
    puts("");
    table_init(&table, (const char *const[]){"NETWORK", "ANSWERS", "SHARE", "SPREAD", NULL});
    json_array_foreach(json_object_get(demand, "networks"), i, network)
    {
        table_add(&table, text_of(network, "network"));
        add_rate(&table, network, true);
        table_add(&table, json_is_true(json_object_get(network, "lottery")) ? "by lottery" : "");
    }
    table_print(&table);
}

void show_demand(const json_t *reply)
{
    const json_t *demand = json_object_get(reply, "demand");
    const bool measured = json_is_true(json_object_get(demand, "measured"));
    if (measured)
        printf("%.1f answers a second, smoothed over %lld s, from one in %lld\n\n", real_of(demand, "rate"),
               number_of(demand, "half_life_s"), number_of(demand, "counted_one_in"));
    else
        puts("nothing counted yet: shares are those of addresses\n");
    show_rates(demand, "services", "service", "SERVICE", measured);
    puts("");
    show_rates(demand, "sites", "site", "NEAREST SITE", measured);
    puts("");
    show_flows(demand, measured);
    show_networks(demand);
}
