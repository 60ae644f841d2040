#include "cli/simulate.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "base/progress.h"
#include "cli/progress_line.h"
#include "cli/table.h"
#include "config/config.h"
#include "config/scenario.h"
#include "sim/chart.h"
#include "sim/sim.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, WRONG = 1, USAGE = 2 };

struct request {
    const char *config, *scenario, *svg;
    enum sim_policy policy;
    bool compare, json;
    uint32_t seed;
};

/* All that is read. */
struct stage {
    struct config *config;
    struct geo *geo;
    struct scenario *scenario;
};

static void print_usage(FILE *to)
{
    fputs("usage: sipsteer [-c FILE] simulate SCENARIO [--policy NAME | --compare] [--svg FILE] [--seed N] [--json]\n\n"
          "Plays the scenario in virtual time with the sites of the configuration: nothing is sent, no daemon is needed.\n\n"
          "  -c, --config FILE  default: /etc/sipsteer/sipsteer.conf\n"
          "      --policy NAME  sipsteer (default), nearest, static, least-loaded or shedding\n"
          "      --compare      all of them, one after the other\n"
          "      --svg FILE     draw the load of each site over time\n"
          "      --seed N       of all that is random; default: 1\n"
          "      --json         print the figures as JSON\n",
          to);
}

static int usage_error(const char *what)
{
    fprintf(stderr, "sipsteer simulate: %s\nTry sipsteer simulate --help\n", what);
    return USAGE;
}

/* False: leave with *ret_code. */
static bool read_words(int argc, char **argv, struct request *request, int *ret_code)
{
    *ret_code = USAGE;
    if (argc - optind != 2)
        return usage_error(argc - optind < 2 ? "a scenario is needed" : "too many arguments") == DONE;
    request->scenario = argv[optind + 1];
    return true;
}

static bool read_arguments(int argc, char **argv, struct request *request, int *ret_code)
{
    enum { POLICY = 256, COMPARE, SVG, SEED, JSON };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"policy", required_argument, NULL, POLICY},
                                            {"compare", no_argument, NULL, COMPARE},  {"svg", required_argument, NULL, SVG},
                                            {"seed", required_argument, NULL, SEED},  {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    bool policy = false;
    *request = (struct request){.config = "/etc/sipsteer/sipsteer.conf", .seed = 1};
    *ret_code = USAGE;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': request->config = optarg; break;
        case POLICY:
            policy = true;
            if (!sim_policy_from_text(optarg, &request->policy))
                return usage_error("--policy is one of sipsteer, nearest, static, least-loaded and shedding") == DONE;
            break;
        case COMPARE: request->compare = true; break;
        case SVG: request->svg = optarg; break;
        case SEED:
            if (!decimal_parse(optarg, UINT32_MAX, &request->seed))
                return usage_error("--seed takes a whole number") == DONE;
            break;
        case JSON: request->json = true; break;
        case 'h':
            print_usage(stdout);
            *ret_code = DONE;
            return false;
        default: print_usage(stderr); return false;
        }
    }
    if (policy && request->compare)
        return usage_error("--policy and --compare exclude each other") == DONE;
    return read_words(argc, argv, request, ret_code);
}

static bool stage_open(struct stage *stage, const struct request *request)
{
    struct report report;
    report_init(&report);
    progress_line_begin(NULL);
    stage->config = config_load(request->config, &report);
    if (stage->config)
        stage->geo = geo_compile(stage->config, &report);
    if (stage->geo)
        stage->scenario = scenario_load(request->scenario, stage->config, &report);
    progress_line_end();
    for (size_t i = 0; i < report.count; i++)
        if (report.findings[i].severity == SEVERITY_ERROR || stage->scenario == NULL)
            fprintf(stderr, "sipsteer: %s\n", report.findings[i].text);
    report_release(&report);
    return stage->scenario != NULL;
}

static void stage_close(struct stage *stage)
{
    scenario_free(stage->scenario);
    geo_free(stage->geo);
    config_unref(stage->config);
}

enum { PARTS = 1000 /* that a play is told in */ };

static void tell_progress(void *context, double done)
{
    const size_t *played = context;
    progress_step((uint64_t)(((double)*played + done) * PARTS));
}

static size_t play(const struct stage *stage, const struct request *request, struct sim_result results[SIM_POLICIES], struct error *err)
{
    const size_t count = request->compare ? SIM_POLICIES : 1;
    size_t played = 0;
    progress_line_begin(NULL);
    progress_begin("playing", PARTS * count);
    for (bool sound = true; sound && played < count; played += sound) {
        const struct sim_run run = {.config = stage->config,
                                    .geo = stage->geo,
                                    .scenario = stage->scenario,
                                    .policy = request->compare ? (enum sim_policy)played : request->policy,
                                    .seed = request->seed,
                                    .progress = tell_progress,
                                    .context = &played};
        sound = sim_play(&run, &results[played], err);
    }
    progress_line_end();
    return played;
}

static double bad_percent(const struct sim_result *result)
{
    return result->calls ? 100.0 * (double)(result->to_dead + result->to_full) / (double)result->calls : 0;
}

static void print_table(const struct stage *stage, const struct sim_result *results, size_t count)
{
    static const char *const headings[] = {"POLICY",    "CALLS", "TO DEAD", "TO FULL", "BAD",         "LOST",    "EXTRA KM", "P99 KM",
                                           "MOVED/MIN", "WORST", "PEAK",    "AT",      "OVER TARGET", "SETTLED", "SWINGS",   NULL};
    struct table table;
    table_init(&table, headings);
    for (size_t i = 0; i < count; i++) {
        const struct sim_result *result = &results[i];
        table_add(&table, sim_policy_text(result->policy));
        table_addf(&table, "%llu", (unsigned long long)result->calls);
        table_addf(&table, "%llu", (unsigned long long)result->to_dead);
        table_addf(&table, "%llu", (unsigned long long)result->to_full);
        table_addf(&table, "%.2f %%", bad_percent(result));
        table_addf(&table, "%llu", (unsigned long long)result->lost);
        table_addf(&table, "%.0f", result->mean_extra_km);
        table_addf(&table, "%.0f", result->p99_extra_km);
        table_addf(&table, "%.1f %%", result->moved_percent);
        table_addf(&table, "%.0f %%", result->moved_worst_percent);
        table_addf(&table, "%.0f %%", result->peak_percent);
        table_add(&table, stage->config->sites[result->peak_site].name);
        table_addf(&table, "%.0f, %.0f min", result->over_percent, result->over_minutes);
        if (result->settled_minutes < 0)
            table_add(&table, "no");
        else
            table_addf(&table, "%.0f min", result->settled_minutes);
        table_addf(&table, "%u%s", result->swings, sim_swings(result) ? " sustained" : "");
    }
    printf("%s\n\n", stage->scenario->title);
    table_print(&table);
}

static json_t *describe_sites(const struct config *config, const struct sim_result *result)
{
    json_t *sites = json_array();
    for (size_t i = 0; i < result->site_count; i++) {
        json_t *site = json_pack("{s:s, s:f, s:f, s:i}", "name", config->sites[i].name, "capacity", result->sites[i].capacity,
                                 "peak_percent", (double)result->sites[i].peak, "target_percent", (int)config->sites[i].room.target);
        json_t *load = json_array();
        for (size_t k = 0; k < result->sample_count; k++)
            json_array_append_new(load, json_real((double)result->sites[i].load[k]));
        json_object_set_new(site, "load_percent", load);
        json_array_append_new(sites, site);
    }
    return sites;
}

static json_t *describe_places(const struct scenario *scenario, const struct sim_result *result)
{
    json_t *places = json_array();
    for (size_t i = 0; i < result->place_count; i++) {
        json_t *km = json_array();
        for (size_t k = 0; k < result->site_count; k++)
            json_array_append_new(km, json_real(result->place_km[i * result->site_count + k]));
        json_array_append_new(
            places, json_pack("{s:s, s:f, s:o}", "name", scenario->places[i].name, "steady_calls", result->place_calls[i], "site_km", km));
    }
    return places;
}

static json_t *describe_result(const struct stage *stage, const struct sim_result *result)
{
    json_t *all = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:s, s:f, s:f, s:f, s:i, s:s, s:b}", "policy",
        sim_policy_text(result->policy), "calls", (json_int_t)result->calls, "attempts", (json_int_t)result->attempts, "to_dead",
        (json_int_t)result->to_dead, "to_full", (json_int_t)result->to_full, "lost", (json_int_t)result->lost, "bad_percent",
        bad_percent(result), "mean_extra_km", result->mean_extra_km, "p99_extra_km", result->p99_extra_km, "steady_km", result->steady_km,
        "moved_percent", result->moved_percent, "moved_worst_percent", result->moved_worst_percent, "peak_percent", result->peak_percent,
        "peak_site", stage->config->sites[result->peak_site].name, "over_target_percent", result->over_percent, "over_target_minutes",
        result->over_minutes, "settled_minutes", result->settled_minutes, "swings", (int)result->swings, "swing_site",
        stage->config->sites[result->swing_site].name, "sustained_swing", (int)sim_swings(result));
    json_object_set_new(all, "sites", describe_sites(stage->config, result));
    json_object_set_new(all, "places", describe_places(stage->scenario, result));
    return all;
}

static void print_json(const struct stage *stage, const struct request *request, const struct sim_result *results, size_t count)
{
    json_t *all = json_pack("{s:s, s:I, s:i, s:[]}", "title", stage->scenario->title, "seed", (json_int_t)request->seed, "sample_s",
                            SIM_SAMPLE_S, "results");
    for (size_t i = 0; i < count; i++)
        json_array_append_new(json_object_get(all, "results"), describe_result(stage, &results[i]));
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
}

static bool draw(const struct stage *stage, const char *path, const struct sim_result *results, size_t count)
{
    char *text = chart_draw(stage->config, stage->scenario, results, count);
    FILE *to = fopen(path, "w");
    bool written = to != NULL && fputs(text, to) >= 0;
    if (to != NULL && fclose(to) != 0)
        written = false;
    if (!written)
        fprintf(stderr, "sipsteer: %s: %s\n", path, strerror(errno));
    free(text);
    return written;
}

static int simulate(const struct stage *stage, const struct request *request)
{
    struct sim_result results[SIM_POLICIES];
    struct error err;
    const size_t wanted = request->compare ? SIM_POLICIES : 1, count = play(stage, request, results, &err);
    bool done = count == wanted;
    if (!done)
        fprintf(stderr, "sipsteer: %s: %s\n", request->scenario, err.text);
    else if (request->json)
        print_json(stage, request, results, count);
    else
        print_table(stage, results, count);
    if (done && request->svg)
        done = draw(stage, request->svg, results, count);
    for (size_t i = 0; i < count; i++)
        sim_result_release(&results[i]);
    return done ? DONE : WRONG;
}

int simulate_main(int argc, char **argv)
{
    struct request request;
    int code;
    if (!read_arguments(argc, argv, &request, &code))
        return code;
    struct stage stage = {NULL, NULL, NULL};
    code = stage_open(&stage, &request) ? simulate(&stage, &request) : WRONG;
    stage_close(&stage);
    return code;
}
