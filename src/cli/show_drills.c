#include "cli/show_drills.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/show.h"
#include "cli/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* "12 ms", "1.2 s", "-" for null. To be freed. */
static char *seconds_text(const json_t *ms)
{
    const json_int_t value = json_integer_value(ms);
    if (!json_is_integer(ms))
        return mem_text("-");
    return value == 0 ? mem_text("under 1 ms") : value < 1000 ? mem_format("%d ms", (int)value) : mem_format("%.1f s", (double)value / 1e3);
}

static void add_seconds(struct table *table, const json_t *ms)
{
    char *text = seconds_text(ms);
    table_add(table, text);
    free(text);
}

static void add_age(struct table *table, long long ms)
{
    char *text = age_text(ms);
    table_add(table, text);
    free(text);
}

void show_drills(const json_t *reply)
{
    const json_t *list = json_object_get(reply, "drills");
    if (!json_array_size(list)) {
        puts("no drills");
        return;
    }
    struct table table;
    table_init(&table, (const char *const[]){"DRILL", "SITE", "AGO", "FOR", "RESULT", "PUBLISHED", "ALL MOVED", "PEAK", "BY", "WHY", NULL});
    size_t i;
    json_t *drill;
    json_array_foreach(list, i, drill)
    {
        const json_t *peak = json_object_get(drill, "peak_percent");
        table_add(&table, text_of(drill, "id"));
        table_add(&table, text_of(drill, "site"));
        add_age(&table, clock_wall_ms() - number_of(drill, "since_s") * 1000);
        add_age(&table, number_of(drill, "for_ms"));
        table_add(&table, text_of(drill, "result"));
        add_seconds(&table, json_object_get(drill, "publish_ms"));
        add_seconds(&table, json_object_get(drill, "moved_ms"));
        if (json_is_number(peak))
            table_addf(&table, "%.0f %%", json_number_value(peak));
        else
            table_add(&table, "-");
        table_add(&table, text_of(drill, "who"));
        table_add(&table, *text_of(drill, "why") ? text_of(drill, "why") : text_of(drill, "reason"));
    }
    table_print(&table);
}

/* "met: at most 1.0 s" */
static void print_goal(const json_t *report, const char *name)
{
    const json_t *goal = json_object_get(json_object_get(report, "goals"), name);
    if (!goal) {
        puts("  (not judged)");
        return;
    }
    const char *met = json_is_true(json_object_get(goal, "met")) ? "met" : "MISSED";
    if (json_object_get(goal, "most_ms"))
        printf("  (goal %s: at most %.1f s)\n", met, real_of(goal, "most_ms") / 1e3);
    else if (json_object_get(goal, "most_percent"))
        printf("  (goal %s: at most %lld %%)\n", met, number_of(goal, "most_percent"));
    else
        printf("  (goal %s: at most %lld)\n", met, number_of(goal, "most"));
}

static void print_seconds(const char *label, const json_t *ms)
{
    char *text = seconds_text(ms);
    printf("%s%s", label, text);
    free(text);
}

static void print_times(const json_t *report)
{
    print_seconds("detect      ", json_object_get(report, "detect_ms"));
    puts(json_is_integer(json_object_get(report, "detect_ms"))
             ? ", at worst; reckoned from the probes' settings, for the site did not really fail"
             : ": not all of the site is probed");
    print_seconds("publish     ", json_object_get(report, "publish_ms"));
    printf(" until no answer led to the site; measured");
    print_goal(report, "publish");
    print_seconds("all moved   ", json_object_get(report, "moved_ms"));
    printf(" after a failure, at worst: detected, published, and %lld s that answers are kept", number_of(report, "ttl_s"));
    print_goal(report, "moved");
}

static void print_calls(const json_t *report)
{
    const json_t *calls = json_object_get(report, "calls");
    printf("share       %.1f %% of all callers go to the site, predicted\n", real_of(report, "share_percent"));
    if (!json_is_true(json_object_get(calls, "measured"))) {
        printf("calls       %.0f at the site, predicted: no load is measured there\n", real_of(calls, "at_start"));
        return;
    }
    printf("calls       %.0f at the site when it began, %.0f at last", real_of(calls, "at_start"), real_of(calls, "last"));
    if (json_is_number(json_object_get(calls, "moved_percent")))
        printf(": %.0f %% have left", real_of(calls, "moved_percent"));
    if (json_is_integer(json_object_get(calls, "half_moved_ms")))
        print_seconds("; half within ", json_object_get(calls, "half_moved_ms"));
    if (json_is_integer(json_object_get(calls, "most_moved_ms")))
        print_seconds(", nine of ten within ", json_object_get(calls, "most_moved_ms"));
    putchar('\n');
}

static void print_others(const json_t *report)
{
    const json_t *peak = json_object_get(report, "peak"), *risk = json_object_get(report, "at_risk");
    if (json_is_number(json_object_get(peak, "percent")))
        printf("peak        %s came to %.0f %% of its capacity (predicted: %s %.0f %%)", text_of(peak, "site"), real_of(peak, "percent"),
               text_of(peak, "predicted_site"), real_of(peak, "predicted_percent"));
    else
        printf("peak        %s to %.0f %% of its capacity, predicted: no load of others is measured", text_of(peak, "predicted_site"),
               real_of(peak, "predicted_percent"));
    print_goal(report, "peak");
    const double predicted = real_of(risk, "past_max_predicted"), measured = real_of(risk, "past_max_measured");
    printf("at risk     %.0f calls: %.0f at the site, %.0f past others' max, %.0f without a site", real_of(risk, "calls"),
           real_of(risk, "at_site"), measured > predicted ? measured : predicted, real_of(risk, "without_site"));
    print_goal(report, "calls_at_risk");
}

void show_drill(const json_t *report)
{
    const time_t since = (time_t)number_of(report, "since_s");
    char began[64], *length = age_text(number_of(report, "for_ms"));
    struct tm at;
    strftime(began, sizeof began, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&since, &at));
    printf("drill %s: site %s taken for failed by %s, %s for %s%s%s\n", text_of(report, "id"), text_of(report, "site"),
           text_of(report, "who"), began, length, *text_of(report, "reason") ? ": " : "", text_of(report, "reason"));
    free(length);
    print_times(report);
    print_calls(report);
    print_others(report);
    if (number_of(report, "restarts"))
        printf("restarts    %lld of the daemon meanwhile\n", number_of(report, "restarts"));
    printf("%s%s%s", text_of(report, "result"), *text_of(report, "why") ? ": " : "", text_of(report, "why"));
    if (json_is_integer(json_object_get(report, "lasted_ms")) && strcmp(text_of(report, "result"), "passed") != 0)
        print_seconds(", after ", json_object_get(report, "lasted_ms"));
    putchar('\n');
}

char *drill_progress(const json_t *report)
{
    const json_t *calls = json_object_get(report, "calls"), *peak = json_object_get(report, "peak");
    char *gone = age_text(clock_wall_ms() - number_of(report, "since_s") * 1000), *whole = age_text(number_of(report, "for_ms"));
    char *left = json_is_true(json_object_get(calls, "measured"))
                     ? mem_format(", %.0f of %.0f calls left", real_of(calls, "last"), real_of(calls, "at_start"))
                     : mem_text("");
    char *text = json_is_number(json_object_get(peak, "percent")) ? mem_format("%s of %s%s, fullest so far: %s %.0f %%", gone, whole, left,
                                                                               text_of(peak, "site"), real_of(peak, "percent"))
                                                                  : mem_format("%s of %s%s", gone, whole, left);
    free(gone);
    free(whole);
    free(left);
    return text;
}
