/* What world_new() refuses: each unsound pair of configuration and zone, with the words the operator reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signed_world.h"

#define SERVER "server = { listen = [ \"127.0.0.1:0\" ]; };\nzones = ( { name = \"sip.test.\"; file = \"zone\"; } );\n"
#define SITES                                                                                                                              \
    "sites = ( { name = \"london\"; location = ( 51.5, -0.1 ); endpoints = ( { host = \"a.sip.test.\"; } ); },\n"                          \
    "  { name = \"tokyo\"; location = ( 35.7, 139.7 ); endpoints = ( { host = \"b.sip.test.\"; } ); } );\n"
#define SERVICE(sites) "services = ( { name = \"svc.sip.test.\"; sites = [ " sites " ]; } );\n"
#define ZONE "$TTL 60\n@ SOA ns1 hostmaster 7 3600 600 86400 30\n@ NS ns1\nns1 A 10.0.0.1\n"

static void expect_refusal(const char *conf, const char *zone, const char *said)
{
    const char *const files[] = {"test.conf", conf, "zone", zone, NULL};
    struct test_world t;
    struct report report;
    bool found = false;
    report_init(&report);
    test_load(&t, files, &report);
    assert_null(t.world);
    for (size_t i = 0; i < report.count; i++)
        found = found || strstr(report.findings[i].text, said);
    if (!found)
        test_print(&report);
    assert_true(found);
    report_release(&report);
    test_release(&t, files);
}

static void a_target_that_is_no_endpoint_is_told_with_its_record(void **state)
{
    (void)state;
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""),
                   ZONE "a A 10.1.0.1\nb A 10.2.0.1\nc A 10.3.0.1\nsvc A 10.1.0.1\n_sip._udp.svc SRV 0 0 5060 c\n",
                   "IN SRV 0 0 5060 c.sip.test.\": not an endpoint of the sites of service svc.sip.test.");
}

static void an_address_of_no_endpoint_is_told(void **state)
{
    (void)state;
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc A 10.1.0.1\nsvc A 10.9.9.9\n",
                   "10.9.9.9\": not an endpoint");
}

static void an_endpoint_of_a_site_outside_the_service_is_told(void **state)
{
    (void)state;
    expect_refusal(SERVER SITES SERVICE("\"london\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc A 10.1.0.1\nsvc A 10.2.0.1\n",
                   "10.2.0.1\": not an endpoint");
}

static void an_endpoint_without_name_or_address_is_told(void **state)
{
    (void)state;
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nsvc A 10.1.0.1\n",
                   "endpoint b.sip.test.: no zone file has this name");
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb TXT \"x\"\nsvc A 10.1.0.1\n",
                   "has no A or AAAA record");
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb CNAME a\nsvc A 10.1.0.1\n", "a CNAME will not do");
}

static void a_service_that_cannot_be_steered_is_told(void **state)
{
    (void)state;
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\n",
                   "svc.sip.test.: no zone file has this name");
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc TXT \"x\"\n",
                   "no A, AAAA or SRV record to steer");
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc CNAME a\n",
                   "is a CNAME in the zone file");
    expect_refusal(SERVER SITES SERVICE("\"london\", \"tokyo\""), ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc NS ns.other.\n",
                   "delegates this name away");
}

#define WITH_CHILD                                                                                                                         \
    "server = { listen = [ \"127.0.0.1:0\" ]; };\n"                                                                                        \
    "zones = ( { name = \"sip.test.\"; file = \"zone\"; }, { name = \"kid.sip.test.\"; file = \"kid\"; } );\n" SITES SERVICE("\"london\"")
#define PARENT ZONE "a A 10.1.0.1\nb A 10.2.0.1\nsvc A 10.1.0.1\n"

static const char *const without_delegation[] = {"test.conf", WITH_CHILD, "zone", PARENT, "kid", ZONE, NULL};
static const char *const with_delegation[] = {"test.conf", WITH_CHILD, "zone", PARENT "kid NS ns1\n", "kid", ZONE, NULL};

static bool told(const struct report *report, enum severity severity, const char *text)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].severity == severity && strstr(report->findings[i].text, text))
            return true;
    test_print(report);
    return false;
}

static void a_child_that_an_unsigned_parent_does_not_delegate_is_a_warning(void **state)
{
    (void)state;
    struct test_world t;
    struct report report;
    report_init(&report);
    test_load(&t, without_delegation, &report);
    assert_non_null(t.world);
    assert_true(told(&report, SEVERITY_WARNING, "kid.sip.test.: a zone of its own here, but this one does not delegate it"));
    report_release(&report);
    test_release(&t, without_delegation);
}

/* It would prove that the child does not exist. */
static void a_child_that_a_signed_parent_does_not_delegate_is_an_error(void **state)
{
    (void)state;
    static const enum denial denials[] = {DENIAL_NSEC, DENIAL_NSEC3};
    for (unsigned i = 0; i < 2; i++) {
        struct signed_world s = {0};
        struct report report;
        report_init(&report);
        signed_load(&s, without_delegation, denials[i], &report);
        assert_null(s.t.world);
        assert_true(told(&report, SEVERITY_ERROR, "kid.sip.test.: a zone of its own here, but this signed one does not delegate it"));
        report_release(&report);
        signed_release(&s);
    }
}

static void a_child_that_is_delegated_is_sound(void **state)
{
    (void)state;
    struct signed_world s = {0};
    struct report report;
    report_init(&report);
    signed_load(&s, with_delegation, DENIAL_NSEC, &report);
    assert_non_null(s.t.world);
    assert_int_equal(report.count, 0);
    report_release(&report);
    signed_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_that_is_no_endpoint_is_told_with_its_record),
        cmocka_unit_test(an_address_of_no_endpoint_is_told),
        cmocka_unit_test(an_endpoint_of_a_site_outside_the_service_is_told),
        cmocka_unit_test(an_endpoint_without_name_or_address_is_told),
        cmocka_unit_test(a_service_that_cannot_be_steered_is_told),
        cmocka_unit_test(a_child_that_an_unsigned_parent_does_not_delegate_is_a_warning),
        cmocka_unit_test(a_child_that_a_signed_parent_does_not_delegate_is_an_error),
        cmocka_unit_test(a_child_that_is_delegated_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
