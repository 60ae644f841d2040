/* Hooks and alerts: what a sound configuration becomes, and each kind of mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/tables.h"

#include <stdlib.h>
#include <string.h>

/* The findings, a line each; the caller frees. */
static char *findings(const char *hook, struct config **ret_config)
{
    struct report report;
    report_init(&report);
    char *whole = mem_format("zones = ( { name = \"sip.example.com.\"; file = \"z\"; } );\nhooks = ( %s );", hook), *found = mem_text("");
    *ret_config = config_from_text("c", whole, strlen(whole), &report);
    for (size_t i = 0; i < report.count; i++) {
        char *longer = mem_format("%s%s\n", found, report.findings[i].text);
        free(found);
        found = longer;
    }
    report_release(&report);
    free(whole);
    return found;
}

static void refused(const char *hook, const char *why)
{
    struct config *config;
    char *found = findings(hook, &config);
    if (config || !strstr(found, why))
        fail_msg("%s\nexpected \"%s\", got:\n%s", hook, why, found);
    free(found);
}

static struct config *sound(const char *hook)
{
    struct config *config;
    char *found = findings(hook, &config);
    if (!config)
        fail_msg("%s", found);
    free(found);
    return config;
}

static void every_kind_of_alert_is_read_by_its_name(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ALERT_TEST; kind++) {
        char *hook = mem_format("{ name = \"h\"; command = [ \"/bin/true\" ]; on = [ \"%s\" ]; }", alert_kind_text(kind));
        struct config *config = sound(hook);
        assert_int_equal(config->hooks[0].on_count, 1);
        assert_int_equal(config->hooks[0].on[0], kind);
        config_unref(config);
        free(hook);
    }
    refused("{ name = \"h\"; command = [ \"/bin/true\" ]; on = [ \"test\" ]; }", "on[0]");
}

static void who_names_events_gets_them_whatever_their_severity(void **state)
{
    (void)state;
    struct config *config =
        sound("{ name = \"a\"; command = [ \"/bin/true\" ]; }, { name = \"b\"; url = \"https://x/\"; on = [ \"order\" ]; },"
              "{ name = \"c\"; url = \"http://x/\"; on = [ \"order\" ]; min_severity = \"critical\"; }");
    assert_int_equal(config->hook_count, 3);
    assert_int_equal(config->hooks[0].severity, ALERT_WARNING);
    assert_int_equal(config->hooks[1].severity, ALERT_INFO);
    assert_int_equal(config->hooks[2].severity, ALERT_CRITICAL);
    assert_int_equal(config->hooks[1].timeout_ms, 10000);
    assert_int_equal(config->hooks[1].quiet_s, 300);
    assert_int_equal(config->alerts.geo_age_s, 60 * 86400);
    config_unref(config);
}

static void hooks_that_cannot_be_told_are_refused(void **state)
{
    (void)state;
    refused("{ name = \"h\"; }", "a hook needs a command or a url");
    refused("{ name = \"h\"; command = [ \"/bin/true\" ]; url = \"http://x/\"; }", "only one of command and url");
    refused("{ name = \"h\"; command = [ \"true\" ]; }", "is no path from /");
    refused("{ name = \"h\"; command = [ \"/bin/true\" ]; verify = false; }", "has no meaning without a url");
    refused("{ name = \"h\"; url = \"ftp://x/\"; }", "begins with http:// or https://");
    refused("{ name = \"h\"; url = \"http://x/\"; headers = [ \"no colon\" ]; }", "Name: value");
    refused("{ name = \"h\"; url = \"http://x/\"; secret_file = \"/nowhere/at/all\"; }", "cannot be read");
    refused("{ name = \"h\"; url = \"http://x/\"; }, { name = \"h\"; url = \"http://y/\"; }", "stands twice");
    refused("{ name = \"h\"; url = \"http://x/\"; on = [ \"site-los\" ]; }", "did you mean \"site-lost\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_alert_is_read_by_its_name),
        cmocka_unit_test(who_names_events_gets_them_whatever_their_severity),
        cmocka_unit_test(hooks_that_cannot_be_told_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
