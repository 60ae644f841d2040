#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "model/config.h"

/* Two sites of one and two endpoints, two services; every member that owns memory is set, for the leak checker. */
static struct config *config_new(void)
{
    static const char *const hosts[] = {"lb1.lon.sip.example.com.", "lb1.fra.sip.example.com.", "lb2.fra.sip.example.com."};
    struct config *config = mem_new(1, sizeof *config);
    config->path = mem_text("sipsteer.conf");
    config->server = (struct server_config){.listen = mem_new(1, sizeof(struct hostport)),
                                            .listen_count = 1,
                                            .control = mem_text("c"),
                                            .state = mem_text("s"),
                                            .id = mem_text("")};
    config->geo = (struct geo_config){.databases = mem_new(1, sizeof(char *)),
                                      .database_count = 1,
                                      .nets = mem_text("nets"),
                                      .prefer = mem_new(1, sizeof(struct prefer)),
                                      .prefer_count = 1};
    config->geo.databases[0] = mem_text("city.mmdb");
    config->geo.prefer[0].sites = mem_new(2, 1);
    config->zones = mem_new(1, sizeof *config->zones);
    config->zones[0] = (struct zone_config){.name = mem_text("sip.example.com."), .file = mem_text("z")};
    config->zone_count = 1;
    config->probes = mem_new(1, sizeof *config->probes);
    config->probes[0] = (struct probe){.name = mem_text("options-udp"), .from = mem_text("example.com")};
    config->probe_count = 1;
    config->sites = mem_new(2, sizeof *config->sites);
    config->sites[0] = (struct site){.name = mem_text("london"), .region = mem_text("eu"), .endpoint_count = 1};
    config->sites[1] = (struct site){.name = mem_text("frankfurt"), .region = mem_text(""), .first_endpoint = 1, .endpoint_count = 2};
    config->site_count = 2;
    config->endpoints = mem_new(3, sizeof *config->endpoints);
    for (size_t i = 0; i < 3; i++)
        config->endpoints[i] = (struct endpoint){.host = mem_text(hosts[i]), .site = i > 0};
    config->endpoint_count = 3;
    config->services = mem_new(2, sizeof *config->services);
    config->services[0] =
        (struct service){.name = mem_text("sip.example.com."), .label = mem_text("in"), .sites = mem_new(2, 1), .site_count = 2};
    config->services[1] = (struct service){.name = mem_text("."), .label = mem_text(""), .sites = mem_new(1, 1), .site_count = 1};
    config->service_count = 2;
    return config;
}

static void sites_are_found_by_their_exact_name(void **state)
{
    (void)state;
    struct config *config = config_new();
    assert_int_equal(config_site(config, "london"), 0);
    assert_int_equal(config_site(config, "frankfurt"), 1);
    assert_int_equal(config_site(config, "London"), -1);
    assert_int_equal(config_site(config, "london."), -1);
    assert_int_equal(config_site(config, "lond"), -1);
    assert_int_equal(config_site(config, ""), -1);
    config_unref(config);
}

static void endpoints_are_found_without_regard_to_case_and_final_dot(void **state)
{
    (void)state;
    struct config *config = config_new();
    assert_int_equal(config_endpoint(config, "lb1.lon.sip.example.com."), 0);
    assert_int_equal(config_endpoint(config, "lb1.lon.sip.example.com"), 0);
    assert_int_equal(config_endpoint(config, "LB2.fra.SIP.example.com"), 2);
    assert_int_equal(config_endpoint(config, "lb1.lon.sip.example.com.."), -1);
    assert_int_equal(config_endpoint(config, "lb1.lon.sip.example.co"), -1);
    assert_int_equal(config_endpoint(config, "xlb1.lon.sip.example.com"), -1);
    assert_int_equal(config_endpoint(config, "."), -1);
    assert_int_equal(config_endpoint(config, ""), -1);
    config_unref(config);
}

static void services_are_found_likewise_and_the_root_is_only_a_dot(void **state)
{
    (void)state;
    struct config *config = config_new();
    assert_int_equal(config_service(config, "sip.example.com"), 0);
    assert_int_equal(config_service(config, "Sip.Example.Com."), 0);
    assert_int_equal(config_service(config, "."), 1);
    assert_int_equal(config_service(config, ""), -1);
    assert_int_equal(config_service(config, "example.com."), -1);
    config_unref(config);
}

static void nothing_is_freed_of_nothing(void **state)
{
    (void)state;
    config_unref(NULL);
    config_unref(mem_new(1, sizeof(struct config)));
}

static void choices_have_the_texts_of_the_configuration_file(void **state)
{
    (void)state;
    assert_string_equal(policy_text(POLICY_NEAREST), "nearest");
    assert_string_equal(policy_text(POLICY_ORDERED), "ordered");
    assert_string_equal(policy_text(POLICY_WEIGHTED), "weighted");
    assert_string_equal(srv_mode_text(SRV_RANKED), "ranked");
    assert_string_equal(srv_mode_text(SRV_WEIGHTED), "weighted");
    assert_string_equal(all_down_text(ALL_DOWN_SERVE_ALL), "serve-all");
    assert_string_equal(all_down_text(ALL_DOWN_STATIC), "static");
    assert_string_equal(all_down_text(ALL_DOWN_EMPTY), "empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_are_found_by_their_exact_name),
        cmocka_unit_test(endpoints_are_found_without_regard_to_case_and_final_dot),
        cmocka_unit_test(services_are_found_likewise_and_the_root_is_only_a_dot),
        cmocka_unit_test(nothing_is_freed_of_nothing),
        cmocka_unit_test(choices_have_the_texts_of_the_configuration_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
