/* Zones from text, for the tests of the loader. Everything lies in a folder of its own that fixture_remove() deletes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zone/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APEX "sip.example.com."
/* Six lines; what a test adds starts in line 7. */
#define HEAD                                                                                                                               \
    "$ORIGIN " APEX "\n"                                                                                                                   \
    "$TTL 30\n"                                                                                                                            \
    "@ IN SOA ns1 hostmaster 2026010100 3600 900 604800 30\n"                                                                              \
    "@ IN NS ns1\n"                                                                                                                        \
    "ns1 IN A 192.0.2.1\n"                                                                                                                 \
    "\n"

struct fixture {
    char folder[32], file[64];
    struct report report;
    struct zone *zone;
};

static inline void fixture_write(const struct fixture *f, const char *name, const char *text, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(out);
}

static inline struct fixture fixture_new(void)
{
    struct fixture f = {.folder = "/tmp/zone-test-XXXXXX"};
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.file, sizeof f.file, "%s/main.zone", f.folder);
    report_init(&f.report);
    return f;
}

static inline void fixture_load(struct fixture *f)
{
    f->zone = zone_load(APEX, f->file, &f->report);
    assert_int_equal(f->zone == NULL, f->report.errors != 0);
}

static inline struct fixture fixture_of(const char *text, size_t len)
{
    struct fixture f = fixture_new();
    fixture_write(&f, "main.zone", text, len);
    fixture_load(&f);
    return f;
}

static inline void fixture_remove(struct fixture *f)
{
    static const char *const names[] = {"main.zone", "a.zone", "b.zone", "with space.zone"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", f->folder, names[i]);
        unlink(path);
    }
    rmdir(f->folder);
    zone_unref(f->zone);
    report_release(&f->report);
}

/* A finding that begins with "file:line: " (file relative to the folder) and holds the text. */
static inline bool fixture_told(const struct fixture *f, enum severity severity, const char *place, const char *text)
{
    char start[160];
    snprintf(start, sizeof start, "%s/%s: ", f->folder, place);
    for (size_t i = 0; i < f->report.count; i++) {
        const struct finding *finding = &f->report.findings[i];
        if (finding->severity == severity && strncmp(finding->text, start, strlen(start)) == 0 && strstr(finding->text, text))
            return true;
    }
    for (size_t i = 0; i < f->report.count; i++)
        print_message("found: %s\n", f->report.findings[i].text);
    print_message("missing: %s%s\n", start, text);
    return false;
}

/* HEAD and this text load without a finding. */
#define assert_loads(f, body)                                                                                                              \
    do {                                                                                                                                   \
        f = fixture_of(HEAD body, sizeof(HEAD body) - 1);                                                                                  \
        for (size_t i_ = 0; i_ < f.report.count; i_++)                                                                                     \
            print_message("found: %s\n", f.report.findings[i_].text);                                                                      \
        assert_non_null(f.zone);                                                                                                           \
        assert_int_equal(f.report.count, 0);                                                                                               \
    } while (0)

/* A whole file is refused with this one error at this place. */
#define assert_file_refused(body, place, what)                                                                                             \
    do {                                                                                                                                   \
        struct fixture f_ = fixture_of(body, sizeof(body) - 1);                                                                            \
        assert_true(fixture_told(&f_, SEVERITY_ERROR, place, what));                                                                       \
        assert_int_equal(f_.report.errors, 1);                                                                                             \
        assert_null(f_.zone);                                                                                                              \
        fixture_remove(&f_);                                                                                                               \
    } while (0)

/* HEAD and this text are refused with this one error in this line of main.zone. */
#define assert_refused(body, line, what) assert_file_refused(HEAD body, "main.zone:" #line, what)

/* HEAD and this text load with this one warning. */
#define assert_warned(body, line, what)                                                                                                    \
    do {                                                                                                                                   \
        struct fixture f_ = fixture_of(HEAD body, sizeof(HEAD body) - 1);                                                                  \
        assert_true(fixture_told(&f_, SEVERITY_WARNING, "main.zone:" #line, what));                                                        \
        assert_int_equal(f_.report.count, 1);                                                                                              \
        assert_non_null(f_.zone);                                                                                                          \
        fixture_remove(&f_);                                                                                                               \
    } while (0)

/* The record numbered i of this node and type as text, kept until the next call; NULL when there is none. */
static inline const char *fixture_record(const struct fixture *f, const char *wire, size_t wire_len, const char *type, unsigned i)
{
    static char text[5000];
    const struct zone_node *node = zone_find(f->zone, (const uint8_t *)wire, wire_len);
    const struct rrset *set = node ? zone_rrset(node, zone_type_number(type)) : NULL;
    if (set == NULL || i >= set->count)
        return NULL;
    char *made = zone_record_text(node->name, set->type, set->ttl_s, set->rdatas[i].octets, set->rdatas[i].len);
    assert_non_null(made);
    snprintf(text, sizeof text, "%s", made);
    free(made);
    return text;
}

#define WIRE_APEX "\3sip\7example\3com"
/* wire: the labels in front of the apex, in lower case, as a string literal. */
#define record_of(f, wire, type, i) fixture_record(f, wire WIRE_APEX, sizeof(wire WIRE_APEX), type, i)
#define node_of(f, wire) zone_find((f)->zone, (const uint8_t *)(wire WIRE_APEX), sizeof(wire WIRE_APEX))
