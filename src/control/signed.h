/* Plain zones -> signed zones, by the keys as they are on disk now. Thread: the loader's, or a tool's. */
#pragma once

#include "control/serials.h"
#include "dnssec/signer.h"
#include "snapshot/world.h"

/* What signing needs beside the zones. */
struct signing_input {
    struct signatures *signatures; /* the cache, shared by all; may be NULL */
    int64_t wall_s;                /* the time that signatures go by */
    unsigned threads;              /* that sign ahead: as many as cores while nobody answers yet, else 1; 0: nothing is signed ahead */
};

/* A world of these zones (plain; one for each of config's), signed where the configuration says so, with the serials as they were published last; the
 * new ones are put there. Takes the references to config and zones in every case. NULL with findings. */
struct world *signed_world(struct config *config, struct zone **zones, const struct signing_input *input, struct serials *serials,
                           struct report *report);

/* Makes the signatures of the answers while everything is well, into the cache: what is published first then has little left to sign. */
void sign_ahead(struct world *world, struct place *place, int64_t wall_s, unsigned threads);
