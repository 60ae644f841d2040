/* One setup with everything that is judged: named checks, safety, slow starts, and what of it survives. Under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#include "control/setup.h"
#include "control/state.h"

static const char *const files[] = {
    "sipsteer.conf",
    "server = { listen = [ \"127.0.0.1:0\" ]; control = \"control.sock\"; state = \"state\"; };\n"
    "zones = ( { name = \"sip.test.\"; file = \"sip.zone\"; } );\n"
    "probes = { udp = { type = \"sip\"; interval = \"1s\"; fall = 2; rise = 2; }; };\n"
    "checks = ( { name = \"db\"; probe = \"udp\"; address = \"127.0.0.8\"; port = 5432; } );\n"
    "sites = ( { name = \"london\"; location = ( 51.5, -0.1 ); ramp = \"60s\"; endpoints = (\n"
    "              { host = \"lb1.lon.sip.test.\"; probes = [ \"udp\" ]; ramp = \"30s\"; }, { host = \"lb2.lon.sip.test.\"; probes = [ "
    "\"udp\" ]; } );\n"
    "            depends = ( { check = \"db\"; takes = \"label\"; label = \"voicemail\"; } ); },\n"
    "          { name = \"ashburn\"; location = ( 39.0, -77.5 ); endpoints = (\n"
    "              { host = \"lb1.ash.sip.test.\"; probes = [ \"udp\" ]; }, { host = \"lb2.ash.sip.test.\"; probes = [ \"udp\" ]; } ); } "
    ");\n"
    "services = ( { name = \"sip.test.\"; }, { name = \"vm.sip.test.\"; label = \"voicemail\"; } );\n"
    "safety = { max_down = 75; };\n",
    "sip.zone",
    "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"
    "_sip._udp 30 SRV 10 1 5060 lb1.lon\n_sip._udp 30 SRV 10 1 5060 lb1.ash\n_sip._udp.vm 30 SRV 10 1 5060 lb1.lon\n"
    "_sip._udp.vm 30 SRV 10 1 5060 lb1.ash\nlb1.lon A 192.0.2.1\nlb2.lon A 192.0.2.2\nlb1.ash A 192.0.2.3\nlb2.ash A 192.0.2.4\n",
    NULL,
};

enum { LB1_LON, LB2_LON, LB1_ASH, LB2_ASH, DB, LONDON = 0, ASHBURN };

static struct test_world loaded;
static struct report report;
static const struct overrides none;
static uint64_t now_ms;

static int begin(void **state)
{
    (void)state;
    report_init(&report);
    test_load(&loaded, files, &report);
    test_print(&report);
    now_ms = 1000;
    return loaded.place ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    test_release(&loaded, files);
    report_release(&report);
    return 0;
}

static struct setup *new_setup(const struct setup *previous, const struct saved *saved)
{
    return setup_new(world_ref(loaded.world), place_ref(loaded.place), previous, saved, now_ms);
}

static void build(struct setup *setup, const struct overrides *overrides)
{
    snapshot_free(setup_build(setup, overrides, now_ms, NULL, 0, 0));
}

/* What the engine reports of the subject's only check. */
static void see(struct setup *setup, uint32_t subject, enum verdict verdict)
{
    uint16_t endpoint;
    struct endpoint_health before;
    const struct check_result result = {.check = setup->beliefs.first[subject],
                                        .generation = setup->beliefs.generation,
                                        .health = {.verdict = verdict, .since_ms = now_ms},
                                        .at_ms = now_ms,
                                        .count = 1};
    beliefs_take(&setup->beliefs, &result, &endpoint, &before);
    assert_int_equal(endpoint, subject);
}

static struct setup *all_up(void)
{
    struct setup *setup = new_setup(NULL, NULL);
    build(setup, &none);
    for (uint32_t i = 0; i <= DB; i++)
        see(setup, i, VERDICT_UP);
    build(setup, &none);
    return setup;
}

static void a_named_check_is_probed_where_it_is_and_believed_like_an_endpoint(void **state)
{
    (void)state;
    struct setup *setup = new_setup(NULL, NULL);
    char target[HOSTPORT_TEXT];
    const struct check *check = &setup->beliefs.checks[setup->beliefs.first[DB]].check;
    assert_int_equal(setup->beliefs.check_count, 5);
    assert_string_equal(hostport_format(&check->target, target), "127.0.0.8:5432");
    assert_string_equal(check->host, "db");
    assert_int_equal(setup->beliefs.health[DB].overall, VERDICT_UNKNOWN);
    see(setup, DB, VERDICT_DOWN);
    assert_int_equal(setup->beliefs.health[DB].overall, VERDICT_DOWN);
    struct setup *reloaded = new_setup(setup, NULL);
    assert_int_equal(reloaded->beliefs.health[DB].overall, VERDICT_DOWN);
    setup_free(setup);
    setup_free(reloaded);
}

static void its_failure_takes_the_label_alone(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    see(setup, DB, VERDICT_DOWN);
    build(setup, &none);
    const struct world_state now = setup_state(setup);
    const struct config *config = world_config(loaded.world);
    uint8_t standings[4];
    uint64_t offered = 0xf;
    for (unsigned i = 0; i < 2; i++) {
        const struct plan_spec spec = {.targets = 1,
                                       .transport = -1,
                                       .sites = config->services[i].sites,
                                       .site_count = 2,
                                       .depends = config->services[i].depends,
                                       .offered = &offered};
        policy_standings(place_policy(loaded.place), &now, &spec, standings, NULL);
        assert_int_equal(standings[LB1_LON], i ? STANDING_LAST : STANDING_UP);
        assert_int_equal(standings[LB1_ASH], STANDING_UP);
    }
    setup_free(setup);
}

static void a_first_start_is_no_recovery(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    const struct world_state now = setup_state(setup);
    assert_false(setup->ramps.running);
    assert_null(now.room.site_shares);
    assert_null(now.room.endpoint_shares);
    setup_free(setup);
}

static void an_endpoint_that_comes_back_ramps(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    see(setup, LB1_LON, VERDICT_DOWN);
    build(setup, &none);
    assert_false(setup->ramps.running);
    now_ms += 5000;
    see(setup, LB1_LON, VERDICT_UP);
    build(setup, &none);
    struct world_state state_now = setup_state(setup);
    assert_int_equal(state_now.room.endpoint_shares[LB1_LON], RAMP_FIRST);
    assert_int_equal(state_now.room.endpoint_shares[LB2_LON], SHARE_WHOLE);
    assert_int_equal(state_now.room.site_shares[LONDON], SHARE_WHOLE); /* the other one was there all the time */
    assert_false(ramps_moved(&setup->ramps, now_ms + 100));
    assert_true(ramps_moved(&setup->ramps, now_ms + 10000));
    now_ms += 30000;
    build(setup, &none);
    assert_false(setup->ramps.running);
    setup_free(setup);
}

static void a_site_that_comes_back_ramps_and_an_ended_order_counts(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    struct overrides orders = {0};
    struct override drain = {.order = ORDER_DRAIN, .scope = SCOPE_SITE, .target = "london"};
    overrides_put(&orders, &drain);
    build(setup, &orders);
    now_ms += 1000;
    build(setup, &none);
    const struct world_state state_now = setup_state(setup);
    assert_int_equal(state_now.room.site_shares[LONDON], RAMP_FIRST);
    assert_int_equal(state_now.room.site_shares[ASHBURN], SHARE_WHOLE);
    assert_int_equal(state_now.room.endpoint_shares[LB1_LON], SHARE_WHOLE); /* the site was away, not this one by itself */
    overrides_release(&orders);
    setup_free(setup);
}

static void a_ramp_goes_on_after_a_reload_and_a_restart(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    see(setup, LB1_LON, VERDICT_DOWN);
    build(setup, &none);
    see(setup, LB1_LON, VERDICT_UP);
    build(setup, &none);
    now_ms += 15000;
    struct setup *reloaded = new_setup(setup, NULL);
    build(reloaded, &none);
    const uint16_t share = reloaded->ramps.endpoint_shares[LB1_LON];
    assert_in_range(share, 120, 160);

    struct saved saved = {0}, read;
    struct error err;
    beliefs_save(&reloaded->beliefs, now_ms, &saved);
    ramps_save(&reloaded->ramps, now_ms, &saved);
    assert_int_equal(saved.ramp_count, 1);
    char *text = state_verdicts_text(&saved, 1000000);
    assert_true(state_write(loaded.folder, STATE_VERDICTS, text, &err));
    state_read_verdicts(loaded.folder, true, 1000005, &report, &read);
    assert_int_equal(report.count, 0);
    now_ms = 7000000; /* of another boot */
    struct setup *restarted = new_setup(NULL, &read);
    build(restarted, &none);
    assert_int_equal(restarted->ramps.endpoints[LB1_LON].since_ms, now_ms - 20000);
    assert_true(restarted->ramps.endpoint_shares[LB1_LON] > share);
    free(text);
    char path[128];
    snprintf(path, sizeof path, "%s/verdicts.json", loaded.folder);
    unlink(path);
    saved_release(&saved);
    saved_release(&read);
    setup_free(setup);
    setup_free(reloaded);
    setup_free(restarted);
}

static void one_that_was_down_before_a_restart_ramps_when_it_comes_back(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    see(setup, LB1_LON, VERDICT_DOWN);
    struct saved saved;
    beliefs_save(&setup->beliefs, now_ms, &saved);
    saved_sort(&saved);
    struct setup *restarted = new_setup(NULL, &saved);
    build(restarted, &none);
    see(restarted, LB1_LON, VERDICT_UP);
    build(restarted, &none);
    assert_int_equal(restarted->ramps.endpoint_shares[LB1_LON], RAMP_FIRST);
    saved_release(&saved);
    setup_free(setup);
    setup_free(restarted);
}

static void what_safety_kept_in_does_not_ramp(void **state)
{
    (void)state;
    struct setup *setup = all_up();
    for (uint32_t i = LB1_ASH; i <= LB2_ASH; i++)
        see(setup, i, VERDICT_DOWN);
    now_ms += 100000; /* no suspicion: the falls are far apart */
    see(setup, LB2_LON, VERDICT_DOWN);
    build(setup, &none);
    assert_int_equal(setup->kept_count, 0);
    now_ms += 100000;
    see(setup, LB1_LON, VERDICT_DOWN);
    build(setup, &none);
    assert_int_equal(setup->kept_count, 1);
    assert_true(setup->kept[LB1_LON]);
    see(setup, LB1_LON, VERDICT_UP);
    build(setup, &none);
    assert_int_equal(setup->kept_count, 0);
    assert_false(setup->ramps.running);
    setup_free(setup);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_named_check_is_probed_where_it_is_and_believed_like_an_endpoint),
        CASE(its_failure_takes_the_label_alone),
        CASE(a_first_start_is_no_recovery),
        CASE(an_endpoint_that_comes_back_ramps),
        CASE(a_site_that_comes_back_ramps_and_an_ended_order_counts),
        CASE(a_ramp_goes_on_after_a_reload_and_a_restart),
        CASE(one_that_was_down_before_a_restart_ramps_when_it_comes_back),
        CASE(what_safety_kept_in_does_not_ramp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
