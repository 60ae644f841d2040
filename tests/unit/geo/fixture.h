/* Six sites, a folder for the files of one test, and short questions to a compiled geo. */
#pragma once

#include "base/memory.h"
#include "geo/geo.h"
#include "mmdb_writer.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

struct fixture {
    struct config *config;
    struct report report;
    struct geo *geo;
    char folder[32];
    char order[256];
};

enum { LONDON, ASHBURN, SANJOSE, FRANKFURT, AMSTERDAM, SINGAPORE, SIX };

static inline struct config *six_sites(void)
{
    static const struct {
        const char *name;
        double latitude, longitude;
    } sites[SIX] = {{"london", 51.5, -0.1},   {"ashburn", 39, -77.5},   {"sanjose", 37.3, -121.9},
                    {"frankfurt", 50.1, 8.7}, {"amsterdam", 52.4, 4.9}, {"singapore", 1.35, 103.8}};
    struct config *config = mem_new(1, sizeof *config);
    config->sites = mem_new(SIX, sizeof *config->sites);
    config->site_count = SIX;
    for (size_t i = 0; i < SIX; i++) {
        config->sites[i].name = mem_text(sites[i].name);
        config->sites[i].region = mem_text("");
        config->sites[i].latitude = sites[i].latitude;
        config->sites[i].longitude = sites[i].longitude;
    }
    return config;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof *f);
    f->config = six_sites();
    report_init(&f->report);
    strcpy(f->folder, "/tmp/geo-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->config->geo.database_count; i++)
        unlink(f->config->geo.databases[i]);
    if (f->config->geo.nets)
        unlink(f->config->geo.nets);
    assert_int_equal(rmdir(f->folder), 0);
    geo_free(f->geo);
    config_unref(f->config);
    report_release(&f->report);
    free(f);
    return 0;
}

/* Saves the database as the next one of the configuration; its path is the fixture's. */
static inline const char *add_database(struct fixture *f, struct mmdb_writer *w)
{
    struct geo_config *geo = &f->config->geo;
    char **grown = realloc(geo->databases, (geo->database_count + 1) * sizeof *grown);
    assert_non_null(grown);
    geo->databases = grown;
    char *path = mem_format("%s/%zu.mmdb", f->folder, geo->database_count);
    geo->databases[geo->database_count++] = path;
    mmdb_save(w, path);
    return path;
}

static inline void write_file(const char *path, const void *octets, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void set_nets(struct fixture *f, const char *text)
{
    if (f->config->geo.nets == NULL)
        f->config->geo.nets = mem_format("%s/nets.conf", f->folder);
    write_file(f->config->geo.nets, text, strlen(text));
}

/* A rule; code is "" for one by ASN. */
static inline void add_rule(struct fixture *f, int kind, const char *code, uint32_t asn, size_t count, const uint8_t *sites)
{
    struct geo_config *geo = &f->config->geo;
    struct prefer *grown = realloc(geo->prefer, (geo->prefer_count + 1) * sizeof *grown);
    assert_non_null(grown);
    geo->prefer = grown;
    struct prefer *rule = &geo->prefer[geo->prefer_count++];
    *rule = (struct prefer){.asn = asn, .sites = mem_copy(sites, count), .site_count = count};
    rule->kind = kind;
    snprintf(rule->code, sizeof rule->code, "%s", code);
}

static inline void compile(struct fixture *f)
{
    geo_free(f->geo);
    f->geo = geo_compile(f->config, &f->report);
    if (f->geo == NULL)
        fail_msg("%s", f->report.count ? f->report.findings[0].text : "no finding");
    assert_int_equal(f->report.count, 0);
}

static inline void assert_told(const struct fixture *f, const char *text)
{
    for (size_t i = 0; i < f->report.count; i++) {
        if (strstr(f->report.findings[i].text, text))
            return;
    }
    fail_msg("not told: %s; but: %s", text, f->report.count ? f->report.findings[0].text : "nothing");
}

/* Compiling must fail with a finding that has this text in it. */
static inline void compile_fails(struct fixture *f, const char *text)
{
    report_release(&f->report);
    geo_free(f->geo);
    f->geo = geo_compile(f->config, &f->report);
    assert_null(f->geo);
    assert_told(f, text);
}

static inline struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return addr;
}

static inline uint32_t class_of(const struct fixture *f, const char *text)
{
    const struct addr addr = addr_of(text);
    return trie_class(geo_trie(f->geo), &addr, NULL);
}

/* The order of the address by the first letters: l london, b ashburn, j san jose, f frankfurt, a amsterdam, s singapore. */
static inline const char *order_of(struct fixture *f, const char *text)
{
    const uint8_t *order = class_order(geo_classes(f->geo), class_of(f, text));
    for (size_t i = 0; i < SIX; i++)
        f->order[i] = "lbjfas"[order[i]];
    f->order[SIX] = '\0';
    return f->order;
}

static inline struct geo_place place_of(const struct fixture *f, const char *text)
{
    struct geo_place place;
    struct error err;
    const struct addr addr = addr_of(text);
    if (!geo_locate(f->config, &addr, &place, &err))
        fail_msg("%s", err.text);
    return place;
}
