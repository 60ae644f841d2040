/* Steering by load (rule 4): from demand and utilisation to a price for each site: how much farther it seems than it is. Prices are such that nobody is
 * past his target while another whom his callers may use has room, and those callers go elsewhere whom it harms least.
 * Pure: time is an argument, and everything is read from the input alone. Thread: one at a time; where a step takes long, give it a thread with copies
 * of what may change meanwhile. src/policy/README.md tells the law. */
#pragma once

#include "policy/policy.h"

/* Clients of one class of the services of one spec: so many calls there are of them at a time. */
struct calls {
    uint32_t spec, class_number;
    double calls;
};

struct demand {
    const struct policy *policy;
    const struct world_state *state; /* prices in it do not count */
    const struct plan_spec *specs;   /* for any transport and family; those that choose alike may be there many times */
    size_t spec_count;
    const struct calls *flows;
    size_t flow_count;
};

/* How much something can take, and how full it is. */
struct fullness {
    double capacity;         /* calls at a time, now; 0: not known */
    struct utilisation load; /* trust 0: not known */
};
