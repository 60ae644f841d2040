/* The named checks that a site depends on. Thread: any (pure). */
#pragma once

#include "model/plan.h"
#include "model/standing.h"

/* The worst of them that has failed: down, or draining. */
struct failed {
    const struct depend *depend; /* NULL: none has */
    enum verdict verdict;
    uint64_t since_ms;
};

/* Of those that concern a spec; spec may be NULL: of those that take the whole site. */
struct failed depends_failed(const struct config *config, const struct world_state *state, const struct plan_spec *spec, unsigned site);
