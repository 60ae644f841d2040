/* An order on its way: geo data first, if clients must be told apart that are not yet; then the prediction; then the order itself. Whatever has changed
 * meanwhile, files or orders, begins it anew. */
#include "control/switching.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/foretell.h"
#include "control/orders.h"
#include "geo/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS_MAX = 5 };

struct ordering {
    struct job job;
    struct director *director;
    struct client *client;
    struct wish wish;
    bool dry_run, foreseen, force; /* foreseen: a prediction is wanted */
    double calls;
    unsigned turns;
    struct world *world; /* that place was made for; a reference, as the next ones */
    struct place *from;  /* that was in use then */
    struct areas areas;
    struct report report;
    struct place *place; /* geo data that tell more clients apart, or NULL */
    struct class_pair *pairs;
    size_t pair_count;
    struct foresight *foresight;
    bool refused;
    struct error why;
};

static void forget_place(struct ordering *ordering)
{
    if (ordering->world)
        world_unref(ordering->world);
    place_unref(ordering->from);
    place_unref(ordering->place);
    free(ordering->pairs);
    report_release(&ordering->report);
    report_init(&ordering->report);
    ordering->world = NULL;
    ordering->from = ordering->place = NULL;
    ordering->pairs = NULL;
}

static void forget_foresight(struct ordering *ordering)
{
    if (ordering->foresight)
        foresight_free(ordering->foresight);
    ordering->foresight = NULL;
}

static void ordering_free(struct ordering *ordering)
{
    forget_foresight(ordering);
    forget_place(ordering);
    report_release(&ordering->report);
    free(ordering);
}

static void refuse(struct ordering *ordering, json_t *reply)
{
    client_reply(ordering->client, reply);
    ordering_free(ordering);
}

/* With what it would do, where that was asked for. */
static json_t *told(struct ordering *ordering, json_t *reply)
{
    if (ordering->foresight)
        json_object_set_new(reply, "preview", foresight_json(ordering->foresight));
    if (ordering->refused)
        json_object_set_new(reply, "refused", json_string(ordering->why.text));
    return reply;
}

static void preview_only(struct ordering *ordering)
{
    struct director *director = ordering->director;
    struct overrides after;
    struct error err;
    uint64_t id;
    overrides_copy(&director->overrides, &after);
    const bool good = wish_apply(&ordering->wish, world_config(director->setup->world), &after, &id, &err);
    overrides_to_wall(&after, clock_ms(), clock_wall_ms());
    json_t *reply = good ? reply_ok() : reply_error("%s", err.text);
    if (good)
        wish_describe(director, &ordering->wish, &director->overrides, &after, id, reply);
    if (good)
        json_object_set_new(reply, "dry_run", json_true());
    overrides_release(&after);
    refuse(ordering, told(ordering, reply));
}

static void take(struct ordering *ordering)
{
    struct director *director = ordering->director;
    struct place *place = ordering->place ? place_ref(ordering->place) : NULL;
    json_t *reply = told(ordering, orders_take(director, &ordering->wish, place, ordering->client));
    if (json_is_true(json_object_get(reply, "ok")))
        persist_overrides(director, ordering->client, reply);
    else
        client_reply(ordering->client, reply);
    ordering_free(ordering);
}

static void decide(struct ordering *ordering)
{
    ordering->refused = ordering->foresight && !foresight_allows(ordering->foresight, &ordering->why) && !ordering->force;
    if (ordering->dry_run)
        preview_only(ordering);
    else if (ordering->refused)
        refuse(ordering, told(ordering, reply_error("refused: %.700s", ordering->why.text)));
    else
        take(ordering);
}

static void begin(struct job *job);

static void run_nothing(struct job *job)
{
    (void)job;
}

static void run_foresight(struct job *job)
{
    foresight_run(((struct ordering *)job)->foresight);
}

static void end_foresight(struct job *job)
{
    begin(job);
}

/* Flows by the classes of place, from those by the classes of from: shared out as addresses are. The caller frees them. */
static struct flow *split_flows(const struct ordering *ordering, const struct flow *flows, size_t count, size_t *ret_count)
{
    struct flow *split = NULL;
    size_t room = 0;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = ordering->pair_count;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (ordering->pairs[middle].before < flows[i].class)
                low = middle + 1;
            else
                high = middle;
        }
        double sum = 0;
        for (size_t k = low; k < ordering->pair_count && ordering->pairs[k].before == flows[i].class; k++)
            sum += ordering->pairs[k].known > 0 ? ordering->pairs[k].known : 1e-9;
        for (size_t k = low; k < ordering->pair_count && ordering->pairs[k].before == flows[i].class; k++) {
            const double share = (ordering->pairs[k].known > 0 ? ordering->pairs[k].known : 1e-9) / sum;
            split = mem_grow(split, &room, *ret_count + 1, sizeof *split);
            split[(*ret_count)++] = (struct flow){flows[i].service, ordering->pairs[k].after, flows[i].rate * share};
        }
    }
    return split;
}

/* The orders as they are, or as they would be, for this geo data. */
static void effects_of(const struct ordering *ordering, struct place *place, const struct overrides *overrides, struct effects *ret)
{
    const struct config *config = world_config(ordering->director->setup->world);
    effects_init(ret, config);
    overrides_apply(overrides, config, geo_areas(place_geo(place)), clock_ms(), ret);
}

static struct foresight *foresight_now(struct ordering *ordering, const struct overrides *supposed, struct error *err)
{
    struct director *director = ordering->director;
    struct place *place = ordering->place ? ordering->place : director->setup->place;
    struct clientele clientele;
    struct effects now, then;
    struct flow *flows = clientele_now(director, ordering->calls, &clientele), *split = NULL;
    if (ordering->place && clientele.flow_count) {
        split = split_flows(ordering, clientele.flows, clientele.flow_count, &clientele.flow_count);
        clientele.flows = split;
    }
    effects_of(ordering, place, &director->overrides, &now);
    effects_of(ordering, place, supposed, &then);
    struct foresight *foresight =
        foresight_of_orders(director->setup, &(struct reordering){.place = place, .now = &now, .then = &then}, &clientele, err);
    effects_release(&now);
    effects_release(&then);
    free(flows);
    free(split);
    return foresight;
}

static void run_place(struct job *job)
{
    struct ordering *ordering = (struct ordering *)job;
    ordering->place = place_new_areas(ordering->world, &ordering->areas, &ordering->report);
    if (ordering->place)
        ordering->pairs = geo_pairs(place_geo(ordering->from), place_geo(ordering->place), &ordering->pair_count);
}

static void end_place(struct job *job)
{
    struct ordering *ordering = (struct ordering *)job;
    if (ordering->place) {
        begin(job);
        return;
    }
    refuse(ordering, reply_error("the geo data cannot be read anew to tell these clients apart: %.600s",
                                 ordering->report.count ? ordering->report.findings[0].text : ""));
}

static void begin_place(struct ordering *ordering, const struct areas *areas)
{
    struct director *director = ordering->director;
    forget_place(ordering);
    ordering->world = world_ref(director->setup->world);
    ordering->from = place_ref(director->setup->place);
    ordering->areas = *areas;
    ordering->job = (struct job){.run = run_place, .done = end_place};
    work_push(director->loader, &ordering->job);
}

/* Whether what was made for it is still of the files in use. */
static bool is_stale(const struct ordering *ordering)
{
    const struct setup *setup = ordering->director->setup;
    return ordering->place && (ordering->world != setup->world || ordering->from != setup->place);
}

/* One step after the other, until nothing is missing. */
static void step(struct ordering *ordering, const struct overrides *supposed)
{
    struct director *director = ordering->director;
    struct error err;
    struct areas wanted;
    overrides_areas(supposed, &wanted);
    const struct areas *have = geo_areas(place_geo(ordering->place ? ordering->place : director->setup->place));
    if (!areas_cover(have, &wanted)) {
        begin_place(ordering, &wanted);
    } else if (!ordering->foreseen || ordering->foresight) {
        decide(ordering);
    } else if (director->moves.running) { /* what it knows is not to be looked at meanwhile: behind it */
        ordering->job = (struct job){.run = run_nothing, .done = begin};
        work_push(director->moves.work, &ordering->job);
    } else if ((ordering->foresight = foresight_now(ordering, supposed, &err)) != NULL) {
        ordering->job = (struct job){.run = run_foresight, .done = end_foresight};
        work_push(director->loader, &ordering->job);
    } else {
        refuse(ordering, reply_error("%s", err.text));
    }
}

static void begin(struct job *job)
{
    struct ordering *ordering = (struct ordering *)job;
    struct director *director = ordering->director;
    struct overrides supposed;
    struct error err;
    if (director->stopping || (is_stale(ordering) && ++ordering->turns > TURNS_MAX)) {
        refuse(ordering, reply_error(director->stopping ? "the daemon is stopping" : "the files change all the time: try again"));
        return;
    }
    if (is_stale(ordering)) {
        forget_foresight(ordering);
        forget_place(ordering);
    }
    overrides_copy(&director->overrides, &supposed);
    if (wish_suppose(&ordering->wish, world_config(director->setup->world), &supposed, clock_ms(), &err))
        step(ordering, &supposed);
    else
        refuse(ordering, reply_error("%s", err.text));
    overrides_release(&supposed);
}

bool switching_wanted(const struct request *request)
{
    return request->dry_run || request->check || request->command == COMMAND_SWITCH;
}

void switching_begin(struct director *director, struct client *client, const struct request *request)
{
    struct ordering *ordering = mem_new(1, sizeof *ordering);
    struct error err;
    *ordering = (struct ordering){.director = director,
                                  .client = client,
                                  .dry_run = request->dry_run,
                                  .force = request->force,
                                  .foreseen = request->dry_run || !request->force,
                                  .calls = request->calls};
    report_init(&ordering->report);
    if (wish_read(director, request, client, &ordering->wish, &err))
        begin(&ordering->job);
    else
        refuse(ordering, reply_error("%s", err.text));
}
