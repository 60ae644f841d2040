#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "model/classes.h"
#include "model/plan.h"

/* Run 0 is uniform, run 1 has a row of buckets. */
static struct plan *plan_new(void)
{
    struct plan *plan = mem_new(1, sizeof *plan);
    atomic_init(&plan->refs, 1);
    plan->run_of_class = mem_new(3, sizeof *plan->run_of_class);
    plan->run_of_class[2] = 1;
    plan->class_count = 3;
    plan->picks = mem_new(2, sizeof *plan->picks);
    plan->picks[0] = (struct pick){.index = 2, .uniform = true};
    plan->picks[1] = (struct pick){.index = 256};
    plan->run_count = 2;
    plan->selections = mem_new(3, sizeof *plan->selections);
    plan->selection_count = 3;
    plan->choices = mem_new(1, sizeof *plan->choices);
    plan->choice_count = 1;
    plan->buckets = mem_new(512, sizeof *plan->buckets);
    plan->buckets[256 + 255] = 1;
    plan->bucket_count = 512;
    return plan;
}

static void a_uniform_pick_is_the_same_for_every_bucket(void **state)
{
    (void)state;
    struct plan *plan = plan_new();
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        assert_ptr_equal(plan_selection(plan, 0, bucket), &plan->selections[2]);
    plan_unref(plan);
}

static void another_pick_looks_up_its_row_of_buckets(void **state)
{
    (void)state;
    struct plan *plan = plan_new();
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        assert_ptr_equal(plan_selection(plan, 1, bucket), &plan->selections[bucket == 255]);
    plan_unref(plan);
}

static void a_plan_lives_until_its_last_reference(void **state)
{
    (void)state;
    struct plan *plan = plan_new();
    assert_ptr_equal(plan_ref(plan), plan);
    plan_unref(plan);
    assert_int_equal(atomic_load(&plan->refs), 1); /* the address sanitizer would object */
    plan_unref(plan);
    plan_unref(NULL);
}

static void a_class_is_a_row_of_sites(void **state)
{
    (void)state;
    static const uint8_t orders[] = {0, 1, 2, 1, 0, 2, 2, 1, 0};
    const struct classes classes = {.count = 3, .site_count = 3, .orders = orders};
    assert_ptr_equal(class_order(&classes, 0), orders);
    assert_memory_equal(class_order(&classes, 2), "\2\1\0", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uniform_pick_is_the_same_for_every_bucket),
        cmocka_unit_test(another_pick_looks_up_its_row_of_buckets),
        cmocka_unit_test(a_plan_lives_until_its_last_reference),
        cmocka_unit_test(a_class_is_a_row_of_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
