/* Sources of load and clusters: what a sound configuration becomes, and each kind of mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOADS(text) "loads = {\n" text "};\n"
#define AT_ENDPOINT(keys)                                                                                                                  \
    "sites = ( { name = \"london\"; location = (51.5, -0.1); endpoints = ( { host = \"lb1.sip.example.com\"; " keys " } ); } );\n"
#define AT_SITE(keys) "sites = ( { name = \"london\"; location = (51.5, -0.1); " keys " } );\n"

/* The findings, a line each; the caller frees. */
static char *findings(const char *text, struct config **ret_config)
{
    struct report report;
    report_init(&report);
    char *whole = mem_format("zones = ( { name = \"sip.example.com.\"; file = \"z\"; } );\n%s", text);
    *ret_config = config_from_text("c", whole, strlen(whole), &report);
    char *found = mem_text("");
    for (size_t i = 0; i < report.count; i++) {
        char *longer = mem_format("%s%s\n", found, report.findings[i].text);
        free(found);
        found = longer;
    }
    report_release(&report);
    free(whole);
    return found;
}

static struct config *sound(const char *text)
{
    struct config *config;
    char *found = findings(text, &config);
    if (!config || strstr(found, "loads"))
        fail_msg("%s", found);
    free(found);
    return config;
}

static void refused(const char *text, const char *why)
{
    struct config *config;
    char *found = findings(text, &config);
    if (config || !strstr(found, why))
        fail_msg("%s\nexpected \"%s\", got:\n%s", text, why, found);
    free(found);
}

static void a_source_is_read_with_all_its_keys(void **state)
{
    (void)state;
    struct config *config = sound(LOADS(
        "dialogs = { type = \"prometheus\"; url = \"http://%a:8080/metrics\"; metric = \"k_dialogs{type=\\\"own\\\"}\"; sum = true; "
        "interval = \"2s\"; timeout = \"1s\"; };\n"
        "invites = { type = \"json\"; unit = \"cps\"; url = \"https://h/%s\"; path = \"/a/0\"; body = \"{}\"; rate = true; scale = 0.5; "
        "verify = false; };\n"
        "told = { type = \"push\"; unit = \"percent\"; };\n"
        "run = { type = \"exec\"; command = (\"/bin/echo\", \"%h\"); };\n"));
    assert_int_equal(config->load_source_count, 4);
    const struct load_source *at = config->load_sources;
    assert_int_equal(at[0].type, LOAD_PROMETHEUS);
    assert_string_equal(at[0].metric, "k_dialogs{type=\"own\"}");
    assert_true(at[0].sum && at[0].verify && !at[0].rate && at[0].scale == 1);
    assert_int_equal(at[0].interval_ms, 2000);
    assert_int_equal(at[1].unit, LOAD_CPS);
    assert_true(at[1].rate && at[1].scale == 0.5 && !at[1].verify);
    assert_int_equal(at[2].unit, LOAD_PERCENT);
    assert_int_equal(at[2].interval_ms, 5000);
    assert_int_equal(at[3].command_count, 2);
    assert_string_equal(at[3].command[1], "%h");
    config_unref(config);
}

static void endpoints_sites_and_clusters_name_their_sources(void **state)
{
    (void)state;
    struct config *config = sound(LOADS(
        "told = { type = \"push\"; };\nf = { type = \"file\"; file = \"%s.load\"; };\n") "sites = ( { name = \"london\"; location = (51.5, "
                                                                                         "-0.1); load = (\"f\", \"told\"); endpoints = ( { "
                                                                                         "host = \"lb1.sip.example.com\"; "
                                                                                         "load = (\"f\"); } ); } );\n"
                                                                                         "clusters = ( { name = \"trunk\"; capacity = 300; "
                                                                                         "capacity_cps = 9; endpoints = "
                                                                                         "(\"LB1.sip.example.com.\"); load = (\"told\"); } "
                                                                                         ");\n");
    assert_int_equal(config->sites[0].loads.count, 2);
    assert_int_equal(config->sites[0].loads.of[0], 1);
    assert_int_equal(config->endpoints[0].loads.count, 1);
    assert_int_equal(config_cluster(config, "trunk"), 0);
    assert_int_equal(config_cluster(config, "trunks"), -1);
    assert_int_equal(config->clusters[0].limits.calls, 300);
    assert_int_equal(config->clusters[0].limits.cps, 9);
    assert_int_equal(config->clusters[0].endpoint_count, 1);
    assert_int_equal(config->clusters[0].endpoints[0], 0);
    config_unref(config);
}

#define PAGE(keys) LOADS("l = { type = \"prometheus\"; url = \"http://h/\"; metric = \"m\"; " keys " };\n")

static void keys_that_do_not_fit_the_type_are_refused(void **state)
{
    (void)state;
    refused(LOADS("l = { type = \"prometheus\"; };"), "loads.l.url: missing, \"prometheus\" cannot do without");
    refused(LOADS("l = { type = \"prometheus\"; url = \"http://h/\"; };"), "loads.l.metric: missing");
    refused(LOADS("l = { type = \"json\"; url = \"http://h/\"; };"), "loads.l.path: missing");
    refused(LOADS("l = { type = \"file\"; };"), "loads.l.file: missing");
    refused(LOADS("l = { type = \"exec\"; };"), "loads.l.command: missing");
    refused(LOADS("l = { type = \"push\"; url = \"http://h/\"; };"), "loads.l.url: has no meaning for \"push\"");
    refused(LOADS("l = { type = \"file\"; file = \"f\"; timeout = \"1s\"; };"), "loads.l.timeout: has no meaning");
    refused(LOADS("l = { type = \"file\"; file = \"f\"; metric = \"m\"; path = \"p\"; };"), "only one of path and metric");
    refused(LOADS("l = { type = \"pull\"; };"), "expected one of \"prometheus\"");
    refused(LOADS("l = { };"), "loads.l.type: missing");
    refused(LOADS("L = { type = \"push\"; };"), "\"L\" is no name");
}

static void urls_and_texts_are_looked_at(void **state)
{
    (void)state;
    refused(LOADS("l = { type = \"json\"; path = \"p\"; url = \"ftp://h/\"; };"), "begins with http:// or https://");
    refused(LOADS("l = { type = \"json\"; path = \"p\"; url = \"http://u:secret@h/\"; };"), "names a user");
    refused(LOADS("l = { type = \"json\"; path = \"p\"; url = \"http://h/%20\"; };"), "\"%2\" is no placeholder");
    refused(LOADS("l = { type = \"json\"; path = \"p\"; url = \"http://h/\"; body = \"100%\"; };"), "\"%\" is no placeholder");
    refused(LOADS("l = { type = \"json\"; path = \"/a~2\"; url = \"http://h/\"; };"), "RFC 6901");
    refused(LOADS("l = { type = \"prometheus\"; metric = \"m{\"; url = \"http://h/\"; };"), "expected NAME or NAME{label");
    refused(LOADS("l = { type = \"exec\"; command = (\"echo\"); };"), "no path from /");
    refused(LOADS("l = { type = \"exec\"; command = (\"/bin/echo\", \"%x\"); };"), "command[1]: \"%x\" is no placeholder");
    config_unref(sound(LOADS("l = { type = \"json\"; path = \"p\"; url = \"http://h/a@b?x=u@v\"; };")));
}

static void what_protects_must_have_an_effect(void **state)
{
    (void)state;
    refused(PAGE("ca = \"/dev/null\";"), "loads.l.ca: has no meaning without https://");
    refused(PAGE("verify = false;"), "loads.l.verify: has no meaning without https://");
    refused(PAGE("user = \"u\";"), "user and password_file go together");
    refused(PAGE("password_file = \"/dev/null\";"), "user and password_file go together");
    refused(PAGE("user = \"u\"; password_file = \"/dev/null\"; token_file = \"/dev/null\";"), "only one of user and token_file");
    refused(PAGE("user = \"u:v\"; password_file = \"/dev/null\";"), "RFC 7617");
    refused(PAGE("token_file = \"/nowhere/token\";"), "/nowhere/token cannot be read");
}

static void a_timeout_that_makes_every_value_too_old_is_refused(void **state)
{
    (void)state;
    refused(PAGE("interval = \"500ms\"; timeout = \"1500ms\";"), "loads.l.timeout: three times the interval");
    refused(PAGE("interval = \"500ms\";"), "loads.l.timeout: three times the interval");
    config_unref(sound(PAGE("interval = \"500ms\"; timeout = \"1499ms\";")));
    config_unref(sound(LOADS("l = { type = \"push\"; interval = \"500ms\"; };")));
}

static void a_placeholder_must_stand_for_something(void **state)
{
    (void)state;
    refused(LOADS("l = { type = \"file\"; file = \"%h\"; };") AT_SITE("load = (\"l\");"), "placeholder %h, which a site does not have");
    refused(LOADS("l = { type = \"exec\"; command = (\"/x\", \"%%%a\"); };") AT_SITE("load = (\"l\");"),
            "placeholder %a, which a site does not have");
    refused(LOADS("l = { type = \"file\"; file = \"%s\"; };")
                AT_ENDPOINT("") "clusters = ( { name = \"t\"; endpoints = (\"lb1.sip.example.com\"); load = (\"l\"); } );",
            "placeholder %s, which a cluster does not have");
    config_unref(sound(LOADS("l = { type = \"file\"; file = \"%a%h%s%%\"; };") AT_ENDPOINT("load = (\"l\");")));
}

static void names_must_be_there_and_stand_once(void **state)
{
    (void)state;
    refused(LOADS("dialogs = { type = \"push\"; };") AT_SITE("load = (\"dialog\");"), "no such source of load, did you mean \"dialogs\"?");
    refused(LOADS("l = { type = \"push\"; };") AT_SITE("load = (\"l\", \"l\");"), "stands twice");
    refused(AT_ENDPOINT("") "clusters = ( { name = \"t\"; endpoints = (\"lb2.sip.example.com\"); } );",
            "no such endpoint, did you mean \"lb1.sip.example.com.\"?");
    refused(AT_ENDPOINT("") "clusters = ( { name = \"london\"; endpoints = (\"lb1.sip.example.com\"); } );", "\"london\" is a site");
    refused(AT_ENDPOINT("") "clusters = ( { name = \"t\"; endpoints = (\"lb1.sip.example.com\"); }, { name = \"t\"; endpoints = "
                            "(\"lb1.sip.example.com\"); } );",
            "cluster \"t\" stands twice");
    refused(AT_ENDPOINT("") "clusters = ( { name = \"t\"; } );", "clusters[0].endpoints: missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_is_read_with_all_its_keys),        cmocka_unit_test(endpoints_sites_and_clusters_name_their_sources),
        cmocka_unit_test(keys_that_do_not_fit_the_type_are_refused), cmocka_unit_test(urls_and_texts_are_looked_at),
        cmocka_unit_test(what_protects_must_have_an_effect),         cmocka_unit_test(a_timeout_that_makes_every_value_too_old_is_refused),
        cmocka_unit_test(a_placeholder_must_stand_for_something),    cmocka_unit_test(names_must_be_there_and_stand_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
