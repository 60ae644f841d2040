/* docs/configuration.md says what the code does: every key with its type, default and range, and every range is held at its ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *page; /* with a newline before the first line */

static int read_page(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/docs/configuration.md", "r");
    if (file == NULL)
        return -1;
    page = mem_new(1, 1 << 20);
    page[0] = '\n';
    const size_t len = fread(page + 1, 1, (1 << 20) - 2, file);
    fclose(file);
    return len > 0 ? 0 : -1;
}

static int free_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

/* The text under the heading of a table, up to the next heading; the caller frees. */
static char *section_of(const struct table *table)
{
    char *heading = *table->path ? mem_format("\n## `%s`\n", table->path) : mem_text("\n## The whole file\n");
    const char *from = strstr(page, heading);
    if (from == NULL)
        fail_msg("the reference has no heading %s", heading);
    const char *end = strstr(from + 1, "\n## ");
    char *section = mem_format("%.*s", (int)(end - from), from);
    free(heading);
    return section;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void every_key_stands_in_the_reference_with_its_type_default_and_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_table_count; i++) {
        const struct table *table = schema_tables[i];
        char *section = section_of(table);
        for (size_t k = 0; k < table->count; k++) {
            const struct key *key = &table->keys[k];
            char *type = describe_type(key), *fallback = describe_default(key), *range = describe_range(key);
            char *row = mem_format("\n| `%s` | %s | %s | %s | ", key->name, type, fallback, range);
            if (count_of(section, row) != 1)
                fail_msg("under %s the reference lacks the row%s", table->path, row);
            free(row);
            free(range);
            free(fallback);
            free(type);
        }
        assert_int_equal(count_of(section, "\n| `"), table->count);
        free(section);
    }
}

static void the_reference_has_no_table_of_keys_that_are_not_there(void **state)
{
    (void)state;
    assert_int_equal(count_of(page, "\n| key | type | default | range | meaning |\n"), schema_table_count);
}

static void the_limits_of_files_in_the_reference_are_those_of_the_code(void **state)
{
    (void)state;
    char *limits = mem_format("\n| octets of all files | %d MiB |\n| files included | %d |\n| files including each other | %d deep |\n"
                              "| groups and lists inside each other | %d deep |\n| keys in one group | %d |\n| errors told | %d |\n",
                              SOURCE_MAX >> 20, SOURCE_FILES_MAX, INCLUDE_DEPTH_MAX, NESTING_MAX, GROUP_KEYS_MAX, ERRORS_TOLD_MAX);
    assert_int_equal(count_of(page, limits), 1);
    free(limits);
}

static void the_example_in_the_reference_is_sound(void **state)
{
    (void)state;
    const char *from = strstr(page, "\n```libconfig\n") + strlen("\n```libconfig\n"), *end = strstr(from, "\n```\n");
    struct report report;
    report_init(&report);
    struct config *config = config_from_text("example", from, (size_t)(end - from), &report);
    assert_non_null(config);
    assert_int_equal(report.count, 0);
    config_unref(config);
    report_release(&report);
}

/* The findings about a text that has this setting in a group of this table; each on a line of its own. The caller frees. */
static char *findings_with(const struct table *table, const char *setting)
{
    static const struct {
        const struct table *table;
        const char *before, *after;
    } places[] = {
        {&root_table, "", ""},
        {&server_table, "server = {", "};"},
        {&http_table, "http = {", "};"},
        {&tcp_table, "server = { tcp = {", "}; };"},
        {&tls_table, "server = { tls = {", "}; };"},
        {&cookies_table, "server = { cookies = {", "}; };"},
        {&rate_limit_table, "server = { rate_limit = {", "}; };"},
        {&geo_table, "geo = {", "};"},
        {&prefer_table, "geo = { prefer = ( {", "} ); };"},
        {&key_table, "keys = ( {", "} );"},
        {&zone_table, "zones = ( {", "} );"},
        {&transfer_table, "zones = ( { transfer = {", "}; } );"},
        {&primary_table, "zones = ( { primary = {", "}; } );"},
        {&dnssec_table, "zones = ( { dnssec = {", "}; } );"},
        {&probe_table, "probes = { p = {", "}; };"},
        {&site_table, "sites = ( {", "} );"},
        {&endpoint_table, "sites = ( { endpoints = ( {", "} ); } );"},
        {&service_table, "services = ( {", "} );"},
        {&balance_table, "balance = {", "};"},
        {&drills_table, "drills = {", "};"},
        {&drill_goals_table, "drills = { goals = {", "}; };"},
        {&metrics_table, "metrics = {", "};"},
        {&load_table, "loads = { l = {", "}; };"},
        {&check_table, "checks = ( {", "} );"},
        {&depend_table, "sites = ( { depends = ( {", "} ); } );"},
        {&safety_table, "safety = {", "};"},
        {&audit_table, "audit = {", "};"},
        {&dnstap_table, "dnstap = {", "};"},
        {&query_log_table, "query_log = {", "};"},
        {&alert_table, "alerts = {", "};"},
        {&hook_table, "hooks = ( {", "} );"},
        {&cluster_table, "clusters = ( {", "} );"},
    };
    size_t i = 0;
    while (places[i].table != table)
        i++;
    struct report report;
    report_init(&report);
    char *text = mem_format("%s%s%s", places[i].before, setting, places[i].after);
    config_unref(config_from_text("c", text, strlen(text), &report));
    char *found = mem_text("");
    for (size_t f = 0; f < report.count && f < 100; f++) {
        char *longer = mem_format("%s%s\n", found, report.findings[f].text);
        free(found);
        found = longer;
    }
    free(text);
    report_release(&report);
    return found;
}

/* Whether "key = value;" is refused as this says. */
static void expect(const struct table *table, const struct key *key, char *value, const char *why, bool refused)
{
    char *setting = mem_format("%s = %s;", key->name, value);
    char *found = findings_with(table, setting);
    if ((strstr(found, why) != NULL) != refused)
        fail_msg("%s: %.200s: expected %s\"%s\", got:\n%.2000s", table->path, setting, refused ? "" : "no ", why, found);
    free(found);
    free(setting);
    free(value);
}

/* "v", or the same inside a pair or a list. */
static char *placed(const struct key *outer, unsigned index, char *value)
{
    char *text = outer->kind == KIND_PAIR && index == 0 ? mem_format("( %s, 0 )", value)
                 : outer->kind == KIND_PAIR             ? mem_format("( 0, %s )", value)
                 : outer->kind == KIND_LIST             ? mem_format("( %s )", value)
                                                        : mem_text(value);
    free(value);
    return text;
}

static void number_is_held(const struct table *table, const struct key *outer, const struct key *key, unsigned index)
{
    const double step = key->kind == KIND_NUMBER ? 0.001 : key->kind == KIND_DURATION ? key->unit_ms : 1;
    const double values[] = {key->least - step, key->least, key->most, key->most + step};
    for (unsigned i = 0; i < 4; i++) {
        char *value = key->kind == KIND_DURATION ? mem_format("%.3f", values[i] / 1e3)
                      : key->kind == KIND_NUMBER ? mem_format("%.3f", values[i])
                                                 : mem_format("%.0f", values[i]);
        expect(table, outer, placed(outer, index, value), "out of range", i == 0 || i == 3);
    }
}

static char *repeated(const char *what, double times)
{
    const size_t len = strlen(what), count = times > 0 ? (size_t)times : 0;
    char *text = mem_new(count * len + 1, 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, what, len);
    return text;
}

static void text_is_held(const struct table *table, const struct key *outer, const struct key *key)
{
    const double lengths[] = {key->least - 1, key->least, key->most, key->most + 1};
    for (unsigned i = 0; i < 4; i++) {
        if (lengths[i] < 0)
            continue;
        char *letters = repeated("x", lengths[i]);
        expect(table, outer, placed(outer, 0, mem_format("\"%s\"", letters)), i == 0 ? "empty" : "too long", i == 0 || i == 3);
        free(letters);
    }
}

static void count_is_held(const struct table *table, const struct key *key)
{
    const double counts[] = {key->least - 1, key->least, key->most, key->most + 1};
    for (unsigned i = 0; i < 4; i++) {
        if (counts[i] < 0)
            continue;
        char *items = repeated("true,", counts[i]);
        items[strlen(items) - (*items != 0)] = 0;
        char *why = mem_format("%.0f items, expected", counts[i]);
        expect(table, key, mem_format("( %s )", items), why, i == 0 || i == 3);
        free(why);
        free(items);
    }
}

static void choices_are_held(const struct table *table, const struct key *key)
{
    for (size_t i = 0; key->choices[i]; i++) {
        char *why = mem_format("\"%s\", expected ", key->choices[i]);
        expect(table, key, mem_format("\"%s\"", key->choices[i]), why, false);
        free(why);
    }
    expect(table, key, mem_text("\"\""), "\"\", expected ", true);
}

static void key_is_held(const struct table *table, const struct key *key)
{
    switch (key->kind) {
    case KIND_WHOLE:
    case KIND_NUMBER:
    case KIND_DURATION: number_is_held(table, key, key, 0); break;
    case KIND_TEXT:
    case KIND_PATH: text_is_held(table, key, key); break;
    case KIND_CHOICE: choices_are_held(table, key); break;
    case KIND_PAIR:
        number_is_held(table, key, &key->item[0], 0);
        number_is_held(table, key, &key->item[1], 1);
        break;
    case KIND_LIST:
        count_is_held(table, key);
        if (key->item && key->item->kind == KIND_WHOLE)
            number_is_held(table, key, key->item, 0);
        else if (key->item && key->item->kind == KIND_PATH)
            text_is_held(table, key, key->item);
        break;
    default: break;
    }
}

static void every_range_is_held_at_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_table_count; i++)
        for (size_t k = 0; k < schema_tables[i]->count; k++)
            key_is_held(schema_tables[i], &schema_tables[i]->keys[k]);
}

/* The number of endpoints is bounded over all sites, not only in each. */
static void endpoints_are_bounded_over_all_sites(void **state)
{
    (void)state;
    enum { HALF = ENDPOINTS_MAX / 2, LINE = 32 };
    char *text = mem_new(ENDPOINTS_MAX + 100, LINE), *at = text;
    at += sprintf(at, "zones = ( { name = \"a\"; file = \"z\"; } ); sites = (");
    for (unsigned site = 0; site < 2; site++) {
        at += sprintf(at, "%s{ name = \"s%u\"; location = ( 0, 0 ); endpoints = (", site ? "," : "", site);
        for (unsigned i = 0; i < HALF + site; i++)
            at += sprintf(at, "%s{host=\"h%u-%u.a\";}", i ? "," : "", site, i);
        at += sprintf(at, "); }");
    }
    sprintf(at, ");");
    struct report report;
    report_init(&report);
    assert_null(config_from_text("c", text, strlen(text), &report));
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.findings[0].text, "c:1: sites[1].endpoints: more than 60000 endpoints over all sites");
    report_release(&report);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_stands_in_the_reference_with_its_type_default_and_range),
        cmocka_unit_test(the_reference_has_no_table_of_keys_that_are_not_there),
        cmocka_unit_test(the_limits_of_files_in_the_reference_are_those_of_the_code),
        cmocka_unit_test(the_example_in_the_reference_is_sound),
        cmocka_unit_test(every_range_is_held_at_both_ends),
        cmocka_unit_test(endpoints_are_bounded_over_all_sites),
    };
    return cmocka_run_group_tests_name("config reference", tests, read_page, free_page);
}
