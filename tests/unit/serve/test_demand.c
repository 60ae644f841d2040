/* Counts of demand, by one worker and for one director. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/demand.h"

#include <pthread.h>
#include <string.h>

struct sum {
    uint64_t cells, count, votes, lost;
    struct demand_cell last;
};

static void add(void *context, const struct demand_cell *cell)
{
    struct sum *sum = context;
    sum->cells++;
    sum->count += cell->count;
    sum->votes += cell->votes;
    sum->last = *cell;
}

static struct sample sample(uint32_t class, uint8_t bucket, uint8_t net)
{
    return (struct sample){.place = 1, .class = class, .bucket = bucket, .client = {{.family = FAMILY_V4, .bytes = {10, 0, net}}, 24}};
}

/* All that was counted so far. */
static struct sum take(struct demand_counts *counts)
{
    struct sum sum = {0};
    for (unsigned i = 0; i < 2; i++) {
        demand_take(counts, add, &sum, &sum.lost);
        demand_pass(counts);
    }
    return sum;
}

static void counts_come_with_the_turn_after(void **state)
{
    (void)state;
    struct demand_counts *counts = demand_counts_new();
    struct sum sum = {0};
    const struct sample at = sample(3, 200, 1);
    demand_count(counts, &at, 1);
    demand_take(counts, add, &sum, &sum.lost); /* the worker's own table is never read */
    assert_int_equal(sum.cells, 0);
    demand_count(counts, &at, 1);
    demand_take(counts, add, &sum, &sum.lost); /* it has not passed on */
    assert_int_equal(sum.cells, 0);
    demand_pass(counts);
    demand_take(counts, add, &sum, &sum.lost);
    assert_int_equal(sum.cells, 1);
    assert_int_equal(sum.last.count, 2);
    assert_int_equal(sum.last.class, 3);
    assert_int_equal(sum.last.bucket, 200);
    demand_counts_free(counts);
}

static void the_candidate_is_who_has_the_majority(void **state)
{
    (void)state;
    struct demand_counts *counts = demand_counts_new();
    for (unsigned i = 0; i < 90; i++) {
        const struct sample at = sample(0, 0, i % 3 == 0 ? (uint8_t)i : 201);
        demand_count(counts, &at, 1);
    }
    const struct sum sum = take(counts);
    assert_int_equal(sum.cells, 1);
    assert_int_equal(sum.count, 90);
    assert_int_equal(sum.last.candidate.addr.bytes[2], 201);
    assert_true(sum.votes >= 30 && sum.votes <= 60); /* never more than are its own */
    demand_counts_free(counts);
}

static void what_finds_no_room_is_lost_and_told(void **state)
{
    (void)state;
    struct demand_counts *counts = demand_counts_new();
    const unsigned all = 4 * DEMAND_CELLS;
    for (unsigned i = 0; i < all; i++) {
        const struct sample at = sample(i, (uint8_t)i, 1);
        demand_count(counts, &at, 1);
    }
    struct sum sum = take(counts);
    assert_true(sum.cells > DEMAND_CELLS / 2 && sum.lost > 0);
    assert_int_equal(sum.count + sum.lost, all);
    sum = take(counts);
    assert_int_equal(sum.count + sum.lost, 0);
    demand_counts_free(counts);
}

static void one_in_so_many_is_wanted_in_any_short_cycle(void **state)
{
    (void)state;
    for (unsigned cycle = 1; cycle <= 8; cycle++) {
        unsigned wanted[8] = {0};
        for (uint32_t draw = 0; draw < 64000; draw++)
            wanted[draw % cycle] += demand_wants(draw, DEMAND_ONE_IN);
        for (unsigned i = 0; i < cycle; i++)
            assert_in_range(wanted[i], 64000 / DEMAND_ONE_IN / cycle * 9 / 10, 64000 / DEMAND_ONE_IN / cycle * 11 / 10);
    }
}

enum { THREADED = 2000000 };

static _Atomic bool done;

static void *work(void *context)
{
    struct demand_counts *counts = context;
    for (unsigned i = 0; i < THREADED; i++) {
        const struct sample at = sample(i % 50, (uint8_t)(i / 50), (uint8_t)i);
        if (i % 64 == 0)
            demand_pass(counts);
        demand_count(counts, &at, 1);
    }
    atomic_store(&done, true);
    return NULL;
}

static void nothing_is_counted_twice_or_forgotten_between_two_threads(void **state)
{
    (void)state;
    struct demand_counts *counts = demand_counts_new();
    struct sum sum = {0};
    pthread_t thread;
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&thread, NULL, work, counts), 0);
    while (!atomic_load(&done))
        demand_take(counts, add, &sum, &sum.lost);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < 3; i++) {
        demand_pass(counts);
        demand_take(counts, add, &sum, &sum.lost);
    }
    assert_int_equal(sum.count + sum.lost, THREADED);
    demand_counts_free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_come_with_the_turn_after),
        cmocka_unit_test(the_candidate_is_who_has_the_majority),
        cmocka_unit_test(what_finds_no_room_is_lost_and_told),
        cmocka_unit_test(one_in_so_many_is_wanted_in_any_short_cycle),
        cmocka_unit_test(nothing_is_counted_twice_or_forgotten_between_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
