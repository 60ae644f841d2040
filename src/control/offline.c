/* What can be told of files alone, without a daemon: check, and explain of a configuration. */
#include "control/control.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/certificate.h"
#include "control/comparison.h"
#include "control/explain.h"
#include "control/foresee.h"
#include "control/load.h"
#include "control/protocol.h"
#include "control/state.h"
#include "control/trust.h"
#include "control/web.h"

#include <stdio.h>
#include <stdlib.h>

json_t *control_check(const char *config_path)
{
    struct report report;
    report_init(&report);
    struct world *world;
    struct place *place;
    const struct signing_input input = {.wall_s = clock_wall_s()};
    struct serials serials = {0};
    bool sound = load_all(config_path, &input, NULL, &serials, &report, &world, &place);
    serials_release(&serials);
    if (sound) {
        certificate_inspect(world_config(world), &report);
        web_inspect(world_config(world), &report);
        trust_free(trust_load(world_config(world), &report));
        sound = report.errors == 0;
        if (!sound) {
            place_unref(place);
            world_unref(world);
        }
    }
    json_t *reply = sound ? reply_ok() : reply_error("unsound: errors %zu, warnings %zu", report.errors, report.count - report.errors);
    json_object_set_new(reply, "findings", findings_json(&report));
    report_release(&report);
    if (!sound)
        return reply;
    const struct config *config = world_config(world);
    json_object_update_new(reply,
                           json_pack("{s:I, s:I, s:I, s:I, s:I}", "zones", (json_int_t)config->zone_count, "services",
                                     (json_int_t)config->service_count, "sites", (json_int_t)config->site_count, "endpoints",
                                     (json_int_t)config->endpoint_count, "classes", (json_int_t)geo_classes(place_geo(place))->count));
    place_unref(place);
    world_unref(world);
    return reply;
}

static json_int_t count_of(const json_t *reply, const char *key)
{
    return json_integer_value(json_object_get(reply, key));
}

int control_print_check(const char *config_path)
{
    return control_print_checked(control_check(config_path));
}

int control_print_checked(json_t *reply)
{
    json_t *findings = json_object_get(reply, "findings"), *finding;
    const bool sound = json_is_true(json_object_get(reply, "ok"));
    size_t i;
    json_array_foreach(findings, i, finding)
        printf("%s: %s\n", json_string_value(json_object_get(finding, "severity")), json_string_value(json_object_get(finding, "text")));
    if (sound)
        printf("OK: zones %lld, services %lld, sites %lld, endpoints %lld, classes of clients %lld; warnings %zu\n",
               count_of(reply, "zones"), count_of(reply, "services"), count_of(reply, "sites"), count_of(reply, "endpoints"),
               count_of(reply, "classes"), i);
    else
        printf("%s\n", json_string_value(json_object_get(reply, "error")));
    json_decref(reply);
    return !sound;
}

/* Takes world and place. Overrides are those of the state folder, verdicts unknown: nothing is probed for an explanation. */
static json_t *explain_alone(struct world *world, struct place *place, const struct question *question, struct report *report)
{
    struct setup *setup = setup_new(world, place, NULL, NULL, clock_ms());
    struct overrides overrides;
    struct view view = {.setup = setup, .overrides = &overrides, .now_ms = clock_ms(), .wall_s = clock_wall_s()};
    state_read_overrides(world_config(world)->server.state, false, view.now_ms, view.wall_s, report, &overrides);
    struct snapshot *snapshot = setup_build(setup, &overrides, view.now_ms, NULL, view.wall_s, 1);
    view.snapshot = snapshot;
    struct error err;
    struct inquiry asked;
    struct located located;
    json_t *explained = NULL;
    if (explain_read(question->name, question->type, question->client, &asked, &err)) {
        explain_locate(world, place, &asked, &located);
        explained = explain(&view, &asked, &located, &err);
    }
    json_t *reply = explained ? reply_ok() : reply_error("%s", err.text);
    if (explained)
        json_object_set_new(reply, "explain", explained);
    snapshot_free(snapshot);
    overrides_release(&overrides);
    setup_free(setup);
    return reply;
}

json_t *control_explain(const char *config_path, const struct question *question)
{
    struct report report;
    report_init(&report);
    struct world *world;
    struct place *place;
    const struct signing_input input = {.wall_s = clock_wall_s()};
    struct serials serials = {0};
    json_t *reply = load_all(config_path, &input, NULL, &serials, &report, &world, &place)
                        ? explain_alone(world, place, question, &report)
                        : reply_error("%s is unsound: errors %zu", config_path, report.errors);
    serials_release(&serials);
    json_object_set_new(reply, "findings", findings_json(&report));
    report_release(&report);
    return reply;
}

/* A setup of these files alone, with the saved orders; NULL, with findings, when they are unsound. */
static struct setup *setup_alone(const char *config_path, struct report *report)
{
    struct world *world;
    struct place *place;
    const struct signing_input input = {.wall_s = clock_wall_s()};
    struct serials serials = {0};
    struct setup *setup = NULL;
    if (load_all(config_path, &input, NULL, &serials, report, &world, &place)) {
        struct overrides overrides;
        setup = setup_new(world, place, NULL, NULL, clock_ms());
        state_read_overrides(world_config(world)->server.state, false, clock_ms(), clock_wall_s(), report, &overrides);
        setup_refresh(setup, &overrides, clock_ms());
        overrides_release(&overrides);
    }
    serials_release(&serials);
    return setup;
}

static json_t *compare_alone(const struct setup *before, const struct setup *after)
{
    struct comparison *comparison = comparison_new(before, after, NULL, 0, ASSUME_ALL_UP);
    comparison_run(comparison);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "plan", comparison_json(comparison));
    comparison_free(comparison);
    return reply;
}

json_t *control_plan(const char *before_path, const char *after_path)
{
    struct report report;
    report_init(&report);
    struct setup *before = setup_alone(before_path, &report);
    struct setup *after = setup_alone(after_path, &report);
    json_t *reply = before && after ? compare_alone(before, after)
                                    : reply_error("%s is unsound: errors %zu", before ? after_path : before_path, report.errors);
    json_object_set_new(reply, "findings", findings_json(&report));
    setup_free(before);
    setup_free(after);
    report_release(&report);
    return reply;
}

struct supposed_files {
    struct setup *setup;
};

struct supposed_files *control_suppose(const char *config_path, json_t **ret_unsound)
{
    struct report report;
    report_init(&report);
    struct setup *setup = setup_alone(config_path, &report);
    struct supposed_files *files = NULL;
    if (setup) {
        files = mem_new(1, sizeof *files);
        files->setup = setup;
    } else {
        *ret_unsound = reply_error("%s is unsound: errors %zu", config_path, report.errors);
        json_object_set_new(*ret_unsound, "findings", findings_json(&report));
    }
    report_release(&report);
    return files;
}

void control_suppose_end(struct supposed_files *files)
{
    if (files)
        setup_free(files->setup);
    free(files);
}

static struct foresight *foresee_alone(const struct setup *setup, const char *what, const char *sites, const char *calls, struct error *err)
{
    struct supposition supposition;
    struct clientele clientele = {.flow_count = 0};
    enum foreseen kind;
    if (!foreseen_parse(what, &kind) || !supposition_read(world_config(setup->world), kind, sites, &supposition, err) ||
        !clientele_calls(calls, &clientele.calls, err))
        return NULL;
    return foresight_new(setup, &supposition, &clientele, true, err);
}

json_t *control_what_if(const struct supposed_files *files, const char *what, const char *sites, const char *calls)
{
    struct error err;
    struct foresight *foresight = foresee_alone(files->setup, what, sites, calls, &err);
    if (!foresight)
        return reply_error("%s", err.text);
    foresight_run(foresight);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "what_if", foresight_json(foresight));
    foresight_free(foresight);
    return reply;
}
