/* The zones that come from primaries, as they are kept on disk: FILE is the copy that is served, FILE.new0, FILE.new1 ... what has just come, or comes, each in a
 * slot of its own. The time of the file is when the primary last confirmed it. For control/ only. Thread: any but the director's loop (they wait for the disk); one at a time for a slot of a zone. */
#pragma once

#include "base/error.h"
#include "base/report.h"
#include "model/config.h"
#include "zone/zone.h"

/* The times of a zone's SOA (RFC 1035 3.3.13), kept within what is sensible; expire is at least refresh and retry together. */
struct soa_times {
    uint32_t refresh_s, retry_s, expire_s;
};

enum {
    REFRESH_LEAST_S = 10,
    REFRESH_MOST_S = 86400,
    RETRY_LEAST_S = 5,
    RETRY_MOST_S = 3600,
    EXPIRE_LEAST_S = 60,
    EXPIRE_MOST_S = 28 * 86400,
};

struct soa_times copy_times(const struct zone *zone);

/* The copy, or a zone that is absent when there is none yet, or it is too old, or unsound: then a warning says so. Never NULL. */
struct zone *copy_load(const struct zone_config *config, int64_t wall_s, struct report *report);
/* When the primary last confirmed the copy; 0: there is none. */
int64_t copy_confirmed_s(const struct zone_config *config);

/* The name of a copy that has just come; to be freed. */
char *copy_new_path(const struct zone_config *config, unsigned slot);
/* Reads it. NULL with the first reason when it is unsound. */
struct zone *copy_load_new(const struct zone_config *config, unsigned slot, struct error *err);
/* Puts it in the place of the older one. */
bool copy_adopt(const struct zone_config *config, unsigned slot, struct error *err);
void copy_drop_new(const struct zone_config *config, unsigned slot);
/* The primary has confirmed the copy just now. */
void copy_confirm(const struct zone_config *config);
/* Makes the folder of the copies. */
bool copy_make_folder(const struct zone_config *config, struct error *err);
