#include "control/director.h"
#include "control/rebuild.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/drills.h"
#include "control/expiry.h"
#include "control/load.h"
#include "control/metering.h"
#include "control/orders.h"
#include "control/supervisor.h"
#include "control/transitions.h"
#include "control/web.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct view director_view(const struct director *director)
{
    return (struct view){
        .setup = director->setup,
        .overrides = &director->overrides,
        .snapshot = snapshot_current(),
        .now_ms = clock_ms(),
        .wall_s = clock_wall_s(),
    };
}

/* "6 zones, 2 services, ..., listening on 127.0.0.1:53, ..." */
static char *summary(const struct director *director)
{
    const struct config *config = world_config(director->setup->world);
    size_t count;
    const struct hostport *bound = server_addresses(director->server, &count);
    char *text = mem_format("%zu zones, %zu services, %zu sites, %zu endpoints, listening on", config->zone_count, config->service_count,
                            config->site_count, config->endpoint_count);
    for (size_t i = 0; i < count; i++) {
        char at[HOSTPORT_TEXT];
        char *longer = mem_format("%s%s %s", text, i ? "," : "", hostport_format(&bound[i], at));
        free(text);
        text = longer;
    }
    return text;
}

static void fail(struct director *director, const char *why)
{
    log_error("cannot serve: %s", why);
    director->failed = true;
    director_stop(director);
}

/* The first answers are made; where they are signed that may take a while. */
static void begin_serving(struct director *director)
{
    if (director->starting)
        return;
    director->starting = true;
    event_del(director->start_timer);
    if (!director_publish(director))
        fail(director, director->alarms.publish);
    else if (snapshot_current())
        director_published(director);
}

void director_published(struct director *director)
{
    struct error err;
    if (director->serving || !director->starting)
        return;
    if (!server_start(director->server, &err)) {
        fail(director, err.text);
        return;
    }
    director->serving = true;
    web_pulse(director->web);
    transfers_set(director->transfers, director->setup->world);
    primaries_set(director->primaries, director->setup->world);
    director->transferred = director->setup->world;
    char *text = summary(director);
    log_notice("ready: %s", text);
    journal_note(director->journal, &(struct event){.kind = EVENT_START, .what = "serving", .why = text});
    free(text);
    supervisor_ready(director);
}

/* Everything that has come in makes one build, and at once; the log comes after. */
static void take_results(struct director *director)
{
    struct beliefs *beliefs = &director->setup->beliefs;
    struct transition transitions[TRANSITIONS_NOTED];
    size_t count, transition_count = 0;
    bool changed = false;
    const struct check_result *results = inbox_take(director->inbox, &count);
    metering_bind(director->metering, director->setup->world, director->setup->place, clock_ms());
    for (size_t i = 0; i < count; i++) {
        uint16_t endpoint = 0;
        struct endpoint_health before = {0};
        const struct checkup *at = beliefs_addressee(beliefs, &results[i]);
        const bool ended = at && results[i].count > at->count; /* else it tells what is known already */
        const bool chooses = beliefs_take(beliefs, &results[i], &endpoint, &before);
        if (ended)
            metering_probe(director->metering, at);
        if (!chooses)
            continue;
        changed = true;
        director->moves.soon |= !same_verdicts(&before, &beliefs->health[endpoint]); /* doubt moves nobody */
        struct transition seen;
        if (transition_of(&before, &beliefs->health[endpoint], &seen) && transition_count++ < TRANSITIONS_NOTED)
            transitions[transition_count - 1] = transition_explained(seen, endpoint, &results[i]);
    }
    director->verdicts_changed |= changed;
    if (director->starting && changed)
        director_publish(director);
    transitions_tell(director, transitions, transition_count);
    if (!director->serving && count && beliefs_settled(beliefs))
        begin_serving(director);
}

/* Other name servers: those that fetch zones from us, and those that we fetch zones from. */
static void foreign_pass(struct director *director)
{
    transfers_pass(director->transfers);
    primaries_pass(director->primaries);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct director *director = context;
    eventfd_t raised;
    eventfd_read(fd, &raised);
    take_results(director);
    gathering_take(&director->gathering, &director->setup->meters);
    work_collect(director->loader);
    work_collect(director->writer);
    audit_collect(director->audit);
    primaries_collect(director->primaries);
    if (director->serving)
        primaries_pass(director->primaries);
    work_collect(director->signer);
    work_collect(director->moves.work);
    moves_pass(director);
}

static void on_start_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    begin_serving(context);
}

static void engine_lost(struct director *director, uint64_t now_ms)
{
    director->engine_stopped_ms = now_ms;
    if (beliefs_stop(&director->setup->beliefs, now_ms) && director->starting)
        director_publish(director);
    log_error("the probe engine has stopped: nothing is known of any endpoint any more");
}

/* Punctual probes keep their verdicts; only those that wait for too long lose them. */
static void watch_lag(struct director *director, uint64_t now_ms)
{
    const enum lag_turn turn = lag_watch(&director->lag, probe_engine_state(director->engine).behind, now_ms);
    if (turn == LAG_BEGAN)
        log_error(
            "the probe engine is behind: probes start more than a second late, or it is not run; verdicts that grow old turn unknown");
    else if (turn == LAG_ENDED)
        log_notice("the probe engine has caught up");
    if (!director->lag.alarm)
        return;
    const size_t expired = beliefs_expire(&director->setup->beliefs, director->lag.since_ms, now_ms);
    director->lag.expired += expired;
    director->verdicts_changed |= expired > 0;
    if (expired && director->starting)
        director_publish(director);
}

static void watch_engine(struct director *director, uint64_t now_ms)
{
    const bool starved = now_ms - director->last_tick_ms > STARVED_MS;
    const uint64_t heartbeat_ms = probe_engine_state(director->engine).heartbeat_ms;
    const bool old = now_ms > heartbeat_ms && now_ms - heartbeat_ms > HEARTBEAT_OLD_MS;
    if (old && !starved && !director->engine_stopped_ms)
        engine_lost(director, now_ms);
    if (!old && director->engine_stopped_ms) {
        director->engine_stopped_ms = 0;
        log_notice("the probe engine runs again");
        beliefs_install(&director->setup->beliefs, director->trust, director->engine); /* it tells anew what it knows */
    }
}

/* What operators ask first when somebody gets no answer. */
static void watch_overload(struct director *director, uint64_t now_ms)
{
    const uint64_t overloaded = server_counters(director->server).udp_overloaded;
    if (overloaded && !director->overload_ms)
        log_warning("overload: more queries come than can be answered; who is not known must wait");
    else if (!overloaded && director->overload_ms && now_ms - director->overload_ms >= OVERLOAD_OVER_MS)
        log_notice("overload: over, everybody is answered again");
    if (overloaded || (director->overload_ms && now_ms - director->overload_ms >= OVERLOAD_OVER_MS))
        director->overload_ms = overloaded ? now_ms : 0;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct director *director = context;
    const uint64_t now_ms = clock_ms();
    watch_engine(director, now_ms);
    watch_lag(director, now_ms);
    watch_overload(director, now_ms);
    director->last_tick_ms = now_ms;
    web_pulse(director->web);
    web_check(director->web);
    if (director->starting && (secrets_due(director) || ramps_moved(&director->setup->ramps, now_ms)))
        director_publish(director);
    persist_pass(director);
    journal_pass(director->journal, now_ms);
    audit_pass(director->audit, now_ms);
    habits_pass(director, now_ms);
    watch_pass(director);
    orders_pass(director);
    drills_pass(director);
    rebuild_pass(director);
    if (director->serving) {
        foreign_pass(director);
        if (audience_gather(director->audience, director->server, director->setup, director->metering, now_ms))
            director_publish(director);
        audience_watch(director->audience, director->setup, snapshot_current(), now_ms);
        moves_pass(director);
    }
    supervisor_alive(director);
}

static void on_geo_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct director *director = context;
    geo_check(director);
    certificate_check(director);
    expiry_log(&director->setup->beliefs, clock_wall_s());
}

static void on_order_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    orders_pass(context);
}

static void on_signal(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct director *director = context;
    struct signalfd_siginfo signal;
    while (read(fd, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo != SIGHUP)
            director_stop(director);
        else if (director->reloads_waiting < 2) /* one that reads already, and one for what has changed since */
            reload_begin(director, NULL, -1);
    }
}

void director_stop(struct director *director)
{
    supervisor_stopping();
    event_base_loopbreak(director->base);
}

/* Signals are read from a descriptor, in the loop; blocked before any thread starts, so that none of them is interrupted. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit fails like a full disk */
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Results go before clients: between two requests the loop looks for results. */
static bool open_loop(struct director *director, struct error *err)
{
    struct event_config *options = event_config_new();
    event_config_set_max_dispatch_interval(options, NULL, 1, PRIORITY_ADMIN);
    director->base = event_base_new_with_config(options);
    event_config_free(options);
    director->signal_fd = open_signals();
    director->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!director->base || director->signal_fd < 0 || director->wake_fd < 0)
        return error_set(err, "cannot make the event loop: %s", strerror(errno));
    event_base_priority_init(director->base, PRIORITIES);
    director->signals = event_new(director->base, director->signal_fd, EV_READ | EV_PERSIST, on_signal, director);
    director->wake = event_new(director->base, director->wake_fd, EV_READ | EV_PERSIST, on_wake, director);
    director->tick = event_new(director->base, -1, EV_PERSIST, on_tick, director);
    director->geo_timer = event_new(director->base, -1, EV_PERSIST, on_geo_timer, director);
    director->order_timer = event_new(director->base, -1, 0, on_order_timer, director);
    director->start_timer = event_new(director->base, -1, 0, on_start_timeout, director);
    struct event *const all[] = {director->signals,   director->wake,        director->tick,
                                 director->geo_timer, director->order_timer, director->start_timer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        event_priority_set(all[i], PRIORITY_RESULTS);
    return true;
}

static void start_timers(struct director *director)
{
    const struct timeval tick = {.tv_sec = TICK_MS / 1000, .tv_usec = TICK_MS % 1000 * 1000}, geo = {.tv_sec = GEO_CHECK_S};
    event_add(director->signals, NULL);
    event_add(director->wake, NULL);
    event_add(director->tick, &tick);
    event_add(director->geo_timer, &geo);
    director->last_tick_ms = clock_ms();
    orders_pass(director);
}

static unsigned cores(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

/* All that a start reads but the state; every finding is told before it fails. */
static bool read_files(struct director *director, struct world **ret_world, struct place **ret_place)
{
    struct report report;
    report_init(&report);
    director->signatures = signatures_new(SIGNATURES_MOST);
    signing_trust_clock(director);
    const struct signing_input input = {.signatures = director->signatures, .wall_s = signing_wall_s(director)};
    bool sound = load_all(director->config_path, &input, NULL, &director->serials, &report, ret_world, ret_place);
    director->trust = sound ? trust_load(world_config(*ret_world), &report) : NULL;
    if (sound && !director->trust) {
        place_unref(*ret_place);
        world_unref(*ret_world);
        sound = false;
    }
    log_findings(&report);
    report_release(&report);
    return sound;
}

static void keep_settings(struct director *director, const struct server_config *server)
{
    director->started = (struct server_config){
        .listen = mem_copy(server->listen, server->listen_count * sizeof *server->listen),
        .listen_count = server->listen_count,
        .workers = server->workers,
        .control = mem_text(server->control),
        .state = mem_text(server->state),
        .tcp = server->tcp,
        .tls = {.listen = mem_copy(server->tls.listen, server->tls.listen_count * sizeof *server->tls.listen),
                .listen_count = server->tls.listen_count,
                .certificate = server->tls.certificate ? mem_text(server->tls.certificate) : NULL,
                .handshake_ms = server->tls.handshake_ms},
    };
}

void director_note(struct director *director, const struct client *by, struct event event)
{
    char who[CLIENT_WHO], from[CLIENT_FROM];
    event.who = by ? client_who(by, who) : NULL;
    event.from = by ? client_from(by, from) : "signal";
    journal_note(director->journal, &event);
}

/* What is left is written at once, so that the next start has it, too. */
static void orders_lost(struct director *director)
{
    snprintf(director->alarms.orders, sizeof director->alarms.orders,
             "saved orders could not be read and do not hold; they are in %.400s/overrides.json.bad", director->started.state);
    persist_overrides(director, NULL, NULL);
}

/* Only once nobody else can be running on it: unsound files are moved aside here. */
static bool read_state(struct director *director, struct world *world, struct place *place, struct error *err)
{
    struct report report;
    report_init(&report);
    struct saved saved = {0};
    const int64_t wall_s = clock_wall_s();
    director->wall_offset_ms = clock_wall_ms() - (int64_t)clock_ms();
    keep_settings(director, &world_config(world)->server);
    const struct config *config = world_config(world);
    const bool writable = state_open(director->started.state, err) &&
                          (director->audit = audit_new(director->journal, director->wake_fd, &config->audit, err)) != NULL;
    if (writable) {
        if (!state_read_overrides(director->started.state, true, clock_ms(), wall_s, &report, &director->overrides))
            orders_lost(director);
        state_read_verdicts(director->started.state, true, wall_s, &report, &saved);
        state_read_secrets(director->started.state, true, &report, &director->secrets);
    }
    director->setup = setup_new(world, place, NULL, &saved, clock_ms());
    director->watch = watch_new(director->journal);
    watch_set(director->watch, config);
    if (writable) {
        persist_restore(director, &report);
        drills_restore(director, &report);
    }
    persist_serials(director);
    warn_of_void_orders(director, world_config(world), &report);
    log_findings(&report);
    saved_release(&saved);
    report_release(&report);
    return writable;
}

/* Who asks for TLS and cannot have it does not start. */
static bool open_certificate(struct director *director, const struct tls_config *tls, struct error *err)
{
    struct certificate_reading reading;
    if (tls->certificate == NULL)
        return true;
    certificate_read(tls, &reading);
    return certificate_take(&director->certificate, &reading, tls, director->server) || error_set(err, "server.tls: %s", reading.err.text);
}

/* Everything that can fail because of its surroundings, before anything is answered. */
static bool open_all(struct director *director, const struct world *world, struct error *err)
{
    const struct server_config *server = &world_config(world)->server;
    if (!open_loop(director, err) || !log_start(err))
        return false;
    director->admin = admin_new(director->base, PRIORITY_ADMIN, server->control, commands_take, director, err);
    if (!director->admin)
        return false;
    director->server = server_new(server, err);
    if (!director->server || !open_certificate(director, &server->tls, err))
        return false;
    director->web = web_new(director, world_config_ref(world), err);
    if (!director->web)
        return false;
    director->tap = tap_new(err);
    if (!director->tap)
        return false;
    server_set_tap(director->server, director->tap);
    director->transfers = transfers_new(director->base, director->wake_fd, director->server);
    director->inbox = inbox_new(director->wake_fd, sizeof(struct check_result));
    director->loader = work_new(director->wake_fd, WORK_NICE, err);
    director->writer = director->loader ? work_new(director->wake_fd, WORK_NICE, err) : NULL;
    director->signer = director->writer ? work_new(director->wake_fd, 0, err) : NULL;
    director->moves.work = director->signer ? work_new(director->wake_fd, 0, err) : NULL;
    director->primaries = director->moves.work ? primaries_new(director, director->wake_fd, err) : NULL;
    director->engine = director->primaries ? probe_engine_new(inbox_put, director->inbox, err) : NULL;
    return director->engine && gathering_open(&director->gathering, director->wake_fd, err);
}

/* With saved verdicts answers go out at once; else the first probes are waited for, but not for long. */
static void start(struct director *director)
{
    const struct beliefs *beliefs = &director->setup->beliefs;
    taps_set(director->tap, director->setup);
    beliefs_install(beliefs, director->trust, director->engine);
    meters_install(&director->setup->meters, director->gathering.collector);
    start_timers(director);
    struct error err;
    if (!web_start(director->web, &err))
        log_error("%s", err.text);
    if (beliefs->saved_count || beliefs_settled(beliefs)) {
        begin_serving(director);
        return;
    }
    const struct timeval wait = {.tv_sec = START_WAIT_MS / 1000, .tv_usec = START_WAIT_MS % 1000 * 1000};
    event_add(director->start_timer, &wait);
    log_notice("probing %zu times before the first answers, for %d s at most", beliefs->check_count, START_WAIT_MS / 1000);
}

/* From here on nothing wakes the director any more. */
static void free_events(struct director *director)
{
    struct event *const all[] = {director->signals,   director->wake,        director->tick,
                                 director->geo_timer, director->order_timer, director->start_timer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i])
            event_free(all[i]);
}

static void free_rest(struct director *director)
{
    if (director->base)
        event_base_free(director->base);
    close(director->wake_fd);
    close(director->signal_fd);
    inbox_free(director->inbox);
    overrides_release(&director->overrides);
    rebuild_release(director);
    setup_free(director->setup);
    audience_free(director->audience);
    drills_free(director->drills);
    metering_free(director->metering);
    journal_free(director->journal);
    habits_release(&director->habits);
    balance_free(director->moves.balance);
    trust_free(director->trust);
    serials_release(&director->serials);
    signatures_free(director->signatures);
    free(director->config_path);
    free(director->started.listen);
    free(director->started.control);
    free(director->started.state);
    free(director->started.tls.listen);
    free(director->started.tls.certificate);
}

/* The state is saved before clients are let go: `sipsteer stop` ends when all is done. */
static void put_away(struct director *director)
{
    director->stopping = true;
    journal_note(director->journal, &(struct event){.kind = EVENT_STOP, .what = director->failed ? "failed" : "stopping"});
    free_events(director);
    drills_last(director);
    persist_last(director);
    server_free(director->server);
    tap_free(director->tap);
    const bool fetching_ended = primaries_free(director->primaries);
    director->primaries = NULL;
    transfers_free(director->transfers);
    director->transfers = NULL;
    probe_engine_free(director->engine);
    const bool gathered = gathering_close(&director->gathering);
    const bool written = persist_end(director);
    bool idle = work_free(director->loader, STOP_LOAD_MS);
    idle = work_free(director->signer, STOP_LOAD_MS) && work_free(director->moves.work, STOP_LOAD_MS) && idle && fetching_ended && gathered;
    reload_published(director); /* those that waited for the signer */
    idle = watch_free(director->watch, STOP_HOOKS_MS) && idle;
    idle = audit_free(director->audit, STOP_WRITE_MS) && idle;
    admin_flush(director->admin, STOP_FLUSH_MS);
    admin_free(director->admin);
    web_free(director->web, STOP_FLUSH_MS);
    if (!written || !idle) { /* a thread of ours still reads what would be freed */
        log_flush(STOP_LOG_MS);
        _exit(director->failed);
    }
    snapshot_withdraw();
    free_rest(director);
}

int control_run(const char *config_path)
{
    struct director director = {.config_path = mem_text(config_path),
                                .journal = journal_new(),
                                .signal_fd = -1,
                                .wake_fd = -1,
                                .audience = audience_new(),
                                .drills = drills_new(),
                                .metering = metering_new(),
                                .moves = {.balance = balance_new()}};
    struct error err;
    journal_listen(director.journal, metering_event, director.metering);
    director.started_ms = director.loaded_ms = director.verdicts_saved_ms = clock_ms();
    struct world *world;
    struct place *place;
    bool done = read_files(&director, &world, &place);
    if (done) {
        const bool opened = open_all(&director, world, &err);
        if (opened) /* nobody else runs here: only now what may take all cores for a while */
            sign_ahead(world, place, signing_wall_s(&director), cores());
        done = opened && read_state(&director, world, place, &err);
        if (!done)
            log_error("%s", err.text);
        if (!opened) {
            place_unref(place);
            world_unref(world);
        }
    }
    director.failed = !done;
    if (done) {
        start(&director);
        if (!director.failed) /* a loop that starts forgets that it was told to stop */
            event_base_dispatch(director.base);
    }
    put_away(&director);
    if (!director.failed)
        log_notice("stopped");
    log_flush(STOP_LOG_MS);
    return director.failed;
}
