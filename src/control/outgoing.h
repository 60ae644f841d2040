/* What we are to servers that we turn to. For control/ only. Thread: any. */
#pragma once

#include "model/config.h"

/* The first address of this family (enum family) that the daemon listens on, unless that is a wildcard; NULL: the kernel shall choose. */
const struct addr *outgoing_source(const struct config *config, uint8_t family);
