#include "model/plan.h"

#include <stdlib.h>

struct plan *plan_ref(struct plan *plan)
{
    atomic_fetch_add_explicit(&plan->refs, 1, memory_order_relaxed);
    return plan;
}

void plan_unref(struct plan *plan)
{
    if (plan == NULL || atomic_fetch_sub_explicit(&plan->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(plan->run_of_class);
    free(plan->picks);
    free(plan->selections);
    free(plan->choices);
    free(plan->buckets);
    free(plan);
}
