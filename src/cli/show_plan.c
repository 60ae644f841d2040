#include "cli/show.h"
#include "cli/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* A site, or what is instead of one. */
static const char *place_of(const json_t *move, const char *key)
{
    const char *name = json_string_value(json_object_get(move, key));
    return name ? name : "(no site)";
}

static void show_moves(const json_t *plan)
{
    const json_t *moves = json_object_get(plan, "moves");
    if (!json_array_size(moves))
        return;
    struct table table;
    table_init(&table, (const char *const[]){"FROM", "TO", "CLIENTS", NULL});
    size_t i;
    json_t *move;
    json_array_foreach(moves, i, move)
    {
        table_add(&table, place_of(move, "from"));
        table_add(&table, place_of(move, "to"));
        table_addf(&table, "%.2f %%", real_of(move, "percent"));
    }
    putchar('\n');
    table_print(&table);
    if (number_of(plan, "moves_left_out"))
        printf("and %lld smaller ones\n", number_of(plan, "moves_left_out"));
}

static void show_shares(const json_t *plan)
{
    struct table table;
    table_init(&table, (const char *const[]){"SITE", "BEFORE", "AFTER", "CHANGE", NULL});
    size_t i;
    json_t *site;
    json_array_foreach(json_object_get(plan, "sites"), i, site)
    {
        const char *change = text_of(site, "change");
        table_add(&table, text_of(site, "site"));
        table_addf(&table, "%.2f %%", real_of(site, "before_percent"));
        table_addf(&table, "%.2f %%", real_of(site, "after_percent"));
        table_add(&table, strcmp(change, "stays") == 0 ? "" : change);
    }
    putchar('\n');
    table_print(&table);
}

static void show_services_of(const json_t *plan)
{
    const json_t *services = json_object_get(plan, "services");
    struct table table;
    table_init(&table, (const char *const[]){"SERVICE", "CLIENTS", "MOVED", "INSIDE", "FARTHER", "99 %", "WEIGHED BY", "CHANGE", NULL});
    size_t i;
    json_t *service;
    json_array_foreach(services, i, service)
    {
        const char *change = text_of(service, "change");
        const json_t *distance = json_object_get(service, "distance");
        const bool comes = strcmp(change, "comes") == 0;
        table_add(&table, text_of(service, "service"));
        table_addf(&table, comes ? "-" : "%.2f %%", real_of(service, "percent_of_all"));
        table_addf(&table, comes ? "-" : "%.2f %%", real_of(service, "moved_percent"));
        table_addf(&table, comes ? "-" : "%.2f %%", real_of(service, "inside_percent"));
        table_addf(&table, comes ? "-" : "%.0f km", real_of(distance, "moved_farther_km"));
        table_addf(&table, comes ? "-" : "%.0f km", real_of(distance, "moved_farther_p99_km"));
        table_add(&table, comes ? "-" : text_of(service, "weighed_by"));
        table_add(&table, strcmp(change, "stays") == 0 ? "" : change);
    }
    putchar('\n');
    table_print(&table);
}

static void show_distance(const json_t *plan)
{
    const json_t *distance = json_object_get(plan, "distance");
    if (real_of(distance, "known_percent") == 0) {
        puts("distance    not known: no geo data says where the clients are");
        return;
    }
    printf("distance    %.0f km on the mean before, %.0f km after", real_of(distance, "mean_before_km"),
           real_of(distance, "mean_after_km"));
    if (real_of(plan, "moved_percent") > 0)
        printf("; who moves is %.0f km farther away, 99 %% of them by at most %.0f km", real_of(distance, "moved_farther_km"),
               real_of(distance, "moved_farther_p99_km"));
    putchar('\n');
}

void show_plan(const json_t *reply)
{
    const json_t *plan = json_object_get(reply, "plan");
    const bool by_demand = strcmp(text_of(plan, "weighed_by"), "demand") == 0;
    printf("before      %s\nafter       %s\n", text_of(plan, "before"), text_of(plan, "after"));
    printf("clients     weighed by %s\n", by_demand ? "measured demand" : "address space: no demand has been measured");
    printf("moved       %.2f %% of them to another site; %.2f %% to another endpoint inside their site\n", real_of(plan, "moved_percent"),
           real_of(plan, "inside_percent"));
    show_distance(plan);
    show_shares(plan);
    show_moves(plan);
    show_services_of(plan);
}
