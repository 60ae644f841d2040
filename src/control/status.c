/* What `status` tells. */
#include "control/director.h"

#include "base/clock.h"
#include "control/describe.h"
#include "control/drills.h"
#include "control/watch.h"
#include "control/web.h"

#include <unistd.h>

json_t *zones_json(const struct director *director)
{
    const struct world *world = director->setup->world;
    json_t *list = json_array();
    for (size_t i = 0; i < world_config(world)->zone_count; i++) {
        const struct zone *zone = world_zone(world, i);
        json_t *object = json_pack("{s:s, s:I, s:s, s:I, s:b, s:b}", "name", world_config(world)->zones[i].name, "serial",
                                   (json_int_t)zone->serial, "file", zone->file, "names", (json_int_t)zone->node_count, "signed",
                                   zone->denial != DENIAL_NONE, "absent", zone->absent);
        if (director->serving) {
            transfers_describe(director->transfers, i, object);
            primaries_describe(director->primaries, i, object);
        }
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *listen_json(const struct hostport *bound, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char at[HOSTPORT_TEXT];
        json_array_append_new(list, json_string(hostport_format(&bound[i], at)));
    }
    return list;
}

static void add_listen(json_t *object, const struct director *director)
{
    size_t count, tls_count;
    const struct hostport *bound = server_addresses(director->server, &count);
    const struct hostport *tls_bound = server_tls_addresses(director->server, &tls_count);
    const char *file = world_config(director->setup->world)->server.tls.certificate;
    json_object_set_new(object, "listen", listen_json(bound, count));
    if (tls_count)
        json_object_set_new(object, "tls",
                            json_pack("{s:o, s:s?, s:I}", "listen", listen_json(tls_bound, tls_count), "certificate", file, "end_s",
                                      (json_int_t)director->certificate.end_s));
}

static json_t *drops_json(const struct server_counters *at)
{
    json_t *drops = json_object();
    for (unsigned why = 0; why < TCP_DROPS; why++)
        json_object_set_new(drops, tcp_drop_text(why), json_integer((json_int_t)at->tcp_drops[why]));
    return drops;
}

static void add_tcp_counters(json_t *object, const struct server_counters *at)
{
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"tcp_open", at->tcp_open},        {"tls_connections", at->tls_connections}, {"tls_handshakes", at->tls_handshakes},
                   {"tls_resumed", at->tls_resumed},  {"tls_queries", at->tls_queries},         {"transfers", at->transfers},
                   {"transferring", at->transferring}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(object, numbers[i].key, json_integer((json_int_t)numbers[i].value));
    json_object_set_new(object, "tcp_drops", drops_json(at));
}

static void add_defence_counters(json_t *object, const struct server_counters *at)
{
    json_t *drops = json_object();
    for (unsigned why = 0; why < UDP_DROPS; why++)
        json_object_set_new(drops, udp_drop_text(why), json_integer((json_int_t)at->udp_drops[why]));
    json_object_set_new(object, "udp_drops", drops);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"udp_slipped", at->udp_slipped},
                   {"udp_overloaded", at->udp_overloaded},
                   {"badcookie", at->badcookie},
                   {"cookies_valid", at->cookies_valid},
                   {"cookies_wrong", at->cookies_wrong}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(object, numbers[i].key, json_integer((json_int_t)numbers[i].value));
}

json_t *status_counters(const struct server *server)
{
    const struct server_counters at = server_counters(server);
    json_t *rcodes = json_array();
    for (size_t i = 0; i < SERVER_RCODES; i++)
        json_array_append_new(rcodes, json_integer((json_int_t)at.rcodes[i]));
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "udp_queries", (json_int_t)at.udp_queries, "udp_answers",
                  (json_int_t)at.udp_answers, "udp_dropped", (json_int_t)at.udp_dropped, "udp_send_errors", (json_int_t)at.udp_send_errors,
                  "tcp_connections", (json_int_t)at.tcp_connections, "tcp_queries", (json_int_t)at.tcp_queries, "tcp_answers",
                  (json_int_t)at.tcp_answers, "steered", (json_int_t)at.steered, "truncated", (json_int_t)at.truncated, "rcodes", rcodes);
    add_tcp_counters(object, &at);
    add_defence_counters(object, &at);
    return object;
}

static json_t *probes_json(const struct director *director, const struct view *view)
{
    const struct probe_engine_state state = probe_engine_state(director->engine);
    const uint64_t age_ms = view->now_ms > state.heartbeat_ms ? view->now_ms - state.heartbeat_ms : 0;
    json_t *object =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:b}", "running", !director->engine_stopped_ms, "heartbeat_age_ms",
                  (json_int_t)age_ms, "checks", (json_int_t)director->setup->beliefs.check_count, "started", (json_int_t)state.started,
                  "ended", (json_int_t)state.ended, "late_max_ms", (json_int_t)state.late_max_ms, "late_p99_ms",
                  state.late_p99_tenths / 10.0, "per_second", (json_int_t)state.per_second, "behind", (int)state.behind);
    if (director->engine_stopped_ms)
        describe_since(view, object, director->engine_stopped_ms);
    return object;
}

static json_t *geo_json(const struct setup *setup)
{
    const struct geo *geo = place_geo(setup->place);
    const struct geo_config *config = &world_config(setup->world)->geo;
    json_t *files = json_array();
    for (size_t i = 0; i < config->database_count; i++)
        json_array_append_new(files, json_string(config->databases[i]));
    if (config->nets)
        json_array_append_new(files, json_string(config->nets));
    return json_pack("{s:I, s:I, s:o}", "classes", (json_int_t)geo_classes(geo)->count, "nodes", (json_int_t)geo_trie(geo)->node_count,
                     "files", files);
}

const char *director_phase(const struct director *director)
{
    return director->serving ? "serving" : "probing before the first answers";
}

static json_t *suspect_json(const struct view *view)
{
    json_t *object =
        json_pack("{s:b, s:I}", "active", view->setup->suspect, "window_ms", (json_int_t)beliefs_window_ms(&view->setup->beliefs));
    if (view->setup->suspect)
        describe_since(view, object, view->setup->suspect_since_ms);
    return object;
}

json_t *status_json(struct director *director)
{
    const struct view view = director_view(director);
    json_t *object = json_pack("{s:s, s:i, s:s, s:s, s:I}", "program", "sipsteerd " SIPSTEER_VERSION, "pid", (int)getpid(), "config",
                               director->config_path, "phase", director_phase(director), "generation", (json_int_t)director->generation);
    json_object_set_new(object, "publish_us", json_integer((json_int_t)director->publish_us));
    json_object_set_new(object, "publish_max_us", json_integer((json_int_t)director->publish_max_us));
    json_object_set_new(object, "uptime_ms", json_integer((json_int_t)(view.now_ms - director->started_ms)));
    json_object_set_new(object, "loaded_age_ms", json_integer((json_int_t)(view.now_ms - director->loaded_ms)));
    json_object_set_new(object, "alarms", watch_alarms(director));
    json_object_set_new(object, "alerts", watch_counts(director));
    add_listen(object, director);
    json_object_set_new(object, "http", web_json(director->web));
    json_object_set_new(object, "zones", zones_json(director));
    json_object_set_new(object, "endpoints", describe_counts(&view, 0, world_config(director->setup->world)->endpoint_count));
    json_object_set_new(object, "probes", probes_json(director, &view));
    json_object_set_new(object, "load", describe_sources(&view, director->gathering.collector));
    json_object_set_new(object, "suspect", suspect_json(&view));
    json_object_set_new(object, "geo", geo_json(director->setup));
    json_object_set_new(object, "counters", status_counters(director->server));
    json_object_set_new(object, "transfers", transfers_json(director->transfers));
    json_object_set_new(object, "overrides", describe_overrides(&view));
    json_object_update_new(object, taps_json(director->tap));
    json_object_set_new(object, "drill", drills_status(director));
    return object;
}
