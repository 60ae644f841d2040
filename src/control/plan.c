/* What a reload would do to clients, asked before it is made: files are read and worlds compared in the loader's thread. */
#include "control/plan.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/load.h"
#include "control/protocol.h"

#include <stdlib.h>

struct planning {
    struct job job;
    struct director *director;
    struct client *client;
    char *path;
    struct areas areas; /* as the orders need them */
    struct serials serials;
    struct report report;
    struct world *world;
    struct place *place;
    bool sound;
    struct comparison *comparison;
};

static void planning_free(struct planning *planning)
{
    comparison_free(planning->comparison);
    if (planning->sound) {
        place_unref(planning->place);
        world_unref(planning->world);
    }
    serials_release(&planning->serials);
    report_release(&planning->report);
    free(planning->path);
    free(planning);
}

struct comparison *plan_comparison(struct director *director, struct world *world, struct place *place)
{
    struct setup *after = setup_new(world_ref(world), place_ref(place), director->setup, NULL, clock_ms());
    setup_refresh(after, &director->overrides, clock_ms());
    size_t count;
    bool measured;
    struct flow *flows = demand_flows(audience_demand(director->audience), geo_classes(place_geo(director->setup->place)),
                                      world_config(director->setup->world)->service_count, &count, &measured);
    struct comparison *comparison =
        comparison_new(director->setup, after, flows, measured && audience_knows(director->audience) ? count : 0, ASSUME_NEW_UP);
    free(flows);
    setup_free(after);
    return comparison;
}

/* Signatures and serials are made as for a reload, for they may be what is unsound; nothing of them is kept. */
static void run_loading(struct job *job)
{
    struct planning *planning = (struct planning *)job;
    const struct signing_input input = {.wall_s = clock_wall_s()};
    planning->sound =
        load_all(planning->path, &input, &planning->areas, &planning->serials, &planning->report, &planning->world, &planning->place);
}

static void run_comparison(struct job *job)
{
    comparison_run(((struct planning *)job)->comparison);
}

static json_t *reply_of(const struct planning *planning)
{
    json_t *reply;
    if (planning->comparison) {
        reply = reply_ok();
        json_object_set_new(reply, "plan", comparison_json(planning->comparison));
    } else if (planning->sound) {
        reply = reply_error("the daemon is stopping");
    } else {
        reply = reply_error("%s is unsound: errors %zu", planning->path, planning->report.errors);
    }
    json_object_set_new(reply, "findings", findings_json(&planning->report));
    return reply;
}

static void end_planning(struct job *job)
{
    struct planning *planning = (struct planning *)job;
    struct director *director = planning->director;
    if (planning->sound && !planning->comparison && !director->stopping) {
        planning->comparison = plan_comparison(director, planning->world, planning->place);
        planning->job.run = run_comparison;
        work_push(director->loader, &planning->job);
        return;
    }
    client_reply(planning->client, reply_of(planning));
    planning_free(planning);
}

void plan_begin(struct director *director, struct client *client, const char *path)
{
    struct planning *planning = mem_new(1, sizeof *planning);
    *planning = (struct planning){.job = {.run = run_loading, .done = end_planning},
                                  .director = director,
                                  .client = client,
                                  .path = mem_text(path ? path : director->config_path),
                                  .serials = serials_copy(&director->serials)};
    overrides_areas(&director->overrides, &planning->areas);
    report_init(&planning->report);
    work_push(director->loader, &planning->job);
}
