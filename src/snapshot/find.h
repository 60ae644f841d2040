/* What a name is to a world: the look-up of RFC 1034 4.3.2, for queries, for explain, and for the CNAME chains at load.
 * For snapshot/ and answer/ only. Thread: any. */
#pragma once

#include "snapshot/hot.h"

enum found_kind {
    FOUND_NOTHING,  /* no zone of ours */
    FOUND_NAME,     /* name is it */
    FOUND_WILDCARD, /* name is the wildcard that stands for it (RFC 4592) */
    FOUND_CUT,      /* name is the delegation at or above it */
    FOUND_MISSING,  /* name is its closest encloser: it does not exist */
};

struct found {
    enum found_kind kind;
    const struct name *name;
};

/* octets: lower case. */
static inline struct found world_find(const struct world *world, const uint8_t *octets, size_t len)
{
    const struct name *name = world_name(world, octets, len);
    const bool exact = name != NULL;
    if (!exact) /* no name of ours has more labels: do not hash what cannot be there */
        for (unsigned labels = name_labels(octets); labels > world->labels_max + 1u; labels--) {
            len -= *octets + 1u;
            octets += *octets + 1;
        }
    while (name == NULL && len > 1) {
        len -= *octets + 1u;
        octets += *octets + 1;
        name = world_name(world, octets, len);
    }
    if (name == NULL)
        return (struct found){.kind = FOUND_NOTHING};
    if (name->cut != NONE)
        return (struct found){FOUND_CUT, &world->names[name->cut]};
    if (exact)
        return (struct found){FOUND_NAME, name};
    if (name->wildcard != NONE)
        return (struct found){FOUND_WILDCARD, &world->names[name->wildcard]};
    return (struct found){FOUND_MISSING, name};
}
