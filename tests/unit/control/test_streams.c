/* Where callers are sent, who was moved, and how a site is in one word. Under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/site_word.h"
#include "control/streams.h"
#include "fixture.h"

#include <math.h>

enum { LB1_LON, LB2_LON, LB1_ASH, LB10_ASH, LONDON = 0, ASHBURN };

static struct fixture fixture;
static struct setup *setup;
static struct overrides orders;
static struct snapshot *snapshot;
static struct demand *demand;
static struct streams *streams;
static uint64_t now_ms, generation;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&fixture);
    now_ms = 1000;
    setup = setup_new(world_ref(fixture.world.world), place_ref(fixture.world.place), NULL, NULL, now_ms);
    demand = demand_new(60000);
    streams = streams_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    streams_free(streams);
    demand_free(demand);
    snapshot_free(snapshot);
    snapshot = NULL;
    setup_free(setup);
    overrides_release(&orders);
    fixture_end(&fixture);
    return 0;
}

/* A verdict on the IPv4 and IPv6 checks of an endpoint. */
static void see(uint16_t endpoint, enum verdict verdict)
{
    for (uint32_t i = setup->beliefs.first[endpoint]; i < setup->beliefs.first[endpoint + 1]; i++) {
        uint16_t of;
        struct endpoint_health before;
        const struct check_result result = {.check = i,
                                            .generation = setup->beliefs.generation,
                                            .health = {.verdict = verdict, .reason = REASON_ANSWERED, .since_ms = now_ms},
                                            .at_ms = now_ms,
                                            .count = 1};
        beliefs_take(&setup->beliefs, &result, &of, &before);
    }
}

static void look(void)
{
    struct snapshot *next = setup_build(setup, &orders, now_ms, snapshot, 0, ++generation);
    snapshot_free(snapshot);
    snapshot = next;
    streams_pass(streams, demand, setup, snapshot, now_ms);
}

static void all_up(void)
{
    for (uint16_t i = LB1_LON; i <= LB10_ASH; i++)
        see(i, VERDICT_UP);
    look();
}

static json_t *told(void)
{
    json_t *object = json_object();
    streams_describe(streams, setup, now_ms, object);
    return object;
}

static double percent_of(const json_t *object, const char *from, const char *to)
{
    size_t i;
    json_t *move;
    json_array_foreach(json_object_get(object, "moves"), i, move)
    {
        const char *left = json_string_value(json_object_get(move, "from")), *came = json_string_value(json_object_get(move, "to"));
        if (strcmp(left ? left : "", from) == 0 && strcmp(came ? came : "", to) == 0)
            return json_real_value(json_object_get(move, "percent"));
    }
    return 0;
}

static struct override order_on(const char *target, enum order order)
{
    struct override made = {.order = order, .scope = SCOPE_SITE};
    snprintf(made.target, sizeof made.target, "%s", target);
    return made;
}

static void nobody_has_moved_at_the_start(void **state)
{
    (void)state;
    streams_pass(streams, demand, setup, NULL, now_ms);
    json_t *before = told();
    assert_int_equal(json_array_size(json_object_get(before, "callers")), 0);
    json_decref(before);
    all_up();
    json_t *object = told();
    assert_int_equal(json_array_size(json_object_get(object, "moves")), 0);
    assert_false(json_is_true(json_object_get(object, "measured")));
    json_decref(object);
}

static void callers_are_told_with_their_place_and_their_site(void **state)
{
    (void)state;
    all_up();
    json_t *object = told(), *callers = json_object_get(object, "callers"), *near = NULL, *caller;
    size_t i;
    json_array_foreach(callers, i, caller) if (fabs(json_real_value(json_object_get(caller, "latitude")) - 51.4) < 0.01) near = caller;
    assert_non_null(near);
    assert_string_equal(json_string_value(json_object_get(near, "site")), "london");
    assert_true(json_real_value(json_object_get(near, "longitude")) < 0);
    assert_true(json_real_value(json_object_get(near, "share")) > 0);
    json_decref(object);
}

static void a_failed_site_is_a_move_to_the_next_and_its_return_one_back(void **state)
{
    (void)state;
    all_up();
    see(LB1_LON, VERDICT_DOWN);
    see(LB2_LON, VERDICT_DOWN);
    now_ms += 1000;
    look();
    json_t *object = told();
    const double moved = percent_of(object, "london", "ashburn");
    assert_true(moved > 1 && moved <= 100);
    assert_true(percent_of(object, "ashburn", "london") == 0);
    json_decref(object);
    now_ms += 1000;
    look(); /* nothing has changed */
    object = told();
    assert_int_equal(json_array_size(json_object_get(object, "moves")), 1);
    json_decref(object);
    see(LB1_LON, VERDICT_UP);
    see(LB2_LON, VERDICT_UP);
    now_ms += 60000;
    look();
    object = told();
    assert_true(fabs(percent_of(object, "ashburn", "london") - moved) < 0.01);
    json_decref(object);
    now_ms += STREAMS_MOVES_MS;
    look();
    object = told();
    assert_int_equal(json_array_size(json_object_get(object, "moves")), 0);
    json_decref(object);
}

static void rates_follow_the_site_that_answers_are_for(void **state)
{
    (void)state;
    all_up();
    const struct demand_cell cell = {.service = 0, .class = 0, .count = 100};
    demand_close(demand, now_ms);
    for (unsigned second = 0; second < 60; second++) {
        demand_add(demand, &cell, 1);
        now_ms += 1000;
        demand_close(demand, now_ms);
    }
    look();
    const double all = streams_site_rate(streams, setup, LONDON) + streams_site_rate(streams, setup, ASHBURN);
    assert_true(all > 90 && all < 110);
    json_t *object = told();
    assert_true(json_is_true(json_object_get(object, "measured")));
    json_decref(object);
}

static enum site_word london(void)
{
    const struct view view = {.setup = setup, .overrides = &orders, .snapshot = snapshot, .now_ms = now_ms, .wall_s = 5000};
    setup_look(setup, now_ms);
    return site_word_of(&view, LONDON);
}

static void a_site_is_told_in_one_word(void **state)
{
    (void)state;
    look();
    assert_int_equal(london(), SITE_IS_UNKNOWN);
    all_up();
    assert_int_equal(london(), SITE_IS_UP);
    see(LB1_LON, VERDICT_DOWN);
    look();
    assert_int_equal(london(), SITE_IS_DEGRADED);
    see(LB2_LON, VERDICT_DOWN);
    look();
    assert_int_equal(london(), SITE_IS_DOWN);
    static const struct {
        enum order order;
        enum site_word state;
    } cases[] = {{ORDER_DRAIN, SITE_IS_DRAINING}, {ORDER_FAIL, SITE_IS_DRILL}, {ORDER_DISABLE, SITE_IS_DISABLED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct override order = order_on("london", cases[i].order);
        overrides_put(&orders, &order);
        look();
        assert_int_equal(london(), cases[i].state);
    }
    assert_string_equal(site_word_text(SITE_IS_DRILL), "drill");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_has_moved_at_the_start),
        CASE(callers_are_told_with_their_place_and_their_site),
        CASE(a_failed_site_is_a_move_to_the_next_and_its_return_one_back),
        CASE(rates_follow_the_site_that_answers_are_for),
        CASE(a_site_is_told_in_one_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
