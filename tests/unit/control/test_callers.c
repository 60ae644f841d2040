/* Whom a planned switch is about, as operators write it; and the switches among the orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/callers.h"
#include "control/moment.h"
#include "control/overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LONDON, PARIS, ASHBURN };

static struct site sites[] = {{.name = (char *)"london", .region = (char *)"europe"},
                              {.name = (char *)"paris", .region = (char *)"europe"},
                              {.name = (char *)"ashburn", .region = (char *)"north america"}};
static uint8_t all_sites[] = {LONDON, PARIS, ASHBURN}, few_sites[] = {LONDON, PARIS};
static struct service services[] = {{.name = (char *)"sip.test.", .label = (char *)"inbound", .sites = all_sites, .site_count = 3},
                                    {.name = (char *)"sales.test.", .label = (char *)"sales", .sites = few_sites, .site_count = 2}};
static const struct config config = {.sites = sites, .site_count = 3, .services = services, .service_count = 2};

static void reads_as(const char *words, const char *text, uint64_t sites_left, bool inbound, bool sales)
{
    struct callers callers;
    struct error err = {""};
    if (!callers_parse(&config, words, &callers, &err))
        fail_msg("%s: %s", words, err.text);
    assert_string_equal(callers.text, text);
    assert_int_equal(callers.sites[0], sites_left);
    assert_int_equal(callers.services[0], inbound);
    assert_int_equal(callers.services[1], sales);
    callers_release(&callers);
}

static void selectors_of_one_kind_mean_any_and_kinds_must_all_hold(void **state)
{
    (void)state;
    reads_as("all", "all", 0, true, true);
    reads_as("london", "site:london", 1, true, true);
    reads_as("site:paris  london", "site:london site:paris", 3, true, true);
    reads_as("region:europe", "region:europe", 3, true, true);
    reads_as("region:north%20america", "region:north%20america", 4, true, true);
    reads_as("region:europe site:paris", "site:paris region:europe", 2, true, true);
    reads_as("service:SALES.test london", "site:london service:sales.test.", 1, false, true);
    reads_as("label:sales label:inbound", "label:inbound label:sales", 0, true, true);
    reads_as("all label:sales", "label:sales", 0, false, true);
    reads_as("country:fr continent:eu country:FR", "country:FR continent:EU", 0, true, true);
    reads_as("prefix:203.0.113.7/24 prefix:2001:DB8::1/32", "prefix:2001:db8::/32 prefix:203.0.113.0/24", 0, true, true);
}

static void refused_with(const char *words, const char *part)
{
    struct callers callers;
    struct error err = {""};
    if (callers_parse(&config, words, &callers, &err))
        fail_msg("taken: %s", words);
    if (!strstr(err.text, part))
        fail_msg("%s: \"%s\" is not in \"%s\"", words, part, err.text);
}

static void what_selects_nobody_is_refused_with_help(void **state)
{
    (void)state;
    refused_with("", "missing");
    refused_with("londn", "did you mean \"london\"");
    refused_with("region:europa", "did you mean \"europe\"");
    refused_with("region:", "no selector");
    refused_with("region:a%2", "no selector");
    refused_with("region:a%0a", "no selector");
    refused_with("label:none", "no label");
    refused_with("service:other.test", "no service");
    refused_with("country:XX", "no country");
    refused_with("country:FRA", "no country");
    refused_with("continent:XX", "AF, AN");
    refused_with("prefix:1.2.3.4", "ADDR/LEN");
    refused_with("prefix:1.2.3.4/33", "ADDR/LEN");
    refused_with("prefix:1.2.3.4/", "ADDR/LEN");
    refused_with("site:london region:north%20america", "no site is both");
    refused_with("service:sip.test label:sales", "no service is both");
    char many[8000] = "";
    for (unsigned i = 0; i < 60; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), " prefix:10.%u.0.0/16", i);
    refused_with(many, "longer than");
}

static bool go(const char *words, const char *to, struct error *err)
{
    struct callers callers;
    struct destination destination;
    err->text[0] = '\0';
    const bool good = switch_parse(&config, words, to, &callers, &destination, err);
    if (good)
        callers_release(&callers);
    return good;
}

static void a_switch_must_lead_somewhere(void **state)
{
    (void)state;
    struct error err;
    assert_true(go("london", "next", &err) && go("all", "paris,ashburn", &err) && go("label:sales", "ashburn,paris", &err));
    assert_false(go("all", "next", &err));
    assert_non_null(strstr(err.text, "from where"));
    assert_false(go("london paris ashburn", "next", &err));
    assert_non_null(strstr(err.text, "no site is left"));
    assert_false(go("region:europe", "paris", &err));
    assert_non_null(strstr(err.text, "among those"));
    assert_false(go("label:sales", "ashburn", &err));
    assert_non_null(strstr(err.text, "none of the services"));
    assert_false(go("london", "paris,paris", &err));
    assert_non_null(strstr(err.text, "twice"));
    assert_false(go("london", "paris,", &err));
    assert_false(go("london", "", &err));
    assert_false(go("london", "pari", &err));
    assert_non_null(strstr(err.text, "did you mean \"paris\""));
}

static struct override a_switch(const char *words, const char *to)
{
    struct callers callers;
    struct destination destination;
    struct error err;
    struct override order = {.order = ORDER_SWITCH, .scope = SCOPE_CALLERS};
    assert_true(switch_parse(&config, words, to, &callers, &destination, &err));
    memcpy(order.target, callers.text, sizeof order.target);
    memcpy(order.to, destination.text, sizeof order.to);
    callers_release(&callers);
    return order;
}

static uint64_t put(struct overrides *overrides, const char *words, const char *to)
{
    const struct override order = a_switch(words, to);
    return overrides_put(overrides, &order);
}

static void switches_hold_beside_each_other_the_newest_first(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct effects effects;
    effects_init(&effects, &config);
    const uint64_t first = put(&overrides, "label:sales", "paris"), second = put(&overrides, "london", "next");
    overrides_apply(&overrides, &config, NULL, 1000, &effects);
    assert_int_equal(effects.diversions->count, 2);
    assert_int_equal(effects.diversions->of[0].id, second);
    assert_int_equal(effects.diversions->of[0].leaves[0], 1);
    assert_int_equal(effects.diversions->of[1].id, first);
    assert_int_equal(effects.diversions->by_service[0], 1);
    assert_int_equal(effects.diversions->by_service[1], 3);
    put(&overrides, "site:london", "ashburn"); /* the same callers: it replaces */
    overrides_apply(&overrides, &config, NULL, 1000, &effects);
    assert_int_equal(overrides.count, 2);
    assert_int_equal(effects.diversions->of[0].to[0], ASHBURN);
    effects_release(&effects);
    overrides_release(&overrides);
}

static void an_area_counts_once_geo_tells_it_apart(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct effects effects;
    struct areas areas;
    effects_init(&effects, &config);
    put(&overrides, "country:FR", "paris");
    put(&overrides, "country:DE prefix:10.0.0.0/8", "paris");
    overrides_apply(&overrides, &config, NULL, 1000, &effects);
    assert_int_equal(effects.diversions->count, 0);
    overrides_areas(&overrides, &areas);
    assert_int_equal(areas.count, 2);
    overrides_apply(&overrides, &config, &areas, 1000, &effects);
    assert_int_equal(effects.diversions->count, 2);
    assert_int_equal(effects.diversions->of[0].area, 2);
    assert_int_equal(effects.diversions->of[1].area, 1);
    effects_release(&effects);
    overrides_release(&overrides);
}

static size_t in_force(const struct overrides *overrides, uint64_t now_ms)
{
    struct effects effects;
    effects_init(&effects, &config);
    overrides_apply(overrides, &config, NULL, now_ms, &effects);
    const size_t count = effects.diversions->count;
    effects_release(&effects);
    return count;
}

static void a_planned_switch_begins_at_its_moment_and_replaces_then(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct override planned = a_switch("london", "paris"), begun;
    const uint64_t now = put(&overrides, "london", "next");
    planned.planned = true;
    planned.from_ms = 5000;
    planned.until_ms = 9000;
    const uint64_t later = overrides_put(&overrides, &planned);
    assert_int_equal(overrides.count, 2);
    assert_int_equal(overrides_find(&overrides, "site:london")->id, now);
    assert_int_equal(overrides_next_ms(&overrides, 1000), 5000);
    assert_int_equal(in_force(&overrides, 4999), 1);
    assert_false(overrides_begin_due(&overrides, 4999, &begun));
    assert_true(overrides_begin_due(&overrides, 5000, &begun) && !overrides_begin_due(&overrides, 5000, &begun));
    assert_int_equal(begun.id, later);
    assert_int_equal(overrides_find(&overrides, "site:london")->id, later);
    assert_int_equal(overrides.count, 2); /* the older one has no end: it holds again then */
    assert_int_equal(in_force(&overrides, 5000), 1);
    assert_true(overrides_take_ended(&overrides, 9000, &begun));
    assert_int_equal(overrides_find(&overrides, "site:london")->id, now);
    assert_true(overrides_remove(&overrides, now) && !overrides_remove(&overrides, now));
    assert_int_equal(in_force(&overrides, 9000), 0);
    overrides_release(&overrides);
}

static void a_switch_that_names_what_has_gone_has_no_effect(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct override order = a_switch("london", "paris");
    snprintf(order.to, sizeof order.to, "brussels");
    assert_false(override_known(&order, &config));
    overrides_put(&overrides, &order);
    assert_int_equal(in_force(&overrides, 1000), 0);
    overrides_release(&overrides);
}

static int64_t moment(const char *text, int64_t now_s)
{
    struct error err;
    int64_t at_s;
    return moment_parse(text, now_s, &at_s, &err) ? at_s : -1;
}

static void moments_are_read_as_people_write_them(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    const int64_t now_s = 1763848800; /* 2025-11-22 22:00:00 UTC, 23:00 there */
    assert_int_equal(moment("+2h", now_s), now_s + 7200);
    assert_int_equal(moment("@1763850000", now_s), 1763850000);
    assert_int_equal(moment("23:30", now_s), now_s + 1800);
    assert_int_equal(moment("23:00", now_s), now_s + 86400); /* it is that now: tomorrow */
    assert_int_equal(moment("08:15", now_s), now_s + 9 * 3600 + 900);
    assert_int_equal(moment("2025-11-22T23:30", now_s), now_s + 1800);
    assert_int_equal(moment("2025-11-22T23:30:00Z", now_s), now_s + 5400);
    assert_int_equal(moment("2026-07-01 12:00", now_s), 1782900000); /* summer time */
    static const char *const nonsense[] = {"", "soon", "24:00", "9:15", "2025-02-30T10:00", "2025-11-22T", "+", "@", "@x", "1h", "23:00x"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_int_equal(moment(nonsense[i], now_s), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_of_one_kind_mean_any_and_kinds_must_all_hold),
        cmocka_unit_test(what_selects_nobody_is_refused_with_help),
        cmocka_unit_test(a_switch_must_lead_somewhere),
        cmocka_unit_test(switches_hold_beside_each_other_the_newest_first),
        cmocka_unit_test(an_area_counts_once_geo_tells_it_apart),
        cmocka_unit_test(a_planned_switch_begins_at_its_moment_and_replaces_then),
        cmocka_unit_test(a_switch_that_names_what_has_gone_has_no_effect),
        cmocka_unit_test(moments_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
