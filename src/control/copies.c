#include "control/copies.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "control/folder.h"
#include "dns/message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REFRESH_FROM_END = 16, RETRY_FROM_END = 12, EXPIRE_FROM_END = 8 };

static uint32_t between(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

struct soa_times copy_times(const struct zone *zone)
{
    const struct rdata *soa = &zone_rrset(&zone->nodes[0], TYPE_SOA)->rdatas[0];
    const uint8_t *end = soa->octets + soa->len;
    struct soa_times times = {.refresh_s = between(get_u32(end - REFRESH_FROM_END), REFRESH_LEAST_S, REFRESH_MOST_S),
                              .retry_s = between(get_u32(end - RETRY_FROM_END), RETRY_LEAST_S, RETRY_MOST_S),
                              .expire_s = between(get_u32(end - EXPIRE_FROM_END), EXPIRE_LEAST_S, EXPIRE_MOST_S)};
    if (times.expire_s < times.refresh_s + times.retry_s) /* it would expire before its primary is asked */
        times.expire_s = times.refresh_s + times.retry_s;
    return times;
}

int64_t copy_confirmed_s(const struct zone_config *config)
{
    struct stat of;
    return stat(config->file, &of) == 0 ? of.st_mtim.tv_sec : 0;
}

/* Reads a file without telling what is wrong with it beyond the first thing. */
static struct zone *load_quietly(const char *name, const char *file, struct error *err)
{
    struct report report;
    report_init(&report);
    struct zone *zone = zone_load(name, file, &report);
    const char *first = "";
    for (size_t i = report.count; i > 0; i--)
        if (report.findings[i - 1].severity == SEVERITY_ERROR)
            first = report.findings[i - 1].text;
    if (zone == NULL)
        error_set(err, "%s", first);
    report_release(&report);
    return zone;
}

static struct zone *absent(const struct zone_config *config, struct report *report, const char *why)
{
    report_warning(report, NULL, "zone %s: %s; its names are SERVFAIL until it has come from its primary", config->name, why);
    return zone_absent(config->name, config->file);
}

struct zone *copy_load(const struct zone_config *config, int64_t wall_s, struct report *report)
{
    struct error err;
    const int64_t confirmed_s = copy_confirmed_s(config);
    if (confirmed_s == 0)
        return absent(config, report, "there is no copy yet");
    struct zone *zone = load_quietly(config->name, config->file, &err);
    if (zone == NULL)
        return absent(config, report, err.text);
    if (wall_s - confirmed_s <= copy_times(zone).expire_s)
        return zone;
    zone_unref(zone);
    return absent(config, report, "the copy has expired");
}

char *copy_new_path(const struct zone_config *config, unsigned slot)
{
    return mem_format("%s.new%u", config->file, slot);
}

struct zone *copy_load_new(const struct zone_config *config, unsigned slot, struct error *err)
{
    char *path = copy_new_path(config, slot);
    struct zone *zone = load_quietly(config->name, path, err);
    free(path);
    return zone;
}

void copy_drop_new(const struct zone_config *config, unsigned slot)
{
    char *path = copy_new_path(config, slot);
    unlink(path);
    free(path);
}

/* The rename is on disk when the folder is. */
static bool sync_folder(const char *path, struct error *err)
{
    char *folder = mem_text(path);
    *strrchr(folder, '/') = '\0';
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && fsync(fd) == 0;
    if (!synced)
        error_set(err, "%s: %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(folder);
    return synced;
}

bool copy_adopt(const struct zone_config *config, unsigned slot, struct error *err)
{
    char *path = copy_new_path(config, slot);
    const bool renamed = rename(path, config->file) == 0;
    if (!renamed)
        error_set(err, "%s cannot become %s: %s", path, config->file, strerror(errno));
    free(path);
    return renamed && sync_folder(config->file, err);
}

void copy_confirm(const struct zone_config *config)
{
    utimensat(AT_FDCWD, config->file, NULL, 0);
}

bool copy_make_folder(const struct zone_config *config, struct error *err)
{
    char *folder = mem_text(config->file);
    *strrchr(folder, '/') = '\0';
    const bool made = folder_make(folder, 0750, err);
    free(folder);
    return made;
}
