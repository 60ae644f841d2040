#include "base/memory.h"
#include "cli/show.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_client(const json_t *explain)
{
    const json_t *place = json_object_get(explain, "place");
    printf("client      %s", text_of(explain, "client"));
    if (json_is_true(json_object_get(place, "known")))
        printf(", at %.2f,%.2f", json_number_value(json_object_get(place, "latitude")),
               json_number_value(json_object_get(place, "longitude")));
    else
        printf(", at an unknown place");
    if (*text_of(place, "country"))
        printf(", %s", text_of(place, "country"));
    if (*text_of(place, "continent"))
        printf(" (%s)", text_of(place, "continent"));
    if (number_of(place, "asn"))
        printf(", AS%lld", number_of(place, "asn"));
    if (*text_of(place, "source"))
        printf("; %s says so of %s", text_of(place, "source"), text_of(place, "network"));
    putchar('\n');
    if (*text_of(explain, "place_error"))
        printf("            %s\n", text_of(explain, "place_error"));
    if (json_is_true(json_object_get(explain, "place_outdated")))
        puts("            that is from the geo files as they are now; answers are made from older ones");
}

/* Only where the first site is not the nearest one. */
static void show_room(const json_t *room, const json_t *sites)
{
    const char *nearest = text_of(room, "nearest"), *first = text_of(room, "first"), *cause = text_of(room, "cause");
    if (!*nearest || strcmp(nearest, first) == 0)
        return;
    size_t i;
    json_t *site;
    json_array_foreach(sites, i, site)
    {
        if (strcmp(text_of(site, "site"), nearest) != 0)
            continue;
        if (strcmp(cause, "full") == 0)
            printf("room        %s is full and seems %.0f km farther; ", nearest, json_number_value(json_object_get(site, "price_km")));
        else
            printf("room        %s is coming back and takes %lld %% of its callers; ", nearest, number_of(site, "share_percent"));
        printf("this bucket goes to %s, %.0f km farther\n", first, json_number_value(json_object_get(room, "farther_km")));
    }
}

/* The planned switch that has decided. */
static void show_switch(const json_t *by)
{
    if (json_is_object(by))
        printf("switch      order %lld (%s to %s, by %s%s%s): %s instead of %s\n", number_of(by, "id"), text_of(by, "target"),
               text_of(by, "to"), text_of(by, "who"), *text_of(by, "reason") ? ": " : "", text_of(by, "reason"), text_of(by, "to_site"),
               text_of(by, "from_site"));
}

static void show_service(const json_t *explain)
{
    const json_t *service = json_object_get(explain, "service"), *of = json_object_get(explain, "class");
    char *order = order_text_of(json_object_get(service, "order"));
    const char *label = text_of(service, "label");
    printf("service     %s%s%s%s: %s, srv %s, at most %lld targets, when all is down %s%s%s\n", text_of(service, "name"),
           *label ? " (" : "", label, *label ? ")" : "", text_of(service, "policy"), text_of(service, "srv"), number_of(service, "targets"),
           text_of(service, "on_all_down"), *order ? "; " : "", order);
    free(order);
    printf("class       %lld of %lld, certain at /%lld\n", number_of(of, "number"), number_of(of, "of"), number_of(of, "certain_at"));
    if (json_is_true(json_object_get(explain, "uniform")))
        printf("bucket      all %lld alike\n", number_of(explain, "buckets"));
    else if (json_is_true(json_object_get(explain, "lottery")))
        printf(
            "bucket      drawn for each query, for so much of the demand comes from this network; this is what bucket %lld of %lld gets\n",
            number_of(explain, "bucket"), number_of(explain, "buckets"));
    else if (json_is_true(json_object_get(service, "spread_query")))
        printf("bucket      another for each query; this is what bucket %lld of %lld gets\n", number_of(explain, "bucket"),
               number_of(explain, "buckets"));
    else
        printf("bucket      %lld of %lld\n", number_of(explain, "bucket"), number_of(explain, "buckets"));
    show_switch(json_object_get(explain, "switch"));
    show_room(json_object_get(explain, "room"), json_object_get(explain, "sites"));
    printf("scope       /%lld\n", number_of(explain, "scope"));
    printf("ttl         %lld s: %s\n", number_of(explain, "ttl_s"), text_of(explain, "ttl_why"));
    if (json_is_true(json_object_get(explain, "suspect")))
        puts("suspect     every endpoint fell at once; the falls are not believed");
}

static void show_section(const json_t *answer, const char *name)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(answer, name), i, record) printf("%-12s%s\n", i ? "" : name, json_string_value(record));
}

static void show_answer(const json_t *explain)
{
    const json_t *answer = json_object_get(explain, "answer");
    const char *kind = text_of(explain, "selection");
    printf("rcode       %s%s%s%s\n", text_of(answer, "rcode"),
           json_is_true(json_object_get(answer, "authoritative")) ? ", authoritative" : "", *kind ? ", " : "", kind);
    show_section(answer, "answer");
    show_section(answer, "authority");
    show_section(answer, "additional");
}

static void add_number(struct table *table, const json_t *value, const char *unit)
{
    if (json_is_number(value))
        table_addf(table, "%.0f%s", json_number_value(value), unit);
    else
        table_add(table, "-");
}

static void show_sites_of(const json_t *explain)
{
    struct table table;
    table_init(&table, (const char *const[]){"RANK", "SITE", "DISTANCE", "BIASED", "PRICE", "SHARE", "UP", "ORDER", NULL});
    size_t i, others = 0;
    json_t *site;
    json_array_foreach(json_object_get(explain, "sites"), i, site)
    {
        if (json_is_null(json_object_get(site, "rank"))) {
            others++;
            continue;
        }
        const json_t *counts = json_object_get(site, "endpoints");
        char *order = order_text_of(json_object_get(site, "order"));
        add_number(&table, json_object_get(site, "rank"), "");
        table_add(&table, text_of(site, "site"));
        add_number(&table, json_object_get(site, "km"), " km");
        add_number(&table, json_object_get(site, "biased_km"), " km");
        add_number(&table, json_object_get(site, "price_km"), " km");
        add_number(&table, json_object_get(site, "share_percent"), " %");
        table_addf(&table, "%lld/%lld", number_of(counts, "up"), number_of(counts, "total"));
        table_add(&table, order);
        free(order);
    }
    table_print(&table);
    if (others)
        printf("and %zu sites that are not of this service\n", others);
}

static void show_endpoints_of(const json_t *explain)
{
    struct table table;
    table_init(&table,
               (const char *const[]){"ANSWER", "ENDPOINT", "TIER", "WEIGHT", "STANDING", "WHY", "VERDICT", "FOR", "REASON", "ORDER", NULL});
    size_t i;
    json_t *endpoint;
    json_array_foreach(json_object_get(explain, "endpoints"), i, endpoint)
    {
        if (json_is_null(json_object_get(endpoint, "site_rank")))
            continue;
        char *age = age_text(number_of(endpoint, "age_ms")), *order = order_text_of(json_object_get(endpoint, "order"));
        char *reason = reason_text_of(endpoint);
        add_number(&table, json_object_get(endpoint, "rank"), "");
        table_addf(&table, "%s/%s", text_of(endpoint, "site"), text_of(endpoint, "host"));
        table_addf(&table, "%lld", number_of(endpoint, "tier"));
        table_addf(&table, "%lld", number_of(endpoint, "weight"));
        table_add(&table, text_of(endpoint, "standing"));
        table_add(&table, text_of(endpoint, "why"));
        add_back(&table, text_of(endpoint, "verdict"), endpoint, "");
        table_add(&table, age);
        table_add(&table, reason);
        table_add(&table, order);
        free(age);
        free(order);
        free(reason);
    }
    table_print(&table);
}

void show_explain(const json_t *reply)
{
    const json_t *explain = json_object_get(reply, "explain");
    printf("question    %s %s\n", text_of(explain, "name"), text_of(explain, "type"));
    show_client(explain);
    if (json_is_true(json_object_get(explain, "steered")))
        show_service(explain);
    else if (strcmp(text_of(json_object_get(explain, "answer"), "rcode"), "REFUSED") == 0)
        puts("service     none: the name is in no zone");
    else
        puts("service     none: not steered, the same answer for every client");
    show_answer(explain);
    if (!json_is_true(json_object_get(explain, "steered")))
        return;
    putchar('\n');
    show_sites_of(explain);
    putchar('\n');
    show_endpoints_of(explain);
}
