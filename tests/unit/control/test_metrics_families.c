/* docs/metrics.md tells of every family of /metrics, as it is, and of no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "control/metrics_families.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *manual;

static int read_manual(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/docs/metrics.md", "r");
    if (file == NULL)
        return -1;
    manual = mem_new(1, 1 << 20);
    const size_t len = fread(manual, 1, (1 << 20) - 1, file);
    fclose(file);
    return len > 0 ? 0 : -1;
}

static int free_manual(void **state)
{
    (void)state;
    free(manual);
    return 0;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

/* "site, verdict" as "`site`, `verdict`". */
static char *quoted(const char *labels)
{
    char *out = mem_new(4 * strlen(labels) + 3, 1), *to = out;
    if (*labels)
        *to++ = '`';
    for (; *labels; labels++) {
        if (*labels == ',')
            *to++ = '`';
        *to++ = *labels;
        if (*labels == ' ')
            *to++ = '`';
    }
    if (to > out)
        *to++ = '`';
    return out;
}

static void every_family_has_its_row_with_type_labels_meaning_and_a_query(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct family_info *info = &family_infos[i];
        char *labels = quoted(info->labels);
        char *row = mem_format("\n| `%s` | %s | %s | %s | `", info->name, series_type_text(info->type), labels, info->help);
        if (count_of(manual, row) != 1)
            fail_msg("docs/metrics.md lacks the row%s", row);
        const char *query = strstr(manual, row) + strlen(row), *end = strchr(query, '\n');
        char *asked = mem_format("%.*s", (int)(end - query), query);
        if (strstr(asked, info->name) == NULL)
            fail_msg("the example of %s does not ask for it: %s", info->name, asked);
        free(asked);
        free(row);
        free(labels);
    }
}

static void there_is_no_row_of_anything_else(void **state)
{
    (void)state;
    assert_int_equal(count_of(manual, "\n| `sipsteer_") + count_of(manual, "\n| `process_"), FAMILIES);
}

static void names_are_as_prometheus_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct family_info *info = &family_infos[i];
        const size_t len = strlen(info->name);
        const bool total = len > 6 && strcmp(info->name + len - 6, "_total") == 0;
        assert_true(strncmp(info->name, "sipsteer_", 9) == 0 || strncmp(info->name, "process_", 8) == 0);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), len);
        assert_true(total == (info->type == SERIES_COUNTER));
        assert_null(strstr(info->name, "_ms"));
        assert_true(info->help[0] && strchr(info->help, '\n') == NULL);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(info->name, family_infos[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_has_its_row_with_type_labels_meaning_and_a_query),
        cmocka_unit_test(there_is_no_row_of_anything_else),
        cmocka_unit_test(names_are_as_prometheus_has_them),
    };
    return cmocka_run_group_tests(tests, read_manual, free_manual);
}
