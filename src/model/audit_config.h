/* Where what happens is kept, as the configuration says it. Part of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stdbool.h>

struct audit_config {
    bool enabled;
    char *file;        /* older ones beside it: FILE.1, the newest of them, to FILE.KEEP */
    unsigned size_mib; /* of one file, at most */
    unsigned keep;     /* older files */
};
