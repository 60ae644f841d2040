#include "serve/demand.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEMAND_TRIES = 8 };

struct demand_counts *demand_counts_new(void)
{
    struct demand_counts *counts = aligned_alloc(_Alignof(struct demand_counts), sizeof *counts);
    if (counts == NULL)
        abort();
    memset(counts, 0, sizeof *counts);
    for (unsigned i = 0; i < 2; i++)
        counts->tables[i] = mem_new(1, sizeof *counts->tables[i]);
    return counts;
}

void demand_counts_free(struct demand_counts *counts)
{
    if (counts == NULL)
        return;
    free(counts->tables[0]);
    free(counts->tables[1]);
    free(counts);
}

static bool is_of(const struct demand_cell *cell, const struct sample *sample)
{
    return cell->class == sample->class && cell->bucket == sample->bucket && cell->service == sample->service &&
           cell->place == sample->place;
}

/* The sample's cell, or a free one for it, or NULL. */
static struct demand_cell *find(struct demand_table *table, const struct sample *sample)
{
    const uint64_t hash = hash_mix(((uint64_t)sample->service << 32 | sample->class) * 257 + sample->bucket + sample->place);
    for (unsigned i = 0; i < DEMAND_TRIES; i++) {
        struct demand_cell *cell = &table->cells[(hash + i) % DEMAND_CELLS];
        if (cell->count == 0 || is_of(cell, sample))
            return cell;
    }
    return NULL;
}

static void vote(struct demand_cell *cell, const struct prefix *client, uint32_t weight)
{
    if (cell->votes > 0 && cell->candidate.len == client->len && addr_equal(&cell->candidate.addr, &client->addr)) {
        cell->votes += weight;
    } else if (cell->votes > weight) {
        cell->votes -= weight;
    } else {
        cell->votes = weight - cell->votes;
        cell->candidate = *client;
    }
}

void demand_count(struct demand_counts *counts, const struct sample *sample, uint32_t weight)
{
    struct demand_table *table = counts->tables[atomic_load_explicit(&counts->current, memory_order_relaxed) & 1];
    struct demand_cell *cell = find(table, sample);
    if (cell == NULL) {
        table->lost += weight;
        return;
    }
    if (cell->count == 0) {
        *cell = (struct demand_cell){.place = sample->place, .service = sample->service, .class = sample->class, .bucket = sample->bucket};
        table->used++;
    }
    cell->count += weight;
    vote(cell, &sample->client, weight);
}

void demand_take(struct demand_counts *counts, demand_fn *fn, void *context, uint64_t *lost)
{
    const uint32_t turn = atomic_load_explicit(&counts->wanted, memory_order_relaxed);
    if (atomic_load_explicit(&counts->current, memory_order_acquire) != turn)
        return;
    struct demand_table *table = counts->tables[(turn + 1) & 1];
    for (size_t i = 0; table->used > 0 && i < DEMAND_CELLS; i++) {
        struct demand_cell *cell = &table->cells[i];
        if (cell->count == 0)
            continue;
        fn(context, cell);
        cell->count = 0;
        table->used--;
    }
    *lost += table->lost;
    table->lost = 0;
    atomic_store_explicit(&counts->wanted, turn + 1, memory_order_release);
}
