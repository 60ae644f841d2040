#include "world.h"

#include "policy/shift.h"

#include <math.h>

/* Two worlds of the same kind and their comparison; tests change the one after. */
struct pair_of_worlds {
    struct world *before, *after;
    struct shift_places places;
    struct shift shift;
};

/* Two classes of equally many clients: sites in order, and the other way around. The one is at 0 degrees east, the other at 90. */
enum { CLASSES = 2 };
static const struct class_place class_places[CLASSES] = {{.x = 1, .weight = 0.5f}, {.y = 1, .weight = 0.5f}};

static void give_classes(struct world *world, uint8_t *orders)
{
    const size_t sites = world->config.site_count;
    for (size_t i = 0; i < sites; i++) {
        orders[i] = (uint8_t)i;
        orders[sites + i] = (uint8_t)(sites - 1 - i);
    }
    world->classes = (struct classes){.count = CLASSES, .orders = orders, .places = class_places};
    for (size_t i = 0; i < sites; i++)
        world->sites[i].longitude = sites > 1 ? 90.0 * (double)i / (double)(sites - 1) : 0;
}

static uint8_t orders_before[CLASSES * WORLD_SITES], orders_after[CLASSES * WORLD_SITES];

static void setup(struct pair_of_worlds *p, unsigned sites, unsigned endpoints)
{
    p->before = world_new();
    p->after = world_new();
    world_fill(p->before, sites, endpoints);
    world_fill(p->after, sites, endpoints);
    give_classes(p->before, orders_before);
    give_classes(p->after, orders_after);
}

static const struct shift *compare_buckets(struct pair_of_worlds *p, bool served_after, bool same_buckets)
{
    static const struct class_pair pairs[CLASSES] = {{.before = 0, .after = 0, .v4 = 10, .v6 = 2}, {.before = 1, .after = 1, .v4 = 10}};
    static const double weights[CLASSES] = {3, 5};
    world_ready(p->before);
    world_ready(p->after);
    shift_places_init(&p->places, &p->before->config, &p->after->config);
    const struct shift_input input = {
        .places = &p->places,
        .before = {p->before->policy, &p->before->config, &p->before->classes, &p->before->state, &p->before->spec},
        .after = {p->after->policy, &p->after->config, &p->after->classes, &p->after->state, served_after ? &p->after->spec : NULL},
        .same_buckets = {same_buckets, same_buckets},
        .pairs = pairs,
        .weights = weights,
        .pair_count = CLASSES,
    };
    shift_init(&p->shift, &p->places);
    shift_add(&p->shift, &input);
    double sum = 0;
    for (size_t i = 0; i < p->shift.count * p->shift.count; i++)
        sum += p->shift.flows[i];
    assert_float_equal(p->shift.all, 8, 1e-9); /* in every case */
    assert_float_equal(sum, 8, 1e-9);
    return &p->shift;
}

static const struct shift *compare(struct pair_of_worlds *p)
{
    return compare_buckets(p, true, true);
}

static void teardown(struct pair_of_worlds *p)
{
    shift_release(&p->shift);
    shift_places_release(&p->places);
    world_free(p->before);
    world_free(p->after);
}

static uint16_t place_of_name(const struct pair_of_worlds *p, const char *name)
{
    for (uint16_t i = 0; i < p->places.nowhere; i++)
        if (strcmp(p->places.names[i], name) == 0)
            return i;
    fail();
    return 0;
}

static double flow(const struct pair_of_worlds *p, const char *from, const char *to)
{
    return p->shift.flows[place_of_name(p, from) * p->shift.count + (to ? place_of_name(p, to) : p->places.nowhere)];
}

static void nothing_moves_when_nothing_changes(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 3, 4);
    const struct shift *shift = compare(&p);
    assert_true(shift->moved == 0 && shift->inside == 0);
    assert_true(flow(&p, "sa", "sa") == 3 && flow(&p, "sc", "sc") == 5);
    assert_true(spread_mean(&shift->was) == spread_mean(&shift->is) && shift->farther.weight == 0);
    teardown(&p);
}

/* Site i becomes site site_count-1-i, endpoints and orders with it. */
static void turn_around(struct world *world, unsigned endpoints)
{
    const size_t sites = world->config.site_count;
    struct site old_sites[WORLD_SITES];
    struct endpoint old_endpoints[WORLD_ENDPOINTS];
    memcpy(old_sites, world->sites, sizeof old_sites);
    memcpy(old_endpoints, world->endpoints, sizeof old_endpoints);
    for (size_t i = 0; i < sites; i++) {
        const size_t from = sites - 1 - i;
        world->sites[i] = old_sites[from];
        world->sites[i].first_endpoint = (uint16_t)(i * endpoints);
        for (size_t k = 0; k < endpoints; k++) {
            world->endpoints[i * endpoints + k] = old_endpoints[from * endpoints + endpoints - 1 - k];
            world->endpoints[i * endpoints + k].site = (uint8_t)i;
        }
    }
    uint8_t *orders = (uint8_t *)world->classes.orders;
    for (size_t i = 0; i < CLASSES * sites; i++)
        orders[i] = (uint8_t)(sites - 1 - orders[i]);
}

static void the_order_of_the_file_does_not_matter(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 4, 3);
    turn_around(p.after, 3);
    const struct shift *shift = compare(&p);
    assert_true(shift->moved == 0 && shift->inside == 0);
    assert_int_equal(p.places.count, 5);
    teardown(&p);
}

static void all_clients_of_a_site_that_goes_move_and_nobody_else(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 3, 2);
    free(p.after->sites[2].name);
    free(p.after->endpoints[4].host);
    free(p.after->endpoints[5].host);
    p.after->config.site_count = 2;
    p.after->config.endpoint_count = 4;
    p.after->spec.site_count = 2;
    give_classes(p.after, orders_after);
    p.after->sites[1].longitude = 45; /* as before */
    const struct shift *shift = compare(&p);
    assert_true(shift->moved == 5 && flow(&p, "sc", "sb") == 5 && flow(&p, "sa", "sa") == 3 && shift->inside == 0);
    assert_float_equal(spread_mean(&shift->farther), 6371 * 3.14159265 / 4, 1); /* from 0 to 45 degrees */
    assert_float_equal(spread_mean(&shift->is) - spread_mean(&shift->was), 6371 * 3.14159265 / 4 * 5 / 8, 1);
    teardown(&p);
}

static void a_site_that_comes_takes_those_who_are_next_to_it(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 2);
    world_site(p.after, "new");
    world_endpoint(p.after, 1, 100);
    give_classes(p.after, orders_after);
    compare(&p);
    assert_true(p.shift.moved == 5 && flow(&p, "sb", "new") == 5);
    assert_int_equal(p.places.count, 4);
    teardown(&p);
}

static void a_new_endpoint_moves_its_share_inside_the_site_alone(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 3);
    world_endpoint(p.after, 1, 100); /* of the last site: a quarter of its clients */
    const struct shift *shift = compare(&p);
    assert_true(shift->moved == 0);
    assert_in_range((unsigned)(shift->inside * 1000), 5 * 150, 5 * 350);
    teardown(&p);
}

static void a_host_that_is_renamed_loses_its_clients_to_another(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 1);
    free(p.after->endpoints[0].host);
    p.after->endpoints[0].host = mem_text("other.example.");
    assert_true(compare(&p)->inside == 3 && p.shift.moved == 0);
    teardown(&p);
}

static void orders_and_prices_move_as_they_would(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 2);
    p.after->site_orders[1] = ORDERED_DRAIN;
    assert_true(compare(&p)->moved == 5);
    teardown(&p);
    setup(&p, 2, 2);
    const uint32_t prices_m[] = {4000000000u, 0};
    p.after->state.room.prices_m = prices_m;
    assert_true(compare(&p)->moved == 3 && flow(&p, "sa", "sb") == 3);
    teardown(&p);
}

static void a_service_that_goes_leaves_its_clients_nowhere(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 2);
    const struct shift *shift = compare_buckets(&p, false, true);
    assert_true(shift->moved == 8 && flow(&p, "sa", NULL) == 3 && flow(&p, "sb", NULL) == 5);
    assert_true(shift->farther.weight == 0);
    teardown(&p);
}

static void clients_whose_buckets_are_drawn_anew_are_mixed(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 2, 2);
    const struct shift *shift = compare_buckets(&p, true, false);
    assert_true(shift->moved == 0);
    assert_in_range((unsigned)(shift->inside * 1000), 8 * 400, 8 * 600); /* two endpoints: half of them meet the other one */
    teardown(&p);
}

static uint16_t winner_by_explain(const struct world *world, uint32_t class_number, unsigned bucket)
{
    struct explained told[16];
    policy_explain(world->policy, &world->state, &world->spec, class_number, bucket, told);
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        if (told[i].rank == 0)
            return told[i].endpoint;
    fail();
    return 0;
}

static void what_is_compared_is_what_would_be_answered(void **state)
{
    (void)state;
    struct pair_of_worlds p;
    setup(&p, 4, 3);
    p.after->health[0].overall = VERDICT_DOWN;
    p.after->health[4].overall = VERDICT_UNKNOWN;
    p.after->site_orders[3] = ORDERED_DISABLE;
    compare(&p);
    static const double weights[CLASSES] = {3, 5};
    double moved = 0, inside = 0;
    for (uint32_t class_number = 0; class_number < CLASSES; class_number++)
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            const uint16_t was = winner_by_explain(p.before, class_number, bucket), is = winner_by_explain(p.after, class_number, bucket);
            const bool stays = p.before->endpoints[was].site == p.after->endpoints[is].site;
            moved += stays ? 0 : weights[class_number] / BUCKETS;
            inside += stays && was != is ? weights[class_number] / BUCKETS : 0;
        }
    assert_true(moved > 0 && inside > 0);
    assert_float_equal(p.shift.moved, moved, 1e-9);
    assert_float_equal(p.shift.inside, inside, 1e-9);
    teardown(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_when_nothing_changes),
        cmocka_unit_test(the_order_of_the_file_does_not_matter),
        cmocka_unit_test(all_clients_of_a_site_that_goes_move_and_nobody_else),
        cmocka_unit_test(a_site_that_comes_takes_those_who_are_next_to_it),
        cmocka_unit_test(a_new_endpoint_moves_its_share_inside_the_site_alone),
        cmocka_unit_test(a_host_that_is_renamed_loses_its_clients_to_another),
        cmocka_unit_test(orders_and_prices_move_as_they_would),
        cmocka_unit_test(a_service_that_goes_leaves_its_clients_nowhere),
        cmocka_unit_test(clients_whose_buckets_are_drawn_anew_are_mixed),
        cmocka_unit_test(what_is_compared_is_what_would_be_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
