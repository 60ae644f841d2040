/* One worker's counts of demand, by service, class and bucket: two tables of fixed size that it fills in turn. The director asks it to change over and
 * takes the one it has left; no lock, no allocation, no clock. A walk to the client's class is dear, so where there is much to do
 * only one of DEMAND_ONE_IN answers is counted, for all of them.
 * For serve/ only. Thread: demand_pass() and demand_count() the worker's, demand_take() the director's. */
#pragma once

#include "model/demand.h"
#include "serve/serve.h"

#include <stdatomic.h>

enum { DEMAND_CELLS = 1 << 14, DEMAND_FEW = 2 };

struct demand_table {
    uint64_t lost; /* answers that found no cell */
    uint32_t used;
    struct demand_cell cells[DEMAND_CELLS]; /* open addressing, at most DEMAND_TRIES from home; free: count 0 */
};

struct demand_counts {
    _Alignas(64) _Atomic uint32_t wanted;  /* the turn that the worker shall come to */
    _Alignas(64) _Atomic uint32_t current; /* that it is in: it fills the table of this parity */
    struct demand_table *tables[2];
};

struct demand_counts *demand_counts_new(void);
void demand_counts_free(struct demand_counts *counts);

/* How many answers one that is counted stands for: of a small batch each is counted, for there is time. */
static inline uint32_t demand_weight(unsigned batch)
{
    return batch <= DEMAND_FEW ? 1 : DEMAND_ONE_IN;
}

/* Whether the answer to this query is one to be counted; draw as in struct asker. Spread evenly over any short cycle of queries. */
static inline bool demand_wants(uint32_t draw, uint32_t weight)
{
    return weight == 1 || draw * 0x9e3779b1u < UINT32_MAX / DEMAND_ONE_IN;
}

/* Comes to the turn that is wanted. At least some times a second, also without a query. */
static inline void demand_pass(struct demand_counts *counts)
{
    const uint32_t wanted = atomic_load_explicit(&counts->wanted, memory_order_acquire);
    if (atomic_load_explicit(&counts->current, memory_order_relaxed) != wanted)
        atomic_store_explicit(&counts->current, wanted, memory_order_release);
}

void demand_count(struct demand_counts *counts, const struct sample *sample, uint32_t weight);

/* Gives fn the cells of the turn before, and begins another; adds to *lost. Nothing if the worker is still in the turn before: then next time. */
void demand_take(struct demand_counts *counts, demand_fn *fn, void *context, uint64_t *lost);
