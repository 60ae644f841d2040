/* The serials of the zones that are signed here. Their signatures change without the file, and secondaries must notice (RFC 1982 arithmetic): so
 * each has a serial of its own, never behind the file's, that grows when anything in it has changed. Kept in the state folder.
 * Thread: the owner's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct zone_serial {
    char *name;
    uint32_t serial;
    uint64_t print; /* of the signatures that were published with it */
};

struct serials {
    struct zone_serial *items;
    size_t count, room;
};

void serials_release(struct serials *serials);
struct serials serials_copy(const struct serials *serials);
/* NULL if it is not there. */
const struct zone_serial *serials_find(const struct serials *serials, const char *name);
void serials_put(struct serials *serials, const char *name, uint32_t serial, uint64_t print);
