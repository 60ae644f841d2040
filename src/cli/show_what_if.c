#include "cli/show.h"
#include "cli/table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* "412 of 500, 82 %" */
static void add_load(struct table *table, const json_t *load)
{
    if (json_object_get(load, "capacity"))
        table_addf(table, "%.0f of %.0f, %.0f %%", real_of(load, "calls"), real_of(load, "capacity"), real_of(load, "percent"));
    else
        table_addf(table, "%.0f", real_of(load, "calls"));
}

static void add_measured(struct table *table, const json_t *now)
{
    if (json_object_get(now, "measured_calls"))
        table_addf(table, "%.0f", real_of(now, "measured_calls"));
    else
        table_add(table, "");
}

static void show_loads(const json_t *told)
{
    struct table table;
    table_init(&table, (const char *const[]){"SITE", "MEASURED", "NOW", "THEN", "TARGET", "MAX", "LEVEL", "WHAT IF", NULL});
    size_t i;
    json_t *site;
    json_array_foreach(json_object_get(told, "sites"), i, site)
    {
        const json_t *then = json_object_get(site, "then");
        const char *level = text_of(then, "level");
        table_add(&table, text_of(site, "site"));
        add_measured(&table, json_object_get(site, "now"));
        add_load(&table, json_object_get(site, "now"));
        add_load(&table, then);
        table_addf(&table, "%lld %%", number_of(site, "target_percent"));
        table_addf(&table, "%lld %%", number_of(site, "max_percent"));
        table_add(&table, strcmp(level, "room") == 0 ? "" : strcmp(level, "unknown") == 0 ? "capacity not known" : level);
        table_add(&table, json_is_true(json_object_get(site, "supposed")) ? text_of(told, "what") : "");
    }
    table_print(&table);
}

static void show_passages(const json_t *told)
{
    const json_t *moves = json_object_get(told, "moves");
    if (!json_array_size(moves))
        return;
    struct table table;
    table_init(&table, (const char *const[]){"FROM", "TO", "CALLS", "SHARE", NULL});
    size_t i;
    json_t *move;
    json_array_foreach(moves, i, move)
    {
        table_add(&table, text_of(move, "from"));
        table_add(&table, text_of(move, "to"));
        table_addf(&table, "%.0f", real_of(move, "calls"));
        table_addf(&table, "%.2f %%", real_of(move, "percent"));
    }
    putchar('\n');
    table_print(&table);
}

static void show_basis(const json_t *told)
{
    const bool by_demand = strcmp(text_of(told, "weighed_by"), "demand") == 0;
    const char *by = text_of(told, "calls_by");
    printf("callers     %.0f calls at a time (%s), spread as %s\n", real_of(told, "calls"),
           strcmp(by, "given") == 0      ? "as given"
           : strcmp(by, "measured") == 0 ? "as load and demand are measured"
           : strcmp(by, "shares") == 0   ? "shares of a hundred: no site says what it can take"
                                         : "as many as all sites want together: their targets",
           by_demand ? "demand is measured" : "addresses are: no demand has been measured");
}

void show_what_if(const json_t *reply)
{
    const json_t *told = json_object_get(reply, "what_if");
    show_basis(told);
    printf("moved       %.0f calls, %.2f %%", real_of(told, "moved_calls"), real_of(told, "moved_percent"));
    if (real_of(told, "moved_calls") > 0)
        printf("; on the mean %.0f km %s, 99 %% of them by at most %.0f km", fabs(real_of(told, "farther_km")),
               real_of(told, "farther_km") < 0 ? "nearer" : "farther", real_of(told, "farther_p99_km"));
    fputs("\n\n", stdout);
    show_loads(told);
    show_passages(told);
    putchar('\n');
    if (real_of(told, "calls_without_site") >= 0.5)
        printf("It does not hold: %.0f calls would find no site.\n", real_of(told, "calls_without_site"));
    else if (number_of(told, "sites_past_max"))
        printf("It does not hold: sites past their max: %lld, by %.0f calls together.\n", number_of(told, "sites_past_max"),
               real_of(told, "calls_past_max"));
    else if (number_of(told, "sites_past_target"))
        printf("It holds; sites past their target: %lld, by %.0f calls together.\n", number_of(told, "sites_past_target"),
               real_of(told, "calls_past_target"));
    else
        puts("It holds: nobody is past the target.");
}

/* One row a site, the worst first. */
void show_each(const json_t *reply)
{
    const json_t *list = json_object_get(reply, "each");
    struct table table;
    table_init(&table, (const char *const[]){"WITHOUT", "HOLDS", "PAST MAX", "BY", "PAST TARGET", "BY", "FULLEST", "MOVED", "FARTHER",
                                             "99 %", NULL});
    size_t i, failing = 0;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        const bool holds = json_is_true(json_object_get(one, "holds"));
        failing += !holds;
        table_add(&table, text_of(one, "site"));
        table_add(&table, holds ? "yes" : "NO");
        table_addf(&table, "%lld", number_of(one, "sites_past_max"));
        table_addf(&table, "%.0f calls", real_of(one, "calls_past_max"));
        table_addf(&table, "%lld", number_of(one, "sites_past_target"));
        table_addf(&table, "%.0f calls", real_of(one, "calls_past_target"));
        table_addf(&table, "%s, %.0f %%", text_of(one, "fullest"), real_of(one, "fullest_percent"));
        table_addf(&table, "%.2f %%", real_of(one, "moved_percent"));
        table_addf(&table, "%.0f km", real_of(one, "farther_km"));
        table_addf(&table, "%.0f km", real_of(one, "farther_p99_km"));
    }
    show_basis(reply);
    putchar('\n');
    table_print(&table);
    putchar('\n');
    if (failing)
        printf("N+1 does not hold: sites without which the rest would be past its max: %zu.\n", failing);
    else
        printf("N+1 holds: the rest can take the calls of any one of %zu sites.\n", i);
}
