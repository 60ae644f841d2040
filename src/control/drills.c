#include "control/drills.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/client.h"
#include "control/director.h"
#include "control/drill_files.h"
#include "control/drill_report.h"
#include "control/foretell.h"
#include "control/orders.h"
#include "control/protocol.h"
#include "snapshot/leads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct drills *drills_new(void)
{
    struct drills *drills = mem_new(1, sizeof *drills);
    drills->reports = json_array();
    return drills;
}

void drills_free(struct drills *drills)
{
    if (drills == NULL)
        return;
    json_decref(drills->reports);
    free(drills);
}

static const struct drills_config *settings(const struct director *director)
{
    return &world_config(director->setup->world)->drills;
}

/* --- the reports */

/* The running one's, as it is now. */
static void update_report(struct drills *drills)
{
    const size_t count = json_array_size(drills->reports);
    const json_t *last = json_array_get(drills->reports, count ? count - 1 : 0);
    const char *id = json_string_value(json_object_get(last, "id"));
    if (id && strcmp(id, drills->now.start.id) == 0)
        json_array_set_new(drills->reports, count - 1, drill_json(&drills->now));
    else
        json_array_append_new(drills->reports, drill_json(&drills->now));
}

struct writing {
    struct job job;
    struct director *director;
    char *state, *text, id[DRILL_ID_TEXT];
    size_t keep;
    bool done_well;
    struct error err;
};

static void run_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    writing->done_well = drill_file_write(writing->state, writing->id, writing->text, writing->keep, &writing->err);
}

static void end_writing(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct drills *drills = writing->director->drills;
    drills->writing = false;
    drills->unsaved |= !writing->done_well;
    if (writing->done_well) {
        drills->alarm[0] = '\0';
    } else {
        if (!drills->alarm[0])
            log_error("the report of a drill cannot be written: %s", writing->err.text);
        snprintf(drills->alarm, sizeof drills->alarm, "the report of a drill cannot be written: %s", writing->err.text);
    }
    free(writing->state);
    free(writing->text);
    free(writing);
}

/* One write at a time: a slow disk piles up nothing. */
static void save(struct director *director)
{
    struct drills *drills = director->drills;
    if (drills->writing)
        return;
    json_t *report = drill_json(&drills->now);
    struct writing *writing = mem_new(1, sizeof *writing);
    *writing = (struct writing){.job = {.run = run_writing, .done = end_writing},
                                .director = director,
                                .state = mem_text(director->started.state),
                                .text = json_dumps(report, JSON_INDENT(1) | JSON_PRESERVE_ORDER),
                                .keep = settings(director)->keep};
    memcpy(writing->id, drills->now.start.id, sizeof writing->id);
    json_decref(report);
    drills->writing = true;
    drills->unsaved = false;
    work_push(director->writer, &writing->job);
}

static void report_changed(struct director *director)
{
    update_report(director->drills);
    while (json_array_size(director->drills->reports) > settings(director)->keep)
        json_array_remove(director->drills->reports, 0);
    director->drills->unsaved = true;
    save(director);
}

void drills_last(struct director *director)
{
    if (director->drills->unsaved)
        save(director);
}

/* --- looking at it */

static const struct override *order_of(const struct director *director)
{
    const struct override *order = overrides_find(&director->overrides, director->drills->now.start.site);
    return order && order->order == ORDER_FAIL ? order : NULL;
}

static void note(struct director *director, const struct client *by, const char *what)
{
    const struct drill *drill = &director->drills->now;
    json_t *report = drill_json(drill);
    const struct event event = {.kind = EVENT_DRILL,
                                .target = drill->start.site,
                                .what = what,
                                .why = drill->result == DRILL_RUNNING ? drill->start.reason : drill->why,
                                .after = drill_summary(report)};
    json_decref(report);
    if (by)
        director_note(director, by, event);
    else
        journal_note(director->journal, &event);
}

/* It has its result: whatever holds the site back for it is taken away. */
static void finish(struct director *director, const struct client *by)
{
    struct drills *drills = director->drills;
    const struct drill *drill = &drills->now;
    drills->running = false;
    if (orders_withdraw(director, drill->start.site, ORDER_FAIL))
        persist_overrides(director, NULL, NULL);
    report_changed(director);
    log_notice("drill %s of site %s: %s%s%s", drill->start.id, drill->start.site, drill_result_text(drill->result),
               drill->why[0] ? ": " : "", drill->why);
    note(director, by, drill_result_text(drill->result));
}

static struct drill_sight sight_now(struct director *director, uint64_t now_ms)
{
    const struct drill *drill = &director->drills->now;
    const struct config *config = world_config(director->setup->world);
    const int site = config_site(config, drill->start.site);
    const struct override *order = order_of(director);
    struct drill_sight sight = {
        .ordered = order && override_active(order, now_ms),
        .wrong = drills_wrong(director, site),
    };
    drills_see_loads(director, site, &sight);
    return sight;
}

static void look(struct director *director)
{
    struct drills *drills = director->drills;
    const uint64_t now_ms = clock_ms();
    const struct drill_sight sight = sight_now(director, now_ms);
    const enum drill_turn turn = drill_look(&drills->now, &sight, now_ms);
    if (turn == DRILL_OVER)
        finish(director, NULL);
    else if (turn == DRILL_CHANGED)
        report_changed(director);
    else
        update_report(drills);
}

void drills_pass(struct director *director)
{
    if (director->drills->running && director->serving) {
        setup_look(director->setup, clock_ms());
        look(director);
    }
    if (director->drills->unsaved)
        save(director);
}

/* Whatever must follow from it waits for the next tick: this is in the middle of publishing. */
void drills_published(struct director *director)
{
    struct drills *drills = director->drills;
    const struct snapshot *snapshot = snapshot_current();
    if (!drills->running || drills->now.published_ms != DRILL_NEVER)
        return;
    const int site = config_site(snapshot_config(snapshot), drills->now.start.site);
    if (site >= 0 && !snapshot_leads_to(snapshot, (unsigned)site) && drill_gone(&drills->now, clock_ms()))
        drills->unsaved = true;
}

/* --- beginning */

struct beginning {
    struct director *director;
    struct client *client;
    char site[DRILL_SITE_TEXT], reason[REASON_TEXT];
    uint64_t for_ms;
    bool dry_run;
};

static bool id_taken(const struct drills *drills, const char *id)
{
    size_t i;
    json_t *report;
    json_array_foreach(drills->reports, i, report) if (strcmp(json_string_value(json_object_get(report, "id")), id) == 0) return true;
    return false;
}

static void make_id(const struct drills *drills, const char *site, int64_t wall_s, char out[DRILL_ID_TEXT])
{
    struct tm at;
    const time_t seconds = (time_t)wall_s;
    char moment[32];
    gmtime_r(&seconds, &at);
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &at);
    snprintf(out, DRILL_ID_TEXT, "%s-%s", moment, site);
    for (unsigned again = 2; id_taken(drills, out); again++)
        snprintf(out, DRILL_ID_TEXT, "%s-%s-%u", moment, site, again);
}

static const json_t *row_of(const json_t *told, const char *site)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(told, "sites"), i,
                       row) if (strcmp(json_string_value(json_object_get(row, "site")), site) == 0) return row;
    return NULL;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* The fullest other site then. */
static void find_peak(const json_t *told, struct drill_start *start)
{
    size_t i;
    json_t *row;
    start->peak = -1;
    json_array_foreach(json_object_get(told, "sites"), i, row)
    {
        const json_t *then = json_object_get(row, "then"), *percent = json_object_get(then, "percent");
        const char *site = json_string_value(json_object_get(row, "site"));
        if (!percent || strcmp(site, start->site) == 0 || json_number_value(percent) <= start->peak)
            continue;
        start->peak = json_number_value(percent);
        snprintf(start->peak_site, sizeof start->peak_site, "%s", site);
    }
}

static struct drill_start make_start(const struct beginning *beginning, const json_t *told)
{
    const struct director *director = beginning->director;
    const size_t site = (size_t)config_site(world_config(director->setup->world), beginning->site);
    struct drill_sight sight = {0};
    struct drill_start start = {.since_s = clock_wall_s(),
                                .for_ms = beginning->for_ms,
                                .goals = settings(director)->goals,
                                .detect_ms = drills_detect_ms(director, site),
                                .ttl_s = drills_ttl_s(director, site),
                                .calls_past_max = number_of(told, "calls_past_max"),
                                .calls_without_site = number_of(told, "calls_without_site")};
    const json_t *now = json_object_get(row_of(told, beginning->site), "now");
    setup_look(director->setup, clock_ms());
    drills_see_loads(director, (int)site, &sight);
    start.measured = sight.trust > 0;
    start.calls = start.measured ? sight.calls : number_of(now, "calls");
    start.share = number_of(told, "calls") > 0 ? 100 * number_of(now, "calls") / number_of(told, "calls") : 0;
    memcpy(start.site, beginning->site, sizeof start.site);
    memcpy(start.reason, beginning->reason, sizeof start.reason);
    make_id(director->drills, start.site, start.since_s, start.id);
    client_who(beginning->client, start.who);
    find_peak(told, &start);
    return start;
}

static json_t *begin(struct director *director, const struct beginning *beginning, const json_t *told)
{
    struct drills *drills = director->drills;
    struct error err;
    const struct drill_start start = make_start(beginning, told);
    const uint64_t now_ms = clock_ms();
    struct override order = {.order = ORDER_FAIL, .scope = SCOPE_SITE, .since_s = start.since_s, .until_ms = now_ms + start.for_ms};
    snprintf(order.target, sizeof order.target, "%s", start.site);
    memcpy(order.reason, start.reason, sizeof order.reason);
    memcpy(order.who, start.who, sizeof order.who);
    drill_begin(&drills->now, &start, now_ms);
    drills->running = true;
    if (!orders_impose(director, &order, &err)) {
        drills->running = false;
        return reply_error("%s", err.text);
    }
    log_notice("drill %s: site %s is taken for failed for %.0f s by %s%s%s", start.id, start.site, (double)start.for_ms / 1e3, start.who,
               start.reason[0] ? ": " : "", start.reason);
    report_changed(director);
    note(director, beginning->client, "began");
    if (drills->running) /* it may be over already: another site fell meanwhile */
        look(director);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "drill", drill_json(&drills->now));
    return reply;
}

/* The figures that speak against it. */
static json_t *refuse_full(json_t *told)
{
    size_t i;
    json_t *row;
    const json_t *fullest = NULL;
    json_array_foreach(json_object_get(told, "sites"), i, row)
    {
        const json_t *then = json_object_get(row, "then");
        if (strcmp(json_string_value(json_object_get(then, "level")), "past max") == 0 &&
            (!fullest || number_of(then, "percent") > number_of(json_object_get(fullest, "then"), "percent")))
            fullest = row;
    }
    const double past = number_of(told, "calls_past_max"), lost = number_of(told, "calls_without_site");
    const bool known = strcmp(json_string_value(json_object_get(told, "calls_by")), "targets") != 0;
    const char *basis = known ? "" : " (no load is measured, so as many calls were taken as all sites want together)";
    json_t *reply =
        fullest
            ? reply_error("the other sites cannot take it: %s would be at %.0f %% of its capacity (max %.0f %%); %.0f calls would be past "
                          "the others' max, %.0f without a site%s",
                          json_string_value(json_object_get(fullest, "site")), number_of(json_object_get(fullest, "then"), "percent"),
                          number_of(fullest, "max_percent"), past, lost, basis)
            : reply_error("the other sites cannot take it: %.0f calls would be without a site%s", lost, basis);
    json_object_set_new(reply, "what_if", told);
    return reply;
}

static void on_foretold(void *context, json_t *told, const char *error)
{
    struct beginning *beginning = context;
    struct director *director = beginning->director;
    struct error err;
    const int site = director->stopping ? -1 : config_site(world_config(director->setup->world), beginning->site);
    director->drills->preparing = false;
    json_t *reply = NULL;
    if (!told)
        reply = reply_error("what the other sites can take is not known: %s", error);
    else if (director->stopping || site < 0)
        reply = reply_error(site < 0 && !director->stopping ? "the site has gone meanwhile" : "the daemon is stopping");
    else if (!drills_clear(director, (size_t)site, &err))
        reply = reply_error("%s", err.text);
    else if (!json_is_true(json_object_get(told, "holds")))
        reply = refuse_full(json_incref(told));
    else if (beginning->dry_run)
        reply = reply_ok();
    else
        reply = begin(director, beginning, told);
    if (told && !json_object_get(reply, "what_if"))
        json_object_set(reply, "what_if", told);
    json_decref(told);
    if (json_is_true(json_object_get(reply, "ok")) && !beginning->dry_run)
        persist_overrides(director, beginning->client, reply);
    else
        client_reply(beginning->client, reply);
    free(beginning);
}

void drills_begin(struct director *director, struct client *client, const struct request *request)
{
    struct target target;
    struct error err;
    bool good = target_resolve(world_config(director->setup->world), request->target, &target, &err);
    if (good && target.scope != SCOPE_SITE)
        good = error_set(&err, "%s is no site: a drill takes a whole site for failed", target.text);
    if (good && request->for_ms > DRILL_LONGEST_MS)
        good = error_set(&err, "a drill lasts for a day at most");
    if (!good || !drills_clear(director, (size_t)target.index, &err)) {
        client_reply(client, reply_error("%s", err.text));
        return;
    }
    struct beginning *beginning = mem_new(1, sizeof *beginning);
    *beginning = (struct beginning){.director = director, .client = client, .for_ms = request->for_ms, .dry_run = request->dry_run};
    snprintf(beginning->site, sizeof beginning->site, "%.63s", target.text);
    snprintf(beginning->reason, sizeof beginning->reason, "%s", request->reason);
    director->drills->preparing = true;
    foretell_present(director, "fail", beginning->site, on_foretold, beginning);
}

void drills_stop(struct director *director, struct client *client)
{
    char who[CLIENT_WHO];
    if (!director->drills->running) {
        client_reply(client, reply_error("no drill is running"));
        return;
    }
    drill_stop(&director->drills->now, client_who(client, who), clock_ms());
    finish(director, client);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "drill", drill_json(&director->drills->now));
    client_reply(client, reply);
}

/* --- telling of it */

json_t *drills_reply(const struct director *director, const char *id)
{
    const json_t *reports = director->drills->reports;
    json_t *reply = reply_ok(), *list = json_array();
    for (size_t i = json_array_size(reports); i--;) {
        json_t *report = json_array_get(reports, i);
        if (id && strcmp(json_string_value(json_object_get(report, "id")), id) == 0)
            json_object_set(reply, "drill", report);
        json_array_append_new(list, drill_summary(report));
    }
    const bool found = !id || json_object_get(reply, "drill");
    if (!id)
        json_object_set(reply, "drills", list);
    json_decref(list);
    if (found)
        return reply;
    json_decref(reply);
    return reply_error("there is no report of a drill \"%.95s\"", id);
}

json_t *drills_status(const struct director *director)
{
    const json_t *reports = director->drills->reports;
    const size_t count = json_array_size(reports);
    return director->drills->running && count ? drill_summary(json_array_get(reports, count - 1)) : json_null();
}

/* --- a restart */

void drills_restore(struct director *director, struct report *report)
{
    struct drills *drills = director->drills;
    struct error err;
    json_decref(drills->reports);
    drills->reports = drill_files_read(director->started.state, settings(director)->keep, report);
    const size_t count = json_array_size(drills->reports);
    const json_t *last = count ? json_array_get(drills->reports, count - 1) : NULL;
    const char *result = json_string_value(json_object_get(last, "result"));
    const bool was_running = result && strcmp(result, drill_result_text(DRILL_RUNNING)) == 0;
    if (was_running && drill_read(last, &drills->now, &err)) {
        const uint64_t now_ms = clock_ms();
        const struct override *order = order_of(director);
        const uint64_t left_ms = order && order->until_ms > now_ms ? order->until_ms - now_ms : 0;
        drill_resume(&drills->now, left_ms, now_ms);
        drills->running = drills->now.result == DRILL_RUNNING;
        report_changed(director);
        log_notice("drill %s of site %s: %s", drills->now.start.id, drills->now.start.site, drills->running ? "goes on" : drills->now.why);
    } else if (was_running) {
        report_warning(report, director->started.state, "the report of the last drill is unsound: %s", err.text);
    }
    if (overrides_drop(&director->overrides, ORDER_FAIL, drills->running ? drills->now.start.site : NULL)) {
        report_warning(report, director->started.state, "the order of a drill that has no report does not hold any more");
        persist_overrides(director, NULL, NULL);
    }
}
