/* The copies of zones from primaries on disk, and a world in which such a zone is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answer/answer.h"
#include "config/config.h"
#include "control/copies.h"
#include "dns/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE(times) "$TTL 60\n@ SOA ns.else. h.else. 7 " times " 30\n@ NS ns.else.\n@ A 192.0.2.1\n"

static char folder[] = "/tmp/sipsteer-unit-copies-XXXXXX", file[64], new_file[70];
static struct zone_config config = {.name = "sip.test.", .file = file};
static struct report report;
static struct error err;

static int setup(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    report_init(&report);
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/sip.test.zone", folder);
    snprintf(new_file, sizeof new_file, "%s.new2", file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(file);
    unlink(new_file);
    rmdir(folder);
    report_release(&report);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static struct zone *load(int64_t later_s)
{
    return copy_load(&config, copy_confirmed_s(&config) + later_s, &report);
}

static void the_times_of_the_soa_are_kept_within_what_is_sensible(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct soa_times times;
    } cases[] = {
        {ZONE("7200 900 1209600"), {7200, 900, 1209600}},
        {ZONE("1 1 1"), {REFRESH_LEAST_S, RETRY_LEAST_S, EXPIRE_LEAST_S}},
        {ZONE("600 300 10"), {600, 300, 900}}, /* not before it is asked for */
        {ZONE("4294967295 4294967295 4294967295"), {REFRESH_MOST_S, RETRY_MOST_S, EXPIRE_MOST_S}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(file, cases[i].text);
        struct zone *zone = load(0);
        assert_false(zone->absent);
        const struct soa_times times = copy_times(zone);
        assert_memory_equal(&times, &cases[i].times, sizeof times);
        zone_unref(zone);
    }
    assert_int_equal(report.count, 0);
}

static void expect_absent(int64_t later_s, const char *why)
{
    struct zone *zone = load(later_s);
    assert_true(zone->absent);
    assert_int_equal(zone->node_count, 1);
    assert_int_equal(report.errors, 0);
    assert_non_null(strstr(report.findings[report.count - 1].text, why));
    zone_unref(zone);
}

static void a_copy_that_is_missing_unsound_or_too_old_is_an_absent_zone_and_a_warning(void **state)
{
    (void)state;
    expect_absent(0, "zone sip.test.: there is no copy yet; its names are SERVFAIL");
    write_text(file, "@ A 192.0.2.1\n");
    expect_absent(0, "sip.test.zone");
    write_text(file, ZONE("60 60 3600"));
    expect_absent(3601, "the copy has expired");
    struct zone *zone = load(3600);
    assert_false(zone->absent);
    zone_unref(zone);
}

static void a_new_copy_is_looked_at_before_it_replaces_the_old_one(void **state)
{
    (void)state;
    write_text(file, ZONE("60 60 3600"));
    write_text(new_file, "@ A 192.0.2.1\n");
    assert_null(copy_load_new(&config, 2, &err));
    assert_non_null(strstr(err.text, "sip.test.zone.new2:1: "));
    copy_drop_new(&config, 2);
    assert_int_equal(access(new_file, F_OK), -1);
    write_text(new_file, ZONE("70 60 3600"));
    struct zone *zone = copy_load_new(&config, 2, &err);
    assert_non_null(zone);
    zone_unref(zone);
    assert_true(copy_adopt(&config, 2, &err));
    assert_int_equal(access(new_file, F_OK), -1);
    zone = load(0);
    assert_int_equal(copy_times(zone).refresh_s, 70);
    zone_unref(zone);
    assert_false(copy_adopt(&config, 2, &err));
    assert_non_null(strstr(err.text, "No such file"));
}

/* --- a world with a zone that is not there, and a service in it */

static const char world_conf[] = "server = { state = \"/nonexistent\"; };\n"
                                 "zones = ( { name = \"sip.test.\"; primary = { address = \"192.0.2.1\"; }; } );\n"
                                 "sites = ( { name = \"a\"; location = ( 0, 0 ); endpoints = ( { host = \"lb.sip.test.\"; } ); } );\n"
                                 "services = ( { name = \"sip.test.\"; }, { name = \"deep.in.sip.test.\"; } );\n";

static unsigned rcode_of(const struct snapshot *snapshot, const char *name, uint16_t type)
{
    uint8_t packet[512], out[UDP_CAP], wire[NAME_OCTETS];
    struct writer w = writer_over(packet, sizeof packet);
    struct answered answered;
    struct addr peer;
    addr_parse("127.0.0.1", &peer);
    name_from_text(name, wire);
    query_write(&w, &(struct query_spec){.id = 1, .name = wire, .type = type, .class = CLASS_IN, .udp_size = 1232, .dnssec_ok = true});
    const struct asker asker = {.peer = &peer, .channel = CHANNEL_UDP};
    assert_true(answer_query(snapshot, packet, writer_len(&w), &asker, out, sizeof out, &answered) > 0);
    return answered.rcode;
}

static void the_names_of_a_zone_that_is_not_there_are_servfail_and_bind_nothing(void **state)
{
    (void)state;
    write_text(file, world_conf);
    struct config *of = config_load(file, &report);
    assert_non_null(of);
    struct zone *zone = copy_load(&of->zones[0], 0, &report);
    struct world *world = world_new(of, &zone, NULL, &report);
    assert_non_null(world);
    struct place *place = place_new(world, &report);
    struct endpoint_health health = {.overall = VERDICT_UP};
    uint8_t none[2] = {0};
    const struct world_state now = {.health = &health, .endpoint_orders = none, .site_orders = none};
    struct snapshot *snapshot = snapshot_build(world, place, &now, none, NULL, 0, 1);
    assert_int_equal(rcode_of(snapshot, "sip.test.", TYPE_A), RCODE_SERVFAIL);
    assert_int_equal(rcode_of(snapshot, "sip.test.", TYPE_SOA), RCODE_SERVFAIL);
    assert_int_equal(rcode_of(snapshot, "sip.test.", TYPE_ANY), RCODE_SERVFAIL);
    assert_int_equal(rcode_of(snapshot, "_sip._udp.sip.test.", TYPE_SRV), RCODE_SERVFAIL);
    assert_int_equal(rcode_of(snapshot, "else.", TYPE_A), RCODE_REFUSED);
    snapshot_free(snapshot);
    place_unref(place);
    world_unref(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_times_of_the_soa_are_kept_within_what_is_sensible, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_that_is_missing_unsound_or_too_old_is_an_absent_zone_and_a_warning, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_copy_is_looked_at_before_it_replaces_the_old_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_names_of_a_zone_that_is_not_there_are_servfail_and_bind_nothing, setup, teardown),
    };
    return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
