#include "cli/show.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/table.h"
#include "control/duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

char *age_text(long long ms)
{
    char text[DURATION_TEXT];
    return mem_text(duration_format(ms > 0 ? (uint64_t)ms : 0, text));
}

static void add_age(struct table *table, long long ms)
{
    char *text = age_text(ms);
    table_add(table, text);
    free(text);
}

/* "in 3m12s" of a moment of the wall clock. */
static char *until_text(long long wall_s)
{
    char *left = age_text(wall_s * 1000 - clock_wall_ms()), *text = mem_format("for another %s", left);
    free(left);
    return text;
}

char *order_text_of(const json_t *order)
{
    if (!json_is_object(order))
        return mem_text("");
    const char *reason = text_of(order, "reason");
    char *until = number_of(order, "until_s") ? until_text(number_of(order, "until_s")) : mem_text("");
    const char *kind = text_of(order, "order");
    const bool is_switch = strcmp(kind, "switch") == 0;
    const char *what = is_switch                    ? "switched to "
                       : strcmp(kind, "drain") == 0 ? "drained"
                       : strcmp(kind, "fail") == 0  ? "in a drill, taken for failed"
                                                    : "disabled";
    char *text = mem_format("%s%s%s%s by %s%s%s", what, is_switch ? text_of(order, "to") : "", *until ? " " : "", until,
                            text_of(order, "who"), *reason ? ": " : "", reason);
    free(until);
    return text;
}

static void add_order(struct table *table, const json_t *order)
{
    char *text = order_text_of(order);
    table_add(table, text);
    free(text);
}

static void show_alert_counts(const json_t *counts)
{
    const long long critical = number_of(counts, "critical"), warning = number_of(counts, "warning");
    if (critical || warning)
        printf("alerts      %lld critical, %lld warning (sipsteer alerts)\n", critical, warning);
}

static void show_counts(const json_t *counts)
{
    printf("endpoints   %lld up, %lld draining, %lld down, %lld unknown\n", number_of(counts, "up"), number_of(counts, "draining"),
           number_of(counts, "down"), number_of(counts, "unknown"));
}

static void show_probes(const json_t *probes)
{
    if (json_is_true(json_object_get(probes, "running"))) {
        printf("probes      %lld checks, %lld probes ended, at most %lld ms late%s\n", number_of(probes, "checks"),
               number_of(probes, "ended"), number_of(probes, "late_max_ms"),
               json_is_true(json_object_get(probes, "behind")) ? "; probe engine: behind" : "");
        return;
    }
    char *age = age_text(number_of(probes, "age_ms")), since[64];
    const time_t at = (time_t)number_of(probes, "since_s");
    struct tm local;
    strftime(since, sizeof since, "%F %T", localtime_r(&at, &local));
    printf("probes      probe engine: stopped since %s (%s ago)\n", since, age);
    free(age);
}

static void show_drops(const char *name, const json_t *drops)
{
    const char *between = "", *why;
    json_t *count;
    json_object_foreach((json_t *)drops, why, count)
    {
        if (json_integer_value(count) == 0)
            continue;
        printf("%-*s%lld %s", *between ? 0 : 12, *between ? between : name, json_integer_value(count), why);
        between = ", ";
    }
    if (*between)
        putchar('\n');
}

static void show_defence(const json_t *counters)
{
    const long long valid = number_of(counters, "cookies_valid"), wrong = number_of(counters, "cookies_wrong");
    const long long badcookie = number_of(counters, "badcookie"), slipped = number_of(counters, "udp_slipped");
    show_drops("dropped", json_object_get(counters, "udp_drops"));
    if (slipped)
        printf("limited     %lld answered without records\n", slipped);
    if (valid || wrong || badcookie)
        printf("cookies     %lld valid, %lld wrong; %lld answered BADCOOKIE\n", valid, wrong, badcookie);
    if (number_of(counters, "udp_overloaded"))
        printf("overload    %lld UDP workers cannot answer all\n", number_of(counters, "udp_overloaded"));
}

static void show_connections(const json_t *counters)
{
    printf("connections %lld open", number_of(counters, "tcp_open"));
    if (number_of(counters, "tls_connections"))
        printf("; TLS: %lld queries in %lld connections, %lld handshakes, %lld of them resumed", number_of(counters, "tls_queries"),
               number_of(counters, "tls_connections"), number_of(counters, "tls_handshakes"), number_of(counters, "tls_resumed"));
    if (number_of(counters, "transfers"))
        printf("; %lld transfers, %lld under way", number_of(counters, "transfers"), number_of(counters, "transferring"));
    putchar('\n');
    show_drops("closed", json_object_get(counters, "tcp_drops"));
}

static void show_counters(const json_t *counters)
{
    static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    printf("queries     %lld over UDP (%lld not answered), %lld over TCP in %lld connections; %lld steered, %lld truncated\n",
           number_of(counters, "udp_queries"), number_of(counters, "udp_dropped"), number_of(counters, "tcp_queries"),
           number_of(counters, "tcp_connections"), number_of(counters, "steered"), number_of(counters, "truncated"));
    const json_t *list = json_object_get(counters, "rcodes");
    const char *between = "answers     ";
    for (size_t i = 0; i < sizeof rcodes / sizeof *rcodes; i++) {
        const long long count = json_integer_value(json_array_get(list, i));
        if (count) {
            printf("%s%lld %s", between, count, rcodes[i]);
            between = ", ";
        }
    }
    if (*between == ',')
        putchar('\n');
    show_defence(counters);
    show_connections(counters);
}

static void show_transfers(const json_t *transfers)
{
    const long long sent = number_of(transfers, "sent"), broken = number_of(transfers, "broken_off"),
                    refused = number_of(transfers, "refused");
    if (sent + broken + refused)
        printf("transfers   %lld sent, %lld broken off; %lld requests refused for their address, key or signature\n", sent, broken,
               refused);
}

static void show_tap(const char *name, const json_t *tap)
{
    if (!json_is_true(json_object_get(tap, "on")))
        return;
    printf("%-12s%s, one in %lld: %lld written; lost: %lld for want of time, %lld for want of a target\n", name, text_of(tap, "target"),
           number_of(tap, "sample"), number_of(tap, "written"), number_of(tap, "lost_crowded"), number_of(tap, "lost_failed"));
}

static void show_list(const char *name, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) printf("%-12s%s\n", i ? "" : name, json_string_value(item));
}

static void show_tls(const json_t *tls)
{
    if (!tls)
        return;
    char end[64];
    const time_t at = (time_t)number_of(tls, "end_s");
    struct tm utc;
    strftime(end, sizeof end, "%F %TZ", gmtime_r(&at, &utc));
    show_list("TLS", json_object_get(tls, "listen"));
    printf("certificate %s, ends %s\n", text_of(tls, "certificate"), end);
}

static void list_zones(const json_t *zones)
{
    size_t i;
    json_t *zone;
    json_array_foreach(zones, i, zone) printf("%-12s%s serial %lld, %lld names, %s\n", i ? "" : "zones", text_of(zone, "name"),
                                              number_of(zone, "serial"), number_of(zone, "names"), text_of(zone, "file"));
}

static void show_sources(const json_t *load)
{
    if (number_of(load, "sources"))
        printf("load        %lld sources, %lld stale; %lld times asked, %lld times in vain\n", number_of(load, "sources"),
               number_of(load, "stale"), number_of(load, "asked"), number_of(load, "failed"));
}

void show_status(const json_t *reply)
{
    const json_t *status = json_object_get(reply, "status"), *geo = json_object_get(status, "geo"), *alarm;
    size_t i;
    json_array_foreach(json_object_get(status, "alarms"), i, alarm) printf("ALARM       %s\n", json_string_value(alarm));
    char *uptime = age_text(number_of(status, "uptime_ms")), *loaded = age_text(number_of(status, "loaded_age_ms"));
    printf("%s, process %lld, %s, up %s\n", text_of(status, "program"), number_of(status, "pid"), text_of(status, "phase"), uptime);
    printf("config      %s, loaded %s ago\n", text_of(status, "config"), loaded);
    printf("snapshot    %lld, made and published in %.1f ms (at most %.1f ms)\n", number_of(status, "generation"),
           (double)number_of(status, "publish_us") / 1e3, (double)number_of(status, "publish_max_us") / 1e3);
    free(uptime);
    free(loaded);
    show_list("listening", json_object_get(status, "listen"));
    show_tls(json_object_get(status, "tls"));
    list_zones(json_object_get(status, "zones"));
    show_alert_counts(json_object_get(status, "alerts"));
    show_counts(json_object_get(status, "endpoints"));
    show_probes(json_object_get(status, "probes"));
    show_sources(json_object_get(status, "load"));
    printf("geo         %lld classes of clients, %lld nodes\n", number_of(geo, "classes"), number_of(geo, "nodes"));
    show_list("geo files", json_object_get(geo, "files"));
    show_counters(json_object_get(status, "counters"));
    show_transfers(json_object_get(status, "transfers"));
    show_tap("dnstap", json_object_get(status, "dnstap"));
    show_tap("query log", json_object_get(status, "query_log"));
    const json_t *overrides = json_object_get(status, "overrides"), *drill = json_object_get(status, "drill");
    if (json_is_object(drill))
        printf("drill       %s: site %s is taken for failed by %s (sipsteer drills)\n", text_of(drill, "id"), text_of(drill, "site"),
               text_of(drill, "who"));
    if (json_array_size(overrides)) {
        puts("orders");
        show_overrides(status);
    }
}

void add_back(struct table *table, const char *verdict, const json_t *object, const char *doubt)
{
    const json_t *share = json_object_get(object, "share");
    if (json_is_integer(share) && json_integer_value(share) < 100)
        table_addf(table, "%s%s, back at %lld %%", verdict, doubt, json_integer_value(share));
    else
        table_addf(table, "%s%s", verdict, doubt);
}

void show_sites(const json_t *reply)
{
    struct table table;
    table_init(&table, (const char *const[]){"SITE", "REGION", "UP", "DRAINING", "DOWN", "UNKNOWN", "MIN UP", "CALLS", "FULL", "LOCATION",
                                             "BIAS", "ORDER", NULL});
    size_t i;
    json_t *site;
    json_array_foreach(json_object_get(reply, "sites"), i, site)
    {
        const json_t *counts = json_object_get(site, "endpoints");
        table_add(&table, text_of(site, "site"));
        table_add(&table, text_of(site, "region"));
        char *up = mem_format("%lld/%lld", number_of(counts, "up"), number_of(counts, "total"));
        add_back(&table, up, site, "");
        free(up);
        table_addf(&table, "%lld", number_of(counts, "draining"));
        table_addf(&table, "%lld", number_of(counts, "down"));
        table_addf(&table, "%lld", number_of(counts, "unknown"));
        table_addf(&table, "%lld", number_of(site, "min_up"));
        const json_t *load = json_object_get(site, "load");
        char *calls = amount_text(json_object_get(load, "calls")), *full = percent_text(json_object_get(load, "ratio"));
        table_add(&table, calls);
        table_add(&table, full);
        free(calls);
        free(full);
        table_addf(&table, "%.2f,%.2f", json_number_value(json_object_get(site, "latitude")),
                   json_number_value(json_object_get(site, "longitude")));
        table_addf(&table, "%lld%%", number_of(site, "bias"));
        add_order(&table, json_object_get(site, "order"));
    }
    table_print(&table);
}

char *reason_text_of(const json_t *endpoint)
{
    const long long falls = number_of(endpoint, "falls");
    if (!number_of(endpoint, "held_ms") || strcmp(text_of(endpoint, "verdict"), "up") == 0)
        return mem_text(text_of(endpoint, "reason"));
    char *left = age_text(number_of(endpoint, "held_ms"));
    char *text = mem_format("%s; held down for another %s after %lld fall%s too soon%s", text_of(endpoint, "reason"), left, falls,
                            falls == 1 ? "" : "s", json_is_true(json_object_get(endpoint, "held")) ? ", though it answers" : "");
    free(left);
    return text;
}

/* Until when a certificate is good; nothing for 0. */
static void add_date(struct table *table, json_int_t at_s)
{
    const time_t at = (time_t)at_s;
    char date[16] = "";
    struct tm utc;
    if (at_s)
        strftime(date, sizeof date, "%F", gmtime_r(&at, &utc));
    table_add(table, date);
}

static void add_check(struct table *table, const json_t *check)
{
    table_add(table, text_of(check, "probe"));
    table_add(table, text_of(check, "address"));
    if (!number_of(check, "probes")) {
        table_add(table, check ? "-" : "");
        for (int i = 0; i < 3; i++)
            table_add(table, "");
        return;
    }
    char *age = age_text(number_of(check, "last_age_ms"));
    const char *detail = text_of(check, "detail");
    table_addf(table, "%s%s%s, %s ago", text_of(check, "last"), *detail ? ": " : "", detail, age);
    free(age);
    if (number_of(check, "rtt_us"))
        table_addf(table, "%.1f ms", (double)number_of(check, "rtt_us") / 1000);
    else
        table_add(table, "-");
    table_addf(table, "%lld", number_of(check, "probes"));
    add_date(table, number_of(check, "certificate_end_s"));
}

static void add_endpoint(struct table *table, const json_t *endpoint, const json_t *check, bool first)
{
    if (first) {
        table_addf(table, "%s/%s", text_of(endpoint, "site"), text_of(endpoint, "host"));
        add_back(table, text_of(endpoint, "verdict"), endpoint, json_is_true(json_object_get(endpoint, "doubt")) ? " (in doubt)" : "");
        add_age(table, number_of(endpoint, "age_ms"));
        char *reason = reason_text_of(endpoint);
        table_add(table, reason);
        free(reason);
        add_order(table, json_object_get(endpoint, "order"));
    } else {
        for (int i = 0; i < 5; i++)
            table_add(table, "");
    }
    add_check(table, check);
}

void show_endpoints(const json_t *reply)
{
    struct table table;
    table_init(&table, (const char *const[]){"ENDPOINT", "VERDICT", "FOR", "REASON", "ORDER", "PROBE", "AT", "LAST", "RTT", "PROBES",
                                             "CERTIFICATE UNTIL", NULL});
    size_t i;
    json_t *endpoint;
    json_array_foreach(json_object_get(reply, "endpoints"), i, endpoint)
    {
        const json_t *checks = json_object_get(endpoint, "checks");
        add_endpoint(&table, endpoint, json_array_get(checks, 0), true);
        for (size_t c = 1; c < json_array_size(checks); c++)
            add_endpoint(&table, endpoint, json_array_get(checks, c), false);
    }
    table_print(&table);
}

static void add_state(struct table *table, const json_t *order)
{
    if (!json_is_true(json_object_get(order, "known")))
        table_add(table, "no such target now");
    else if (json_is_true(json_object_get(order, "active")))
        table_add(table, "in force");
    else if (json_is_true(json_object_get(order, "planned"))) {
        char *left = age_text(number_of(order, "from_s") * 1000 - clock_wall_ms());
        table_addf(table, "planned, in %s", left);
        free(left);
    } else if (json_is_true(json_object_get(order, "covered")))
        table_add(table, "after the newer one");
    else {
        char *until = until_text(number_of(order, "suspended_until_s"));
        table_addf(table, "enabled %s", until);
        free(until);
    }
}

void show_overrides(const json_t *reply)
{
    const json_t *list = json_object_get(reply, "overrides");
    if (!json_array_size(list)) {
        puts("no orders");
        return;
    }
    struct table table;
    table_init(&table, (const char *const[]){"ID", "TARGET", "ORDER", "TO", "STATE", "GIVEN", "ENDS", "BY", "REASON", NULL});
    size_t i;
    json_t *order;
    json_array_foreach(list, i, order)
    {
        char *until = number_of(order, "until_s")
                          ? until_text(number_of(order, "until_s"))
                          : mem_text(strcmp(text_of(order, "order"), "switch") == 0 ? "when reverted" : "when enabled");
        char *age = age_text(clock_wall_ms() - number_of(order, "since_s") * 1000);
        table_addf(&table, "%lld", number_of(order, "id"));
        table_add(&table, text_of(order, "target"));
        table_add(&table, text_of(order, "order"));
        table_add(&table, text_of(order, "to"));
        add_state(&table, order);
        table_addf(&table, "%s ago", age);
        table_add(&table, until);
        table_add(&table, text_of(order, "who"));
        table_add(&table, text_of(order, "reason"));
        free(until);
        free(age);
    }
    table_print(&table);
}

void show_report(const json_t *reply)
{
    printf("%s reports: %s\n", text_of(reply, "target"), text_of(reply, "verdict"));
}

void show_metrics(const json_t *reply)
{
    fputs(text_of(reply, "metrics"), stdout);
}

/* "at 2026-11-22 22:00:00 (in 3h05m)" */
static char *beginning_text(long long wall_s)
{
    char at[64], *left = age_text(wall_s * 1000 - clock_wall_ms());
    const time_t moment = (time_t)wall_s;
    struct tm local;
    strftime(at, sizeof at, "%F %T", localtime_r(&moment, &local));
    char *text = mem_format("at %s (in %s)", at, left);
    free(left);
    return text;
}

static void show_planned(const json_t *reply, const json_t *order, const char *text)
{
    char *begins = beginning_text(number_of(order, "from_s"));
    printf("%s: planned, %s: %s (order %lld)\n", text_of(reply, "target"), begins, text, number_of(order, "id"));
    free(begins);
}

static void show_reverted(const json_t *reply)
{
    const json_t *reverted = json_object_get(reply, "reverted");
    printf("%s: order %lld is undone (%s%s%s)\n", text_of(reply, "target"), number_of(reverted, "id"), text_of(reverted, "order"),
           *text_of(reverted, "to") ? " to " : "", text_of(reverted, "to"));
}

void show_order(const json_t *reply)
{
    const json_t *order = json_object_get(reply, "order");
    char *text = order_text_of(order);
    if (json_object_get(reply, "reverted"))
        show_reverted(reply);
    if (json_is_true(json_object_get(order, "planned")))
        show_planned(reply, order, text);
    else if (!*text && json_object_get(reply, "reverted"))
        ;
    else if (!*text)
        printf("%s is enabled\n", text_of(reply, "target"));
    else if (json_is_true(json_object_get(order, "active")))
        printf("%s is %s\n", text_of(reply, "target"), text);
    else {
        char *until = until_text(number_of(order, "suspended_until_s"));
        printf("%s is enabled %s, then again %s\n", text_of(reply, "target"), until, text);
        free(until);
    }
    free(text);
    char *replaced = order_text_of(json_object_get(reply, "replaced"));
    if (*replaced)
        printf("before, it was %s%s\n", replaced,
               json_is_true(json_object_get(reply, "returns")) ? "; that holds again afterwards" : "; that is replaced");
    free(replaced);
    if (*text_of(reply, "warning"))
        fprintf(stderr, "warning: %s\n", text_of(reply, "warning"));
}

void show_findings(const json_t *reply)
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(reply, "findings"), i, finding)
        fprintf(stderr, "%s: %s\n", text_of(finding, "severity"), text_of(finding, "text"));
}
