/* The folder of key files. Thread: any one at a time; keys_release() frees. */
#pragma once

#include "base/report.h"
#include "dnssec/key.h"

enum { KEYS_MAX = 64 }; /* of one zone, those that are long deleted included */

struct keys {
    struct key items[KEYS_MAX];
    char *paths[KEYS_MAX]; /* without .key and .private */
    size_t count;
};

/* Reads all keys of the zone. What is wrong goes to report as "file: what"; false when a file is unsound or the folder cannot be read.
 * No keys at all is nothing wrong here. Files of other zones are left alone. */
bool keys_read(struct keys *ret, const char *folder, const uint8_t *apex, size_t apex_len, struct report *report);
void keys_release(struct keys *keys);
