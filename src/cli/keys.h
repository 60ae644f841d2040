/* `sipsteer keys`: the keys of a signed zone, seen and changed in their files. Thread: main. */
#pragma once

#include "dnssec/rollover.h"
#include "model/config.h"

#include <jansson.h>

/* The whole command line, of which the first word that is no option is "keys". Returns the exit code. */
int keys_main(int argc, char **argv);

/* One zone's keys as they lie on disk. */
struct zone_keys {
    const struct config *config;
    const struct zone_config *zone;
    uint8_t apex[255];
    size_t apex_len;
    struct keys keys;
    int64_t now_s;
};

/* In keys_list.c: the keys, what happens next, what is to be done, what is wrong; as JSON and printed. */
json_t *keys_describe(const struct zone_keys *zone);
void keys_show(const json_t *description);
/* "2026-11-22 00:35:00 UTC" */
enum { TIME_TEXT = 32 };
const char *time_text(int64_t time_s, char out[TIME_TEXT]);
