/* The admin socket's requests, each to what does it. */
#include "control/director.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/commands.h"
#include "control/describe.h"
#include "control/drills.h"
#include "control/explain.h"
#include "control/metrics.h"
#include "control/orders.h"
#include "control/overview.h"
#include "control/picture.h"
#include "control/plan.h"
#include "control/protocol.h"
#include "control/reports.h"
#include "control/switching.h"
#include "control/top.h"
#include "control/what_if.h"

#include <stdlib.h>

static json_t *with(const char *key, json_t *value)
{
    json_t *reply = reply_ok();
    json_object_set_new(reply, key, value);
    return reply;
}

/* An explanation on its way through the loader's thread, twice: reading the sources of geo data takes long, and so does telling of thousands of endpoints.
 * Between the two the director decides, as it would for a query. */
struct explaining {
    struct job job;
    struct director *director;
    struct client *client;
    struct world *world;
    struct place *place;
    struct inquiry asked;
    struct located located;
    struct explained_answer decided;
    struct picture *picture;
    json_t *told;
};

static void run_explaining(struct job *job)
{
    struct explaining *explaining = (struct explaining *)job;
    explain_locate(explaining->world, explaining->place, &explaining->asked, &explaining->located);
}

static void run_telling(struct job *job)
{
    struct explaining *explaining = (struct explaining *)job;
    explaining->told = explain_tell(picture_view(explaining->picture), &explaining->decided);
}

static void answer_explaining(struct explaining *explaining, json_t *reply)
{
    client_reply(explaining->client, reply);
    picture_free(explaining->picture);
    place_unref(explaining->place);
    world_unref(explaining->world);
    free(explaining);
}

static void end_telling(struct job *job)
{
    struct explaining *explaining = (struct explaining *)job;
    answer_explaining(explaining, with("explain", explaining->told));
}

static void end_explaining(struct job *job)
{
    struct explaining *explaining = (struct explaining *)job;
    struct director *director = explaining->director;
    const struct view view = director_view(director);
    struct error err;
    if (!explain_decide(&view, &explaining->asked, &explaining->located, &explaining->decided, &err)) {
        answer_explaining(explaining, reply_error("%s", err.text));
        return;
    }
    explaining->picture = picture_take(director);
    explaining->job.run = run_telling;
    explaining->job.done = end_telling;
    if (director->stopping)
        answer_explaining(explaining, with("explain", explain_tell(&view, &explaining->decided)));
    else
        work_push(director->loader, &explaining->job);
}

static void explain_command(struct director *director, struct client *client, const struct request *request)
{
    struct inquiry asked;
    struct error err;
    if (!explain_read(request->name, request->type, request->client, &asked, &err)) {
        client_reply(client, reply_error("%s", err.text));
        return;
    }
    struct explaining *explaining = mem_new(1, sizeof *explaining);
    *explaining = (struct explaining){.job = {.run = run_explaining, .done = end_explaining},
                                      .director = director,
                                      .client = client,
                                      .world = world_ref(director->setup->world),
                                      .place = place_ref(director->setup->place),
                                      .asked = asked};
    work_push(director->loader, &explaining->job);
}

/* A service whose endpoints are all disabled, or NULL. */
static const struct service *emptied_service(const struct setup *setup)
{
    const struct config *config = world_config(setup->world);
    for (size_t i = 0; i < config->service_count; i++) {
        const struct service *service = &config->services[i];
        bool left = setup->effects.services[i] == SERVICE_DISABLED;
        for (size_t s = 0; s < service->site_count && !left; s++) {
            const struct site *site = &config->sites[service->sites[s]];
            for (size_t e = site->first_endpoint; e < (size_t)site->first_endpoint + site->endpoint_count; e++)
                left |= setup->effects.sites[service->sites[s]] != ORDERED_DISABLE && setup->effects.endpoints[e] != ORDERED_DISABLE;
        }
        if (!left)
            return service;
    }
    return NULL;
}

static void warn_of_emptied(const struct setup *setup, json_t *reply)
{
    static const char *const then[] = {
        [ALL_DOWN_SERVE_ALL] = "they are answered all the same",
        [ALL_DOWN_STATIC] = "the zone file's records are answered",
        [ALL_DOWN_EMPTY] = "no records are answered",
    };
    const struct service *service = emptied_service(setup);
    if (!service)
        return;
    const char *other = json_string_value(json_object_get(reply, "warning"));
    char *text = mem_format("%s%severy endpoint of service %s is disabled: with on_all_down = \"%s\", %s", other ? other : "",
                            other ? "; " : "", service->name, all_down_text(service->on_all_down), then[service->on_all_down]);
    json_object_set_new(reply, "warning", json_string(text));
    free(text);
}

/* Replies when the order is on disk, too: what was confirmed survives a crash. */
static void order(struct director *director, struct client *client, const struct request *request)
{
    struct wish wish;
    struct error err;
    if (switching_wanted(request)) {
        switching_begin(director, client, request);
        return;
    }
    json_t *reply =
        wish_read(director, request, client, &wish, &err) ? orders_take(director, &wish, NULL, client) : reply_error("%s", err.text);
    if (request->command != COMMAND_ENABLE && request->command != COMMAND_REVERT && json_is_true(json_object_get(reply, "ok")))
        warn_of_emptied(director->setup, reply);
    if (json_is_true(json_object_get(reply, "ok")))
        persist_overrides(director, client, reply);
    else
        client_reply(client, reply);
}

static void history_command(struct director *director, struct client *client, const struct request *request)
{
    struct history_query query;
    uint64_t since;
    struct error err;
    if (!history_request(request, &query, &since, &err))
        client_reply(client, reply_error("%s", err.text));
    else if (request->since)
        audit_follow(director->audit, client, &query, since);
    else
        audit_ask(director->audit, client, &query);
}

json_t *commands_describe(const struct view *view, const struct request *request)
{
    const int site = request->site ? config_site(world_config(view->setup->world), request->site) : ALL_SITES;
    if (request->site && site < 0)
        return reply_error("there is no site \"%s\"", request->site);
    switch (request->command) {
    case COMMAND_LOAD: return with("load", describe_load(view, site));
    case COMMAND_SITES: return with("sites", describe_sites(view));
    case COMMAND_CHECKS: return with("checks", describe_named_checks(view));
    case COMMAND_ENDPOINTS: return with("endpoints", describe_endpoints(view, site));
    case COMMAND_OVERRIDES: return with("overrides", describe_overrides(view));
    default: return NULL;
    }
}

static json_t *alerts_reply(struct director *director)
{
    json_t *reply = with("alerts", watch_alerts(director));
    json_object_set_new(reply, "hooks", watch_hooks(director));
    return reply;
}

static json_t *test_hook(struct director *director, const struct client *client, const struct request *request)
{
    char who[CLIENT_WHO];
    struct error err;
    return watch_test(director, request->name, client_who(client, who), &err) ? reply_ok() : reply_error("%s", err.text);
}

static json_t *describe(struct director *director, const struct request *request)
{
    const struct view view = director_view(director);
    setup_look(director->setup, view.now_ms);
    json_t *reply = commands_describe(&view, request);
    if (reply)
        return reply;
    switch (request->command) {
    case COMMAND_STATUS: return with("status", status_json(director));
    case COMMAND_TOP: return top_reply(director, request->limit);
    case COMMAND_PROGRESS: return with("progress", progress_json(director));
    case COMMAND_ZONES: return with("zones", zones_json(director));
    case COMMAND_ALERTS: return alerts_reply(director);
    case COMMAND_OVERVIEW: return with("overview", overview_json(director));
    case COMMAND_PUBLIC_STATUS: return with("public_status", public_status_json(&view));
    default: return with("demand", audience_json(director->audience, director->setup, 0));
    }
}

void commands_take(struct client *client, const char *line, size_t len, void *context)
{
    struct director *director = context;
    struct request request;
    struct error err;
    if (!request_parse(line, len, &request, &err)) {
        client_reply(client, reply_error("%s", err.text));
        return;
    }
    switch (request.command) {
    case COMMAND_DRAIN:
    case COMMAND_DISABLE:
    case COMMAND_SWITCH:
    case COMMAND_REVERT:
    case COMMAND_ENABLE: order(director, client, &request); break;
    case COMMAND_EXPLAIN: explain_command(director, client, &request); break;
    case COMMAND_PUSH_LOAD: client_reply(client, push_load(&director->setup->meters, &request, clock_ms())); break;
    case COMMAND_PUSH: client_reply(client, reports_command(director, &request)); break;
    case COMMAND_PLAN: plan_begin(director, client, request.config); break;
    case COMMAND_WHAT_IF: what_if_begin(director, client, &request); break;
    case COMMAND_TEST_HOOK: client_reply(client, test_hook(director, client, &request)); break;
    case COMMAND_HISTORY: history_command(director, client, &request); break;
    case COMMAND_RELOAD: reload_begin(director, client, request.max_move); break;
    case COMMAND_METRICS: metrics_begin(director, client); break;
    case COMMAND_DRILL: drills_begin(director, client, &request); break;
    case COMMAND_DRILL_STOP: drills_stop(director, client); break;
    case COMMAND_DRILLS: client_reply(client, drills_reply(director, request.id)); break;
    case COMMAND_STOP:
        client_reply(client, reply_ok());
        director_stop(director);
        break;
    default: client_reply(client, describe(director, &request));
    }
    request_release(&request);
}
