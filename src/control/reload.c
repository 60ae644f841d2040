/* New configuration, zones and geo data: read by the loader's thread, put in place whole or not at all. */
#include "control/director.h"
#include "control/rebuild.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/folder.h"
#include "control/load.h"
#include "control/plan.h"
#include "control/protocol.h"
#include "control/reload_event.h"
#include "control/supervisor.h"
#include "control/web.h"
#include "dns/serial.h"
#include "serve/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    struct job job;
    struct loading *next; /* of director->reloaded */
    struct director *director;
    struct client *client;         /* who waits for it, or NULL */
    char *path;                    /* whole reload */
    double max_move;               /* whole reload: percent of clients; negative: no bound */
    struct comparison *comparison; /* where there is a bound */
    uint64_t print;         /* geo refresh: of the files as they were when it began; 0: they have not changed, other areas are needed */
    struct areas areas;     /* as the orders needed them when it began */
    struct serials serials; /* whole reload */
    unsigned serials_version;
    struct report report;
    struct world *world; /* geo refresh: for which; then one reference is held */
    struct place *place;
    struct trust *trust;                    /* whole reload; until it is in force */
    struct certificate_reading certificate; /* whole reload of a server with TLS */
    json_t *before;                         /* what there was, for the journal; NULL: it is still there */
    struct web_reading *web;                /* whole reload of a daemon with HTTP */
    bool done_well;
};

static void loading_free(struct loading *loading)
{
    report_release(&loading->report);
    serials_release(&loading->serials);
    credentials_free(loading->certificate.credentials);
    trust_free(loading->trust);
    web_reading_free(loading->web);
    comparison_free(loading->comparison);
    json_decref(loading->before);
    free(loading->path);
    free(loading);
}

void log_findings(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].severity == SEVERITY_ERROR)
            log_error("%s", report->findings[i].text);
        else
            log_warning("%s", report->findings[i].text);
}

static bool same_listen(const struct hostport *a, size_t a_count, const struct hostport *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!addr_equal(&a[i].addr, &b[i].addr) || a[i].port != b[i].port)
            return false;
    return true;
}

static bool same_tls(const struct tls_config *a, const struct tls_config *b)
{
    if (!a->certificate != !b->certificate)
        return false;
    return !a->certificate || same_listen(a->listen, a->listen_count, b->listen, b->listen_count);
}

static bool same_limits(const struct server_config *a, const struct server_config *b)
{
    return a->tcp.idle_ms == b->tcp.idle_ms && a->tcp.clients == b->tcp.clients && a->tcp.per_client == b->tcp.per_client &&
           a->tcp.transfers == b->tcp.transfers;
}

static void warn_of_restart(const struct director *director, const struct config *config, struct report *report)
{
    const struct server_config *old = &director->started, *new = &config->server;
    const struct {
        const char *key;
        bool same;
    } keys[] = {
        {"listen", same_listen(old->listen, old->listen_count, new->listen, new->listen_count)},
        {"workers", old->workers == new->workers},
        {"control", strcmp(old->control, new->control) == 0},
        {"state", strcmp(old->state, new->state) == 0},
        {"tcp", same_limits(old, new)},
        {"tls.listen", same_tls(&old->tls, &new->tls)},
        {"tls.handshake", !new->tls.certificate || old->tls.handshake_ms == new->tls.handshake_ms},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!keys[i].same)
            report_warning(report, config->path, "server.%s is not what the daemon was started with: that takes a restart", keys[i].key);
    web_warn_of_restart(director->web, config, report);
}

void warn_of_void_orders(const struct director *director, const struct config *config, struct report *report)
{
    for (size_t i = 0; i < director->overrides.count; i++)
        if (!override_known(&director->overrides.items[i], config))
            report_warning(report, NULL, "the order on %s has no effect: there is no such target", director->overrides.items[i].target);
}

bool director_install(struct director *director, struct world *world, struct place *place, struct report *report)
{
    struct setup *old = director->setup;
    director->setup = setup_new(world, place, old, NULL, clock_ms());
    taps_set(director->tap, director->setup);
    if (director->starting && !director_publish(director)) {
        report_error(report, NULL, "%s", director->alarms.publish);
        setup_free(director->setup);
        director->setup = old;
        taps_set(director->tap, old);
        director_publish(director); /* the alarm is the old state's again */
        return false;
    }
    audience_move(director->audience, (struct locale){old->world, old->place}, (struct locale){world, place});
    setup_free(old);
    if (director->serving)
        primaries_set(director->primaries, director->setup->world);
    beliefs_install(&director->setup->beliefs, director->trust, director->engine);
    meters_install(&director->setup->meters, director->gathering.collector);
    return true;
}

static bool same_primary(const struct hostport *a, const struct hostport *b)
{
    return addr_equal(&a->addr, &b->addr) && a->port == b->port;
}

/* A zone that came from its primary while the files were read: the copy on disk was the one before. */
static void keep_newer_zones(struct director *director, const struct world *old)
{
    const struct world *world = director->setup->world;
    const struct config *config = world_config(world);
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct zone *now = world_zone(world, i);
        const int before =
            config->zones[i].primary.address.addr.family == FAMILY_NONE ? -1 : world_find_zone(old, now->apex, now->apex_len);
        if (before < 0 || !same_primary(&world_config(old)->zones[before].primary.address, &config->zones[i].primary.address))
            continue;
        struct zone *was = world_plain_zone(old, (size_t)before), *plain = world_plain_zone(world, i);
        if (!was->absent && (plain->absent || serial_after(was->serial, plain->serial)))
            rebuild_with(director, zone_ref(was));
        zone_unref(was);
        zone_unref(plain);
    }
}

static void swap_trust(struct director *director, struct loading *loading)
{
    struct trust *before = director->trust;
    director->trust = loading->trust;
    loading->trust = before;
}

static bool install(struct director *director, struct loading *loading)
{
    const struct config *config = world_config(loading->world);
    warn_of_restart(director, config, &loading->report);
    warn_of_void_orders(director, config, &loading->report);
    const int64_t offset_ms = director->sign_offset_ms;
    director->sign_offset_ms = signing_clock_offset_ms(); /* what is published now is signed by the new time */
    struct world *old = world_ref(director->setup->world);
    swap_trust(director, loading);
    json_t *before = reload_sizes(world_config(old), director->generation);
    const bool installed = director_install(director, loading->world, loading->place, &loading->report);
    if (installed) {
        loading->before = json_incref(before);
        keep_newer_zones(director, old);
    } else {
        swap_trust(director, loading);
        director->sign_offset_ms = offset_ms;
    }
    json_decref(before);
    world_unref(old);
    if (!installed)
        return false;
    audit_set(director->audit, &config->audit);
    watch_set(director->watch, config);
    signing_trust_clock(director);
    keep_serials(director, &loading->serials);
    director->alarms.signing[0] = '\0';
    director->loaded_ms = clock_ms();
    director->geo_failed_print = 0;
    director->alarms.geo[0] = '\0';
    return true;
}

static void note_reload(struct director *director, const struct loading *loading, bool done)
{
    const struct config *config = world_config(director->setup->world);
    log_findings(&loading->report);
    if (done) {
        director->alarms.reload[0] = '\0';
        director->alarms.orders[0] = '\0';
        log_notice("reloaded: %zu zones, %zu services, %zu sites, %zu endpoints", config->zone_count, config->service_count,
                   config->site_count, config->endpoint_count);
        director_note(
            director, loading->client,
            (struct event){.kind = EVENT_RELOAD,
                           .target = config->path,
                           .what = "reloaded",
                           .before = json_incref(loading->before),
                           .after = reload_outcome(reload_sizes(config, director->generation), &loading->report, loading->comparison)});
        return;
    }
    snprintf(director->alarms.reload, sizeof director->alarms.reload,
             "the last reload failed (%zu found wrong); what was loaded before is still served", loading->report.errors);
    log_error("reload failed (%zu found wrong); what was loaded before is still served", loading->report.errors);
    director_note(director, loading->client,
                  (struct event){.kind = EVENT_RELOAD,
                                 .target = loading->path,
                                 .what = "failed",
                                 .why = loading->report.count ? loading->report.findings[loading->report.count - 1].text : NULL,
                                 .after = reload_outcome(NULL, &loading->report, NULL)});
}

static void answer(const struct loading *loading, bool done)
{
    if (!loading->client)
        return;
    json_t *reply =
        done ? reply_ok() : reply_error("reload failed (%zu found wrong); what was loaded before is still served", loading->report.errors);
    json_object_set_new(reply, "findings", findings_json(&loading->report));
    client_reply(loading->client, reply);
}

/* A new world whose answers are still being signed is not answered with yet; who waits for the reload expects that it is. */
void reload_published(struct director *director)
{
    struct loading *loading = director->reloaded;
    director->reloaded = NULL;
    for (struct loading *next; loading; loading = next) {
        next = loading->next;
        const bool done = !director->alarms.publish[0] || report_error(&loading->report, NULL, "%s", director->alarms.publish);
        answer(loading, done);
        loading_free(loading);
    }
}

/* The certificate to show, of the configuration in force; NULL when the daemon was started without TLS. */
static const struct tls_config *tls_of(const struct director *director, const struct world *world)
{
    const struct tls_config *tls = &world_config(world)->server.tls;
    return director->started.tls.certificate && tls->certificate ? tls : NULL;
}

static void read_trust(struct loading *loading)
{
    loading->trust = trust_load(world_config(loading->world), &loading->report);
    if (loading->trust)
        return;
    place_unref(loading->place);
    world_unref(loading->world);
    loading->done_well = false;
}

static void run_comparison(struct job *job)
{
    comparison_run(((struct loading *)job)->comparison);
}

/* Whom it would move is found out in the loader's thread first. */
static void compare_first(struct director *director, struct loading *loading)
{
    loading->comparison = plan_comparison(director, loading->world, loading->place);
    loading->job.run = run_comparison;
    work_push(director->loader, &loading->job);
}

static bool moves_too_many(const struct loading *loading)
{
    return loading->comparison && comparison_moved(loading->comparison) > loading->max_move;
}

/* What was asked for: no fault, and no alarm. */
static void refuse_move(struct director *director, struct loading *loading)
{
    char *text = comparison_text(loading->comparison);
    place_unref(loading->place);
    world_unref(loading->world);
    log_findings(&loading->report);
    log_notice("reload refused: %s; at most %g %% were allowed", text, loading->max_move);
    director_note(director, loading->client,
                  (struct event){.kind = EVENT_RELOAD,
                                 .target = loading->path,
                                 .what = "refused",
                                 .why = text,
                                 .after = reload_outcome(NULL, &loading->report, loading->comparison)});
    if (director->serving)
        supervisor_ready(director);
    json_t *reply = reply_error("refused: %s; at most %g %% may move. What was loaded before is still served", text, loading->max_move);
    json_object_set_new(reply, "plan", comparison_json(loading->comparison));
    json_object_set_new(reply, "findings", findings_json(&loading->report));
    client_reply(loading->client, reply);
    free(text);
    loading_free(loading);
}

static void run_reload(struct job *job)
{
    struct loading *loading = (struct loading *)job;
    const struct signing_input input = {.signatures = loading->director->signatures, .wall_s = clock_wall_s(), .threads = 1};
    loading->done_well =
        load_all(loading->path, &input, &loading->areas, &loading->serials, &loading->report, &loading->world, &loading->place);
    if (loading->done_well)
        read_trust(loading);
    const struct tls_config *tls = loading->done_well ? tls_of(loading->director, loading->world) : NULL;
    if (tls)
        certificate_read(tls, &loading->certificate);
    if (loading->done_well)
        loading->web = web_read(loading->director, world_config(loading->world), &loading->report);
}

/* One that cannot be used is no reason to refuse all else that was loaded. */
static void adopt_certificate(struct director *director, struct loading *loading)
{
    const struct tls_config *tls = tls_of(director, director->setup->world);
    if (tls && !certificate_take(&director->certificate, &loading->certificate, tls, director->server))
        report_warning(&loading->report, NULL, "%s", director->certificate.alarm);
    web_adopt(director->web, loading->web);
}

/* Signed with serials that a rebuild has used meanwhile: once more. */
static void load_again(struct director *director, struct loading *loading)
{
    place_unref(loading->place);
    world_unref(loading->world);
    credentials_free(loading->certificate.credentials);
    loading->certificate.credentials = NULL;
    trust_free(loading->trust);
    loading->trust = NULL;
    web_reading_free(loading->web);
    loading->web = NULL;
    report_release(&loading->report);
    report_init(&loading->report);
    serials_release(&loading->serials);
    loading->serials = serials_copy(&director->serials);
    loading->serials_version = director->serials_version;
    comparison_free(loading->comparison);
    loading->comparison = NULL;
    overrides_areas(&director->overrides, &loading->areas);
    loading->job.run = run_reload;
    work_push(director->loader, &loading->job);
}

static void end_reload(struct job *job)
{
    struct loading *loading = (struct loading *)job;
    struct director *director = loading->director;
    bool done = loading->done_well;
    if (done && !director->stopping && loading->serials_version != director->serials_version) {
        load_again(director, loading);
        return;
    }
    if (done && !director->stopping && loading->max_move >= 0 && !loading->comparison) {
        compare_first(director, loading);
        return;
    }
    if (done && !director->stopping && moves_too_many(loading)) {
        refuse_move(director, loading);
        return;
    }
    if (done && director->stopping) {
        place_unref(loading->place);
        world_unref(loading->world);
        done = report_error(&loading->report, NULL, "the daemon is stopping");
    } else {
        done = done && install(director, loading);
        if (done)
            adopt_certificate(director, loading);
        note_reload(director, loading, done);
        if (director->serving)
            supervisor_ready(director);
    }
    director->reloads_waiting -= loading->client == NULL;
    if (done && director->signing) {
        loading->next = director->reloaded;
        director->reloaded = loading;
        return;
    }
    answer(loading, done);
    loading_free(loading);
}

void reload_begin(struct director *director, struct client *client, double max_move)
{
    struct loading *loading = mem_new(1, sizeof *loading);
    *loading = (struct loading){.job = {.run = run_reload, .done = end_reload},
                                .director = director,
                                .client = client,
                                .path = mem_text(director->config_path),
                                .max_move = max_move};
    overrides_areas(&director->overrides, &loading->areas);
    report_init(&loading->report);
    loading->serials = serials_copy(&director->serials);
    loading->serials_version = director->serials_version;
    director->reloads_waiting += client == NULL;
    supervisor_reloading();
    work_push(director->loader, &loading->job);
}

/* Of all geo files as they are on disk now; never 0. */
static uint64_t geo_print(const struct geo_config *geo)
{
    uint64_t print = 1;
    for (size_t i = 0; i < geo->database_count; i++)
        print = file_print(geo->databases[i], print);
    if (geo->nets)
        print = file_print(geo->nets, print);
    return print | 1;
}

static void run_refresh(struct job *job)
{
    struct loading *loading = (struct loading *)job;
    loading->place = place_new_areas(loading->world, &loading->areas, &loading->report);
}

static bool swap_place(struct director *director, struct loading *loading)
{
    struct place *old = director->setup->place;
    director->setup->place = loading->place;
    if (director->starting && !director_publish(director)) {
        report_error(&loading->report, NULL, "%s", director->alarms.publish);
        director->setup->place = old;
        place_unref(loading->place);
        director_publish(director);
        return false;
    }
    struct world *world = director->setup->world;
    audience_move(director->audience, (struct locale){world, old}, (struct locale){world, loading->place});
    place_unref(old);
    return true;
}

static void end_refresh(struct job *job);

static void refresh_begin(struct director *director, uint64_t print)
{
    struct loading *loading = mem_new(1, sizeof *loading);
    *loading = (struct loading){
        .job = {.run = run_refresh, .done = end_refresh}, .director = director, .print = print, .world = world_ref(director->setup->world)};
    overrides_areas(&director->overrides, &loading->areas);
    report_init(&loading->report);
    director->geo_loading = true;
    work_push(director->loader, &loading->job);
}

/* An order has come meanwhile that needs clients told apart in another way. */
static bool lacks_areas(const struct director *director, const struct loading *loading)
{
    struct areas areas;
    overrides_areas(&director->overrides, &areas);
    return !areas_cover(&loading->areas, &areas);
}

static void note_refresh(struct director *director, const struct loading *loading)
{
    const json_int_t classes = geo_classes(place_geo(director->setup->place))->count;
    director->alarms.geo[0] = '\0';
    director->geo_failed_print = 0;
    log_findings(&loading->report);
    if (loading->print == 0)
        return;
    log_notice("geo data reloaded: %lld classes", (long long)classes);
    journal_note(director->journal,
                 &(struct event){.kind = EVENT_GEO, .what = "changed files are in use", .after = json_pack("{s:I}", "classes", classes)});
}

static void note_failed_refresh(struct director *director, const struct loading *loading)
{
    log_findings(&loading->report);
    log_error("changed geo data cannot be used; the older is still in use until the files change again");
    snprintf(director->alarms.geo, sizeof director->alarms.geo, "changed geo data cannot be used: %.500s",
             loading->report.count ? loading->report.findings[loading->report.count - 1].text : "");
    journal_note(director->journal, &(struct event){.kind = EVENT_GEO, .what = "failed", .why = director->alarms.geo});
    director->geo_failed_print = loading->print ? loading->print : geo_print(&world_config(director->setup->world)->geo);
}

static void end_refresh(struct job *job)
{
    struct loading *loading = (struct loading *)job;
    struct director *director = loading->director;
    director->geo_loading = false;
    if (director->stopping || loading->world != director->setup->world) { /* a reload has brought newer data meanwhile */
        place_unref(loading->place);
    } else if (loading->place && lacks_areas(director, loading)) {
        place_unref(loading->place);
        refresh_begin(director, loading->print);
    } else if (loading->place && swap_place(director, loading)) {
        note_refresh(director, loading);
    } else {
        note_failed_refresh(director, loading);
    }
    world_unref(loading->world);
    loading_free(loading);
}

void geo_check(struct director *director)
{
    if (director->geo_loading)
        return;
    struct geo *geo = place_geo(director->setup->place);
    const bool was_missing = geo_missing(geo);
    const bool changed = geo_changed(geo);
    if (!was_missing && geo_missing(geo))
        log_error("geo data: %s is missing; the data loaded before are still in use", geo_missing(geo));
    if (!changed)
        return;
    const uint64_t print = geo_print(&world_config(director->setup->world)->geo);
    if (print == director->geo_failed_print)
        return;
    refresh_begin(director, print);
}

void areas_check(struct director *director)
{
    struct areas wanted;
    const struct areas *have = geo_areas(place_geo(director->setup->place));
    overrides_areas(&director->overrides, &wanted);
    if (director->geo_loading || (areas_cover(have, &wanted) && areas_cover(&wanted, have)))
        return;
    if (geo_print(&world_config(director->setup->world)->geo) != director->geo_failed_print)
        refresh_begin(director, 0);
}

/* A renewed certificate, read in the loader's thread. */
struct renewal {
    struct job job;
    struct director *director;
    struct world *world; /* whose configuration names the files */
    struct certificate_reading certificate;
};

/* False: a reload has named others meanwhile, and read them. */
static bool same_files(const struct tls_config *a, const struct tls_config *b)
{
    return a->certificate && b->certificate && strcmp(a->certificate, b->certificate) == 0 && strcmp(a->key, b->key) == 0;
}

static void run_renewal(struct job *job)
{
    struct renewal *renewal = (struct renewal *)job;
    certificate_read(&world_config(renewal->world)->server.tls, &renewal->certificate);
}

static void end_renewal(struct job *job)
{
    struct renewal *renewal = (struct renewal *)job;
    struct director *director = renewal->director;
    director->certificate.loading = false;
    const struct tls_config *tls = &world_config(director->setup->world)->server.tls;
    if (!director->stopping && same_files(tls, &world_config(renewal->world)->server.tls) &&
        !certificate_take(&director->certificate, &renewal->certificate, tls, director->server))
        log_error("%s", director->certificate.alarm);
    credentials_free(renewal->certificate.credentials);
    world_unref(renewal->world);
    free(renewal);
}

void certificate_check(struct director *director)
{
    const struct tls_config *tls = tls_of(director, director->setup->world);
    if (director->certificate.loading || !tls || !certificate_due(&director->certificate, tls))
        return;
    struct renewal *renewal = mem_new(1, sizeof *renewal);
    *renewal = (struct renewal){
        .job = {.run = run_renewal, .done = end_renewal}, .director = director, .world = world_ref(director->setup->world)};
    director->certificate.loading = true;
    work_push(director->loader, &renewal->job);
}
