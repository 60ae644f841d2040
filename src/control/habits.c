#include "control/habits.h"

#include "control/director.h"

#include "base/clock.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 60000, DAY_S = 86400 };
static const double QUERIES_LEAST = 1 /* a second */, CALLS_LEAST = 20;

void habits_release(struct habits *habits)
{
    for (size_t i = 0; i < habits->site_count; i++)
        free(habits->sites[i].site);
    free(habits->sites);
}

static struct site_habit *find_site(const struct habits *habits, const char *name)
{
    for (size_t i = 0; i < habits->site_count; i++)
        if (strcmp(habits->sites[i].site, name) == 0)
            return &habits->sites[i];
    return NULL;
}

static struct site_habit *site_habit(struct habits *habits, const char *name)
{
    struct site_habit *found = find_site(habits, name);
    if (found)
        return found;
    habits->sites = mem_grow(habits->sites, &habits->site_room, habits->site_count + 1, sizeof *habits->sites);
    habits->sites[habits->site_count] = (struct site_habit){.site = mem_text(name)};
    return &habits->sites[habits->site_count++];
}

unsigned habits_busy_days(const struct habits *habits, const char *site)
{
    const struct site_habit *found = find_site(habits, site);
    return found ? found->busy.days : 0;
}

/* Sites that a reload has taken away. */
static void forget_unseen(struct habits *habits)
{
    size_t kept = 0;
    for (size_t i = 0; i < habits->site_count; i++) {
        if (habits->sites[i].seen)
            habits->sites[kept++] = habits->sites[i];
        else
            free(habits->sites[i].site);
    }
    habits->site_count = kept;
}

static void look_at_sites(struct habits *habits, const struct setup *setup, int64_t wall_s)
{
    const struct config *config = world_config(setup->world);
    for (size_t i = 0; i < habits->site_count; i++)
        habits->sites[i].seen = false;
    for (size_t i = 0; i < config->site_count; i++) {
        const struct utilisation *use = &setup->meters.site_use[i];
        struct site_habit *habit = site_habit(habits, config->sites[i].name);
        habit->seen = true;
        busy_add(&habit->busy, use->trust > 0 ? use->ratio : -1, config->alerts.busy / 100.0, wall_s);
    }
    forget_unseen(habits);
}

/* All calls there are, where each site that tells any tells now. */
static bool all_calls(const struct setup *setup, double *ret_calls)
{
    const size_t count = world_config(setup->world)->site_count;
    bool any = false;
    *ret_calls = 0;
    for (size_t i = 0; i < count; i++) {
        const struct gauge *gauge = &setup->meters.sites[i];
        if (!gauge->counted && (gauge->limits.calls || gauge->count))
            return false;
        any |= gauge->counted;
        *ret_calls += gauge->counted ? gauge->live : 0;
    }
    return any;
}

static uint64_t all_queries(const struct server *server)
{
    const struct server_counters at = server_counters(server);
    return at.udp_queries + at.tcp_queries;
}

static void add(struct habit *habit, double rate, double least, const struct alert_config *config, int64_t wall_s)
{
    const struct usual_bounds bounds = {.drop = config->drop, .spike = config->spike, .least = least};
    habit->state = usual_add(&habit->usual, rate, wall_s, &bounds);
}

/* stat() alone, as everywhere in the loop. */
static void look_at_geo(struct habits *habits, const struct config *config, int64_t wall_s)
{
    habits->old_file[0] = '\0';
    for (size_t i = 0; config->alerts.geo_age_s && i < config->geo.database_count; i++) {
        struct stat of;
        if (stat(config->geo.databases[i], &of) < 0 || wall_s - of.st_mtime <= (int64_t)config->alerts.geo_age_s)
            continue;
        snprintf(habits->old_file, sizeof habits->old_file, "%s", config->geo.databases[i]);
        habits->old_days = (unsigned)((wall_s - of.st_mtime) / DAY_S);
        return;
    }
}

void habits_pass(struct director *director, uint64_t now_ms)
{
    struct habits *habits = &director->habits;
    const struct config *config = world_config(director->setup->world);
    const uint64_t counted = all_queries(director->server), took_ms = now_ms - habits->looked_ms;
    if (!director->serving || (habits->looked_ms && took_ms < LOOK_MS))
        return;
    const int64_t wall_s = clock_wall_s();
    double calls;
    setup_look(director->setup, now_ms);
    look_at_geo(habits, config, wall_s);
    look_at_sites(habits, director->setup, wall_s);
    if (habits->looked_ms) /* else it is the first look */
        add(&habits->queries, (double)(counted - habits->counted) * 1000 / (double)took_ms, QUERIES_LEAST, &config->alerts, wall_s);
    if (all_calls(director->setup, &calls))
        add(&habits->calls, calls, CALLS_LEAST, &config->alerts, wall_s);
    else
        habits->calls.state = UNUSUAL_NOT;
    habits->looked_ms = now_ms;
    habits->counted = counted;
    habits->unsaved = true;
}

/* --- on disk */

static json_t *curve_json(const float *curve, const uint8_t *known, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, known[i] ? json_real((double)curve[i]) : json_null());
    return list;
}

static json_t *usual_json(const struct usual *usual)
{
    return json_pack("{s:o, s:o}", "day", curve_json(usual->day, usual->day_known, USUAL_DAY_SLOTS), "week",
                     curve_json(usual->week, usual->week_known, USUAL_WEEK_SLOTS));
}

char *habits_text(const struct habits *habits)
{
    json_t *sites = json_array();
    for (size_t i = 0; i < habits->site_count; i++) {
        const struct site_habit *at = &habits->sites[i];
        json_array_append_new(sites, json_pack("{s:s, s:I, s:b, s:i}", "site", at->site, "day", (json_int_t)at->busy.day, "today",
                                               (int)at->busy.today, "days", (int)at->busy.days));
    }
    json_t *root = json_pack("{s:i, s:o, s:o, s:o}", "version", 1, "queries", usual_json(&habits->queries.usual), "calls",
                             usual_json(&habits->calls.usual), "busy", sites);
    char *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}

static bool read_curve(const json_t *list, float *curve, uint8_t *known, size_t count)
{
    if (json_array_size(list) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const double value = json_number_value(item);
        if (!json_is_null(item) && (!json_is_number(item) || !(value >= 0 && value < 1e12)))
            return false;
        curve[i] = (float)value;
        known[i] = !json_is_null(item);
    }
    return true;
}

static bool read_usual(const json_t *root, const char *key, struct usual *ret)
{
    const json_t *from = json_object_get(root, key);
    *ret = (struct usual){0};
    return read_curve(json_object_get(from, "day"), ret->day, ret->day_known, USUAL_DAY_SLOTS) &&
           read_curve(json_object_get(from, "week"), ret->week, ret->week_known, USUAL_WEEK_SLOTS);
}

static void read_sites(const json_t *list, struct habits *habits)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "site"));
        const json_int_t days = json_integer_value(json_object_get(item, "days"));
        if (!name || i >= SITES_MAX || days < 0 || days > 100000)
            continue;
        site_habit(habits, name)->busy = (struct busy){.day = json_integer_value(json_object_get(item, "day")),
                                                       .today = json_is_true(json_object_get(item, "today")),
                                                       .days = (unsigned)days};
    }
}

bool habits_read(struct habits *habits, const char *text, struct error *err)
{
    struct usual queries, calls;
    json_error_t why;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    const bool sound = root && json_integer_value(json_object_get(root, "version")) == 1 && read_usual(root, "queries", &queries) &&
                       read_usual(root, "calls", &calls);
    if (sound) {
        habits->queries.usual = queries;
        habits->calls.usual = calls;
        read_sites(json_object_get(root, "busy"), habits);
    }
    json_decref(root);
    return sound || error_set(err, "%s", root ? "not what it should hold" : why.text);
}
