#include "cli/show_top.h"

#include "cli/show.h"
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const top_view_words[TOP_VIEWS] = {"service", "class", "site", "resolver"};

/* --- rates */

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* Of counters that start anew with the daemon. */
static double rate_of(json_int_t before, json_int_t now, double seconds)
{
    return seconds > 0 && now > before ? (double)(now - before) / seconds : 0;
}

static double counter_rate(const json_t *before, const json_t *now, const char *key, double seconds)
{
    return rate_of(json_integer_value(json_object_get(before, key)), json_integer_value(json_object_get(now, key)), seconds);
}

static json_t *rcode_rates(const json_t *before, const json_t *now, double seconds)
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    json_t *rates = json_object();
    double rest = 0;
    for (size_t i = 0; i < json_array_size(json_object_get(now, "rcodes")); i++) {
        const double rate = rate_of(json_integer_value(json_array_get(json_object_get(before, "rcodes"), i)),
                                    json_integer_value(json_array_get(json_object_get(now, "rcodes"), i)), seconds);
        if (i < sizeof names / sizeof *names)
            json_object_set_new(rates, names[i], json_real(rate));
        else
            rest += rate;
    }
    json_object_set_new(rates, "BADCOOKIE", json_real(counter_rate(before, now, "badcookie", seconds)));
    json_object_set_new(rates, "others", json_real(rest));
    return rates;
}

static json_t *drop_rates(const json_t *before, const json_t *now, double seconds)
{
    json_t *rates = json_object(), *drops = json_object_get(now, "udp_drops"), *count;
    const char *why;
    json_object_foreach(drops, why, count)
        json_object_set_new(rates, why, json_real(counter_rate(json_object_get(before, "udp_drops"), drops, why, seconds)));
    return rates;
}

json_t *top_rates(const json_t *before, const json_t *now)
{
    const double seconds = before ? (double)(number_of(now, "uptime_ms") - number_of(before, "uptime_ms")) / 1000 : 0;
    const json_t *was = json_object_get(before, "counters"), *is = json_object_get(now, "counters");
    const double udp = counter_rate(was, is, "udp_queries", seconds), tcp = counter_rate(was, is, "tcp_queries", seconds);
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "seconds", seconds > 0 ? seconds : 0.0, "queries", udp + tcp, "udp",
                     udp, "tcp", tcp, "tls", counter_rate(was, is, "tls_queries", seconds), "answers",
                     counter_rate(was, is, "udp_answers", seconds) + counter_rate(was, is, "tcp_answers", seconds), "steered",
                     counter_rate(was, is, "steered", seconds), "rcodes", rcode_rates(was, is, seconds), "dropped",
                     drop_rates(was, is, seconds));
}

/* --- the heading */

/* "NAME  1.0/s NOERROR, 2.0/s NXDOMAIN" of what there is any of. */
static void show_some(const char *name, const json_t *rates, FILE *to)
{
    const char *what, *between = "";
    json_t *rate;
    json_object_foreach((json_t *)rates, what, rate)
    {
        if (json_number_value(rate) <= 0)
            continue;
        fprintf(to, "%-*s%.1f %s", *between ? 0 : 9, *between ? between : name, json_number_value(rate), what);
        between = ", ";
    }
    if (*between)
        fputc('\n', to);
}

static void show_heading(const json_t *top, const json_t *rates, FILE *to)
{
    const json_t *alarms = json_object_get(top, "alarms"), *demand = json_object_get(top, "demand");
    const time_t at = (time_t)number_of(top, "at_s");
    struct tm local;
    char time[32];
    strftime(time, sizeof time, "%T", localtime_r(&at, &local));
    fprintf(to, "%s  %s, generation %lld", time, text_of(top, "phase"), number_of(top, "generation"));
    if (json_array_size(alarms))
        fprintf(to, "; %zu alarm%s: %s", json_array_size(alarms), json_array_size(alarms) == 1 ? "" : "s",
                json_string_value(json_array_get(alarms, 0)));
    fputc('\n', to);
    if (real_of(rates, "seconds") <= 0) {
        fputs("queries  rates come with the next look\n\n", to);
        return;
    }
    fprintf(to, "queries  %.1f/s: %.1f UDP, %.1f TCP, %.1f of them TLS; %.1f steered\n", real_of(rates, "queries"), real_of(rates, "udp"),
            real_of(rates, "tcp"), real_of(rates, "tls"), real_of(rates, "steered"));
    show_some("answers", json_object_get(rates, "rcodes"), to);
    show_some("dropped", json_object_get(rates, "dropped"), to);
    if (json_is_true(json_object_get(demand, "measured")))
        fprintf(to, "below    steered answers a second, smoothed over %lld s\n", number_of(demand, "half_life_s"));
    else
        fputs("below    nothing counted yet: shares are those of addresses\n", to);
    fputc('\n', to);
}

/* --- the views */

static void add_rate(struct table *table, const json_t *of, bool measured)
{
    if (measured)
        table_addf(table, "%.1f/s", real_of(of, "rate"));
    else
        table_add(table, "");
    table_addf(table, "%.1f %%", real_of(of, "share") * 100);
}

static void add_services(struct table *table, const json_t *demand, bool measured, size_t rows)
{
    size_t i;
    json_t *service;
    table_init(table, (const char *const[]){"SERVICE", "ANSWERS", "SHARE", NULL});
    json_array_foreach(json_object_get(demand, "services"), i, service)
    {
        if (i >= rows)
            return;
        table_add(table, text_of(service, "service"));
        add_rate(table, service, measured);
    }
}

static void add_classes(struct table *table, const json_t *demand, bool measured, size_t rows)
{
    size_t i;
    json_t *flow;
    table_init(table, (const char *const[]){"SERVICE", "NEAREST", "CLIENTS AT", "CLASS", "ANSWERS", "SHARE", NULL});
    json_array_foreach(json_object_get(demand, "flows"), i, flow)
    {
        if (i >= rows)
            return;
        table_add(table, text_of(flow, "service"));
        table_add(table, text_of(flow, "nearest"));
        if (json_object_get(flow, "latitude"))
            table_addf(table, "%.1f,%.1f", real_of(flow, "latitude"), real_of(flow, "longitude"));
        else
            table_add(table, "-");
        table_addf(table, "%lld", number_of(flow, "class"));
        add_rate(table, flow, measured);
    }
}

static void add_resolvers(struct table *table, const json_t *demand, size_t rows)
{
    size_t i;
    json_t *network;
    table_init(table, (const char *const[]){"CLIENT NETWORK", "ANSWERS", "SHARE", "SPREAD", NULL});
    json_array_foreach(json_object_get(demand, "networks"), i, network)
    {
        if (i >= rows)
            return;
        table_add(table, text_of(network, "network"));
        add_rate(table, network, true);
        table_add(table, json_is_true(json_object_get(network, "lottery")) ? "by lottery" : "");
    }
}

static void add_text(struct table *table, char *text)
{
    table_add(table, text);
    free(text);
}

/* "up", "2 of 3 up", "down", and what is ordered. */
static void add_state(struct table *table, const json_t *site)
{
    const json_t *counts = json_object_get(site, "endpoints");
    const long long up = number_of(counts, "up"),
                    all = up + number_of(counts, "draining") + number_of(counts, "down") + number_of(counts, "unknown");
    if (up == all)
        table_add(table, "up");
    else
        table_addf(table, "%lld of %lld up", up, all);
    table_addf(table, "%s", real_of(site, "price_km") > 0 ? "full: callers are moved" : "");
    add_text(table, order_text_of(json_object_get(site, "order")));
}

static const json_t *find_site(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (strcmp(text_of(item, "site"), name) == 0) return item;
    return NULL;
}

static void add_sites(struct table *table, const json_t *top, const json_t *demand, bool measured, size_t rows)
{
    size_t i;
    json_t *of;
    table_init(table, (const char *const[]){"SITE", "NEAREST OF", "SHARE", "CALLS", "OF", "FULL", "TARGET", "MAX", "STATE", "ROOM", "ORDER",
                                            NULL});
    json_array_foreach(json_object_get(demand, "sites"), i, of)
    {
        const json_t *site = find_site(json_object_get(top, "sites"), text_of(of, "site"));
        const json_t *load = json_object_get(site, "load");
        if (i >= rows || !site)
            return;
        table_add(table, text_of(of, "site"));
        add_rate(table, of, measured);
        add_text(table, amount_text(json_object_get(load, "calls")));
        table_addf(table, "%.0lld", number_of(load, "capacity"));
        add_text(table, percent_text(json_object_get(load, "ratio")));
        add_text(table, percent_text(json_object_get(load, "target")));
        add_text(table, percent_text(json_object_get(load, "max")));
        add_state(table, site);
    }
}

void show_top(const json_t *top, const json_t *rates, enum top_view view, size_t rows, FILE *to)
{
    const json_t *demand = json_object_get(top, "demand");
    const bool measured = json_is_true(json_object_get(demand, "measured"));
    struct table table;
    show_heading(top, rates, to);
    switch (view) {
    case TOP_CLASSES: add_classes(&table, demand, measured, rows); break;
    case TOP_SITES: add_sites(&table, top, demand, measured, rows); break;
    case TOP_RESOLVERS: add_resolvers(&table, demand, rows); break;
    default: add_services(&table, demand, measured, rows);
    }
    table_write(&table, to);
}
