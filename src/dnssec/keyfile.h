/* Making key files and changing their timings, in the form that BIND's tools read (key.h). Whole files are replaced, by rename.
 * Thread: any one at a time. */
#pragma once

#include "dnssec/key.h"

/* What a new key is to be. */
struct key_plan {
    const struct algorithm *algorithm;
    uint16_t flags;
    uint32_t ttl_s;
    int64_t times[KEY_TIMES];
};

/* Makes a key and its two files in the folder, with the folder's owner when root does it. No other key there (of this apex) gets the same
 * tag. *ret_path: without .key and .private, to be freed. */
bool keyfile_create(const char *folder, const uint8_t *apex, const struct key_plan *plan, char **ret_path, struct error *err);
/* Gives the key at path these timings (KEY_NEVER: none); all else in its files stays. */
bool keyfile_set_times(const char *path, const int64_t times[KEY_TIMES], struct error *err);
