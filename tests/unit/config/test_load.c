/* What a sound configuration becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/tables.h"

#include <string.h>
#include <unistd.h>

#define ZONES "zones = ( { name = \"sip.example.com.\"; file = \"z\"; } );\n"
#define SITE(name, host) "{ name = \"" name "\"; location = [ 1, 2.5 ]; endpoints = ( { host = \"" host ".sip.example.com\"; } ); }"
#define SITES "sites = ( " SITE("a", "ha") ", " SITE("b", "hb") ", " SITE("c", "hc") " );\n"

/* The configuration that the text becomes, which must be sound; warnings are counted. */
static struct config *sound(const char *path, const char *text, size_t warnings)
{
    struct report report;
    report_init(&report);
    struct config *config = config_from_text(path, text, strlen(text), &report);
    for (size_t i = 0; i < report.errors; i++)
        print_error("%s\n", report.findings[i].text);
    assert_non_null(config);
    assert_int_equal(report.count, warnings);
    report_release(&report);
    return config;
}

static void the_least_configuration_gets_every_default(void **state)
{
    (void)state;
    struct config *config =
        sound("c",
              ZONES "probes = { p = { type = \"sip\"; }; };\nsites = ( " SITE("a", "ha") " );\n"
                                                                                         "services = ( { name = \"sip.example.com\"; } );",
              0);
    char text[HOSTPORT_TEXT];
    assert_int_equal(config->server.listen_count, 2);
    assert_string_equal(hostport_format(&config->server.listen[0], text), "0.0.0.0:53");
    assert_string_equal(hostport_format(&config->server.listen[1], text), "[::]:53");
    assert_int_equal(config->server.workers, sysconf(_SC_NPROCESSORS_ONLN));
    assert_string_equal(config->server.control, "/run/sipsteer/control.sock");
    assert_string_equal(config->server.state, "/var/lib/sipsteer");
    assert_string_equal(config->server.id, "");
    assert_string_equal(config->server.version, "sipsteer");
    assert_int_equal(config->geo.database_count, 0);
    assert_null(config->geo.nets);
    const struct probe *probe = &config->probes[0];
    assert_string_equal(probe->name, "p");
    assert_int_equal(probe->type, PROBE_SIP);
    assert_int_equal(probe->transport, TRANSPORT_UDP);
    assert_int_equal(probe->port, 5060);
    assert_int_equal(probe->interval_ms, 10000);
    assert_int_equal(probe->timeout_ms, 3000);
    assert_int_equal(probe->confirm_ms, 1000);
    assert_int_equal(probe->fall, 2);
    assert_int_equal(probe->rise, 3);
    assert_int_equal(probe->hold_down_ms, 10000);
    assert_int_equal(probe->hold_down_max_ms, 600000);
    assert_int_equal(probe->alive_count, 0);
    assert_int_equal(probe->max_forwards, 70);
    assert_null(probe->from);
    assert_int_equal(probe->renew_ms, 600000);
    assert_null(probe->tls.name);
    assert_null(probe->tls.ca);
    assert_true(probe->tls.verify);
    assert_int_equal(probe->tls.warn_s, 14 * 86400);
    assert_int_equal(probe->address.family, FAMILY_NONE);
    assert_string_equal(config->sites[0].region, "");
    assert_int_equal(config->sites[0].bias, 0);
    assert_int_equal(config->sites[0].min_up, 1);
    assert_int_equal(config->endpoints[0].tier, 1);
    assert_int_equal(config->endpoints[0].weight, 100);
    assert_int_equal(config->endpoints[0].probe_count, 0);
    assert_int_equal(config->endpoints[0].address.family, FAMILY_NONE);
    const struct service *service = &config->services[0];
    assert_string_equal(service->label, "");
    assert_int_equal(service->policy, POLICY_NEAREST);
    assert_int_equal(service->site_count, 1);
    assert_int_equal(service->srv, SRV_RANKED);
    assert_int_equal(service->targets, 4);
    assert_int_equal(service->ttl_s, 30);
    assert_int_equal(service->sticky_v4, 24);
    assert_int_equal(service->sticky_v6, 48);
    assert_false(service->spread_query);
    assert_int_equal(service->on_all_down, ALL_DOWN_SERVE_ALL);
    config_unref(config);
}

static void the_keys_of_a_probe_over_tls_are_taken(void **state)
{
    (void)state;
    struct config *config =
        sound("folder/c",
              ZONES "probes = { p = { type = \"sip\"; transport = \"tls\"; tls_name = \"Sip.Example.\"; tls_ca = \"ca.pem\"; "
                    "tls_certificate = \"c.pem\"; tls_key = \"/k.pem\"; cert_warn = \"3d\"; renew = \"1h\"; };\n"
                    "q = { type = \"tls\"; tls_verify = false; }; "
                    "w = { type = \"sip\"; transport = \"wss\"; }; v = { type = \"sip\"; transport = \"ws\"; path = \"/sip\"; "
                    "origin = \"https://p\"; }; };",
              2);
    const struct probe *probe = &config->probes[0];
    assert_int_equal(probe->transport, TRANSPORT_TLS);
    assert_int_equal(probe->speaks, 1u << TRANSPORT_TLS);
    assert_int_equal(probe->port, 5061);
    assert_string_equal(probe->tls.name, "sip.example");
    assert_string_equal(probe->tls.ca, "folder/ca.pem");
    assert_string_equal(probe->tls.certificate, "folder/c.pem");
    assert_string_equal(probe->tls.key, "/k.pem");
    assert_int_equal(probe->tls.warn_s, 3 * 86400);
    assert_int_equal(probe->renew_ms, 3600000);
    assert_int_equal(config->probes[1].type, PROBE_TLS);
    assert_int_equal(config->probes[1].transport, TRANSPORT_TLS);
    assert_int_equal(config->probes[1].port, 5061);
    assert_false(config->probes[1].tls.verify);
    assert_int_equal(config->probes[2].port, 443);
    assert_string_equal(config->probes[2].path, "/");
    assert_null(config->probes[2].origin);
    assert_int_equal(config->probes[3].port, 80);
    assert_string_equal(config->probes[3].path, "/sip");
    assert_string_equal(config->probes[3].origin, "https://p");
    config_unref(config);
}

static void every_key_of_a_probe_is_taken(void **state)
{
    (void)state;
    struct config *config =
        sound("c",
              ZONES "probes = { p = { type = \"sip\"; transport = \"tcp\"; port = 5080; address = \"::ffff:192.0.2.1\"; "
                    "interval = \"200ms\"; timeout = 0.3; confirm = \"0.5s\"; fall = 10; rise = 1; hold_down_max = \"5s\"; "
                    "alive = [ 200, 699 ]; max_forwards = 0; from = \"Example.COM.\"; }; };",
              1);
    const struct probe *probe = &config->probes[0];
    char text[ADDR_TEXT];
    assert_int_equal(probe->transport, TRANSPORT_TCP);
    assert_int_equal(probe->port, 5080);
    assert_string_equal(addr_format(&probe->address, text), "192.0.2.1");
    assert_int_equal(probe->interval_ms, 200);
    assert_int_equal(probe->timeout_ms, 300);
    assert_int_equal(probe->confirm_ms, 500);
    assert_int_equal(probe->fall, 10);
    assert_int_equal(probe->rise, 1);
    assert_int_equal(probe->hold_down_ms, 5000); /* follows the longest */
    assert_int_equal(probe->hold_down_max_ms, 5000);
    assert_int_equal(probe->alive_count, 2);
    assert_int_equal(probe->alive[0], 200);
    assert_int_equal(probe->alive[1], 699);
    assert_int_equal(probe->max_forwards, 0);
    assert_string_equal(probe->from, "example.com");
    config_unref(config);
}

static void tcp_and_tls_have_defaults_and_take_every_key(void **state)
{
    (void)state;
    struct config *config = sound("c", ZONES, 1);
    assert_int_equal(config->server.tcp.idle_ms, 10000);
    assert_int_equal(config->server.tcp.clients, 10000);
    assert_int_equal(config->server.tcp.per_client, 250);
    assert_int_equal(config->server.tcp.transfers, 10);
    assert_null(config->server.tls.certificate);
    config_unref(config);
    config = sound("/etc/c",
                   ZONES "server = { tcp = { idle = \"2s\"; clients = 7; per_client = 3; transfers = 1; };\n"
                         "tls = { certificate = \"a.pem\"; key = \"/b.pem\"; handshake = \"1s\"; }; };",
                   1);
    assert_int_equal(config->server.tcp.idle_ms, 2000);
    assert_int_equal(config->server.tcp.clients, 7);
    assert_int_equal(config->server.tcp.per_client, 3);
    assert_int_equal(config->server.tcp.transfers, 1);
    assert_string_equal(config->server.tls.certificate, "/etc/a.pem");
    assert_string_equal(config->server.tls.key, "/b.pem");
    assert_int_equal(config->server.tls.handshake_ms, 1000);
    assert_int_equal(config->server.tls.listen_count, 2);
    assert_int_equal(config->server.tls.listen[0].port, 853);
    config_unref(config);
}

static void durations_have_units_and_plain_numbers_are_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ms;
    } durations[] = {
        {"\"200ms\"", 200}, {"\"2s\"", 2000}, {"\"5m\"", 300000}, {"\"1h\"", 3600000},
        {"\"1.5s\"", 1500}, {"7", 7000},      {"7L", 7000},       {"0.25", 250},
    };
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, ZONES "probes = { p = { type = \"sip\"; interval = %s; }; };", durations[i].text);
        struct config *config = sound("c", text, 1);
        assert_int_equal(config->probes[0].interval_ms, durations[i].ms);
        config_unref(config);
    }
}

static void endpoints_of_a_site_stand_together_and_refer_to_site_and_probes(void **state)
{
    (void)state;
    struct config *config =
        sound("c",
              ZONES "probes = { p = { type = \"sip\"; }; q = { type = \"sip\"; }; };\n"
                    "sites = ( { name = \"a\"; location = ( -90, 180 ); endpoints = ( { host = \"A1.sip.example.com\"; } ); },\n"
                    "  { name = \"empty\"; location = ( 0, 0 ); },\n"
                    "  { name = \"b\"; location = ( 1.5, -180 ); region = \"eu\"; bias = -99; min_up = 2; endpoints = (\n"
                    "    { host = \"b1.sip.example.com.\"; tier = 9; weight = 0; probes = [ \"q\", \"p\" ]; address = \"2001:db8::1\"; },\n"
                    "    { host = \"b2.sip.example.com.\"; weight = 65535; } ); } );\n",
              1);
    assert_int_equal(config->site_count, 3);
    assert_int_equal(config->endpoint_count, 3);
    assert_int_equal(config->sites[1].endpoint_count, 0);
    const struct site *site = &config->sites[2];
    assert_int_equal(site->first_endpoint, 1);
    assert_int_equal(site->endpoint_count, 2);
    assert_true(site->latitude == 1.5 && site->longitude == -180);
    assert_string_equal(site->region, "eu");
    assert_int_equal(site->bias, -99);
    assert_int_equal(site->min_up, 2);
    assert_string_equal(config->endpoints[0].host, "a1.sip.example.com.");
    const struct endpoint *endpoint = &config->endpoints[1];
    assert_int_equal(endpoint->site, 2);
    assert_int_equal(endpoint->tier, 9);
    assert_int_equal(endpoint->weight, 0);
    assert_int_equal(endpoint->probe_count, 2);
    assert_int_equal(endpoint->probes[0], 1);
    assert_int_equal(endpoint->probes[1], 0);
    assert_int_equal(endpoint->address.family, FAMILY_V6);
    assert_int_equal(config->endpoints[2].weight, 65535);
    config_unref(config);
}

static void a_service_takes_its_sites_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct config *config = sound(
        "c",
        ZONES SITES
        "services = ( { name = \"one.sip.example.com\"; sites = [ \"c\", \"a\" ]; policy = \"ordered\"; srv = \"weighted\"; targets = 16;\n"
        "  ttl = 3600; sticky = ( 0, 128 ); on_all_down = \"static\"; label = \"gr\xc3\xbc\xc3\x9f\"; },\n"
        "  { name = \"SIP.example.com\"; policy = \"weighted\"; on_all_down = \"empty\"; spread = \"query\"; } );",
        0);
    const struct service *service = &config->services[0];
    assert_int_equal(service->site_count, 2);
    assert_int_equal(service->sites[0], 2);
    assert_int_equal(service->sites[1], 0);
    assert_int_equal(service->policy, POLICY_ORDERED);
    assert_int_equal(service->srv, SRV_WEIGHTED);
    assert_int_equal(service->targets, 16);
    assert_int_equal(service->ttl_s, 3600);
    assert_int_equal(service->sticky_v4, 0);
    assert_int_equal(service->sticky_v6, 128);
    assert_int_equal(service->on_all_down, ALL_DOWN_STATIC);
    assert_string_equal(service->label, "gr\xc3\xbc\xc3\x9f");
    service = &config->services[1];
    assert_string_equal(service->name, "sip.example.com.");
    assert_int_equal(service->policy, POLICY_WEIGHTED);
    assert_int_equal(service->on_all_down, ALL_DOWN_EMPTY);
    assert_true(service->spread_query);
    assert_int_equal(service->site_count, 3);
    assert_int_equal(service->sites[2], 2);
    config_unref(config);
}

static void preferences_name_a_country_a_continent_or_an_as_number_of_any_size(void **state)
{
    (void)state;
    struct config *config = sound(
        "c",
        ZONES SITES "geo = { prefer = ( { country = \"ie\"; sites = [ \"b\", \"a\" ]; }, { continent = \"EU\"; sites = [ \"c\" ]; },\n"
                    "  { asn = 4200000000; sites = [ \"c\" ]; }, { asn = 4294967293L; sites = [ \"c\" ]; }, { asn = 0xFFFFFFFE; sites = [ "
                    "\"c\" ]; } ); };",
        1);
    const struct prefer *prefer = config->geo.prefer;
    assert_int_equal(config->geo.prefer_count, 5);
    assert_int_equal(prefer[0].kind, PREFER_COUNTRY);
    assert_string_equal(prefer[0].code, "IE");
    assert_int_equal(prefer[0].site_count, 2);
    assert_int_equal(prefer[0].sites[0], 1);
    assert_int_equal(prefer[1].kind, PREFER_CONTINENT);
    assert_string_equal(prefer[1].code, "EU");
    assert_int_equal(prefer[2].kind, PREFER_ASN);
    assert_int_equal(prefer[2].asn, 4200000000u);
    assert_int_equal(prefer[3].asn, 4294967293u);
    assert_int_equal(prefer[4].asn, 4294967294u);
    config_unref(config);
}

static void relative_paths_count_from_the_folder_of_the_file(void **state)
{
    (void)state;
    static const char text[] = "server = { control = \"run/c.sock\"; state = \"/abs\"; };\n"
                               "geo = { databases = [ \"g/a.mmdb\", \"/g/b.mmdb\" ]; nets = \"n\"; };\n" ZONES;
    struct config *config = sound("/etc/sipsteer/c.conf", text, 1);
    assert_string_equal(config->path, "/etc/sipsteer/c.conf");
    assert_string_equal(config->server.control, "/etc/sipsteer/run/c.sock");
    assert_string_equal(config->server.state, "/abs");
    assert_string_equal(config->geo.databases[0], "/etc/sipsteer/g/a.mmdb");
    assert_string_equal(config->geo.databases[1], "/g/b.mmdb");
    assert_string_equal(config->geo.nets, "/etc/sipsteer/n");
    assert_string_equal(config->zones[0].file, "/etc/sipsteer/z");
    config_unref(config);
    config = sound("c.conf", text, 1);
    assert_string_equal(config->server.control, "run/c.sock");
    config_unref(config);
}

static void port_zero_may_be_listened_at_twice(void **state)
{
    (void)state;
    struct config *config = sound("c", ZONES "server = { workers = 3; listen = [ \"127.0.0.1:0\", \"127.0.0.1:0\" ]; };", 1);
    assert_int_equal(config->server.listen_count, 2);
    assert_int_equal(config->server.listen[1].port, 0);
    assert_int_equal(config->server.workers, 3);
    config_unref(config);
}

static void names_in_a_zone_inside_another_are_sound(void **state)
{
    (void)state;
    struct config *config = sound("c",
                                  "zones = ( { name = \"example.com\"; file = \"a\"; }, { name = \"_x.example.com.\"; file = \"b\"; } );\n"
                                  "sites = ( { name = \"a\"; location = ( 0, 0 ); endpoints = ( { host = \"h._x.example.com\"; } ); } );\n"
                                  "services = ( { name = \"example.com\"; } );",
                                  0);
    assert_string_equal(config->zones[0].name, "example.com.");
    config_unref(config);
}

static void warned_of(const char *text, const char *warning)
{
    struct report report;
    report_init(&report);
    struct config *config = config_from_text("c", text, strlen(text), &report);
    assert_non_null(config);
    assert_int_equal(report.count, 1);
    assert_int_equal(report.findings[0].severity, SEVERITY_WARNING);
    assert_string_equal(report.findings[0].text, warning);
    report_release(&report);
    config_unref(config);
}

static void what_is_odd_but_possible_is_a_warning(void **state)
{
    (void)state;
    warned_of(ZONES, "c:1: no services: nothing is steered");
    warned_of(ZONES "services = ( );", "c:1: no services: nothing is steered");
    warned_of(ZONES SITES "services = ( { name = \"sip.example.com\"; spread = \"query\";\nsticky = ( 24, 48 ); } );",
              "c:4: services[0].sticky: has no effect with spread = \"query\"");
}

static void errors_of_an_earlier_reading_do_not_refuse_a_sound_file(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    report_error(&report, NULL, "of another file");
    struct config *config = config_from_text("c", ZONES, strlen(ZONES), &report);
    assert_non_null(config);
    config_unref(config);
    report_release(&report);
}

static void the_demonstration_is_sound(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    struct config *config = config_load(TEST_SOURCE_DIR "/contrib/demo/sipsteer.conf", &report);
    assert_non_null(config);
    assert_int_equal(report.count, 0);
    assert_int_equal(config->site_count, 6);
    assert_int_equal(config->endpoint_count, 24);
    assert_int_equal(config->service_count, 2);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        char address[ADDR_TEXT], expected[ADDR_TEXT];
        snprintf(expected, sizeof expected, "127.10.%zu.%zu", i / 4 + 1, i % 4 + 1);
        assert_string_equal(addr_format(&config->endpoints[i].address, address), expected);
    }
    assert_int_equal(access(config->zones[0].file, R_OK), 0);
    config_unref(config);
    report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_configuration_gets_every_default),
        cmocka_unit_test(every_key_of_a_probe_is_taken),
        cmocka_unit_test(the_keys_of_a_probe_over_tls_are_taken),
        cmocka_unit_test(tcp_and_tls_have_defaults_and_take_every_key),
        cmocka_unit_test(durations_have_units_and_plain_numbers_are_seconds),
        cmocka_unit_test(endpoints_of_a_site_stand_together_and_refer_to_site_and_probes),
        cmocka_unit_test(a_service_takes_its_sites_in_the_order_of_the_file),
        cmocka_unit_test(preferences_name_a_country_a_continent_or_an_as_number_of_any_size),
        cmocka_unit_test(relative_paths_count_from_the_folder_of_the_file),
        cmocka_unit_test(port_zero_may_be_listened_at_twice),
        cmocka_unit_test(names_in_a_zone_inside_another_are_sound),
        cmocka_unit_test(what_is_odd_but_possible_is_a_warning),
        cmocka_unit_test(errors_of_an_earlier_reading_do_not_refuse_a_sound_file),
        cmocka_unit_test(the_demonstration_is_sound),
    };
    return cmocka_run_group_tests_name("config load", tests, NULL, NULL);
}
