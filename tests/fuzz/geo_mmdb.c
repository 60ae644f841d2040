/* Any octets as an mmdb file: compiled with and without an ASN rule, then asked; an answer must keep trie_walk's promise. */
#include "base/memory.h"
#include "geo/geo.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libmaxminddb 1.7 loses the list it has begun when damaged metadata make it give up; nothing of ours is in it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static void ask(const struct config *config, const struct geo *geo, const uint8_t *octets)
{
    struct addr addr = {.family = FAMILY_V6};
    memcpy(addr.bytes, octets, sizeof addr.bytes);
    for (unsigned i = 0; i < 2; i++) {
        unsigned depth;
        if (trie_class(geo_trie(geo), &addr, &depth) >= geo_classes(geo)->count || depth > addr_bits(addr.family))
            abort();
        struct geo_place place;
        struct error err;
        geo_locate(config, &addr, &place, &err);
        memset(addr.bytes + 4, 0, 12);
        addr.family = FAMILY_V4;
    }
}

static void compile(const struct config *config, const uint8_t *octets)
{
    struct report report;
    report_init(&report);
    struct geo *geo = geo_compile(config, &report);
    if ((geo == NULL) != (report.errors > 0))
        abort();
    if (geo)
        ask(config, geo, octets);
    geo_free(geo);
    report_release(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 16)
        return 0;
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    char path[32], *paths[] = {path};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct site sites[] = {{.name = "a", .latitude = 51, .longitude = 0}, {.name = "b", .latitude = 1, .longitude = 103}};
    uint8_t first[] = {1};
    struct prefer rule = {.kind = PREFER_ASN, .asn = 64500, .sites = first, .site_count = 1};
    struct config config = {.sites = sites, .site_count = 2};
    config.geo = (struct geo_config){.databases = paths, .database_count = 1, .prefer = &rule};
    compile(&config, data);
    config.geo.prefer_count = 1;
    compile(&config, data);
    close(fd);
    return 0;
}
