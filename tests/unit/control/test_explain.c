#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/decode.h"
#include "control/explain.h"
#include "fixture.h"

static struct fixture fixture;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&fixture);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&fixture);
    return 0;
}

struct scene {
    struct setup *setup;
    struct overrides overrides;
    struct snapshot *snapshot;
};

/* Everything up, and these orders (may be NULL). */
static void scene_begin(struct scene *scene, const struct override *order)
{
    *scene = (struct scene){.setup = setup_new(world_ref(fixture.world.world), place_ref(fixture.world.place), NULL, NULL, 1000)};
    for (uint32_t i = 0; i < scene->setup->beliefs.check_count; i++) {
        uint16_t endpoint;
        struct endpoint_health before;
        const struct check_result up = {.check = i,
                                        .generation = 1,
                                        .health = {.verdict = VERDICT_UP, .reason = REASON_ANSWERED, .since_ms = 1000},
                                        .at_ms = 1000,
                                        .count = 1};
        beliefs_take(&scene->setup->beliefs, &up, &endpoint, &before);
    }
    if (order)
        overrides_put(&scene->overrides, order);
    scene->snapshot = setup_build(scene->setup, &scene->overrides, 61000, NULL, 0, 1);
}

static void scene_end(struct scene *scene)
{
    snapshot_free(scene->snapshot);
    setup_free(scene->setup);
    overrides_release(&scene->overrides);
}

static json_t *explained(const struct scene *scene, const char *name, const char *type, const char *client, struct error *err)
{
    const struct view view = {
        .setup = scene->setup, .overrides = &scene->overrides, .snapshot = scene->snapshot, .now_ms = 61000, .wall_s = 5000};
    struct inquiry asked;
    struct located located;
    if (!explain_read(name, type, client, &asked, err))
        return NULL;
    explain_locate(fixture.world.world, fixture.world.place, &asked, &located);
    return explain(&view, &asked, &located, err);
}

static const char *text_at(const json_t *object, const char *list, size_t index, const char *key)
{
    const json_t *item = json_array_get(json_object_get(object, list), index);
    return json_string_value(key ? json_object_get(item, key) : item);
}

static long long number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void the_nearest_site_comes_first_with_distances_and_reasons(void **state)
{
    (void)state;
    struct scene scene;
    struct error err;
    scene_begin(&scene, NULL);
    json_t *object = explained(&scene, "_sip._udp.sip.test", "SRV", "10.1.2.3", &err);
    assert_non_null(object);
    assert_true(json_is_true(json_object_get(object, "steered")));
    assert_string_equal(text_at(object, "sites", 0, "site"), "london");
    assert_string_equal(text_at(object, "sites", 1, "site"), "ashburn");
    const json_t *place = json_object_get(object, "place");
    assert_string_equal(json_string_value(json_object_get(place, "network")), "10.1.0.0/16");
    assert_true(json_real_value(json_object_get(json_array_get(json_object_get(object, "sites"), 0), "km")) < 20);
    assert_int_equal(number(object, "ttl_s"), 30);
    assert_int_equal(json_array_size(json_object_get(object, "endpoints")), 4);
    assert_string_equal(text_at(object, "endpoints", 0, "why"), "answer 1");
    assert_string_equal(text_at(object, "endpoints", 3, "why"), "others come before it");
    assert_int_equal(number(json_array_get(json_object_get(object, "endpoints"), 0), "age_ms"), 60000);
    json_decref(object);
    scene_end(&scene);
}

/* explain cannot lie: the ranks it gives are the records of the answer, in their order. */
static void the_ranks_are_the_order_of_the_answer(void **state)
{
    (void)state;
    struct scene scene;
    struct error err;
    scene_begin(&scene, NULL);
    for (unsigned i = 0; i < 200; i++) {
        char client[32];
        snprintf(client, sizeof client, "10.%u.%u.0/24", 1 + i % 3, i);
        json_t *object = explained(&scene, "_sip._udp.sip.test.", "SRV", client, &err), *endpoint;
        const json_t *answer = json_object_get(object, "answer");
        size_t at, ranked = 0;
        json_array_foreach(json_object_get(object, "endpoints"), at, endpoint)
        {
            const long long rank = number(endpoint, "rank");
            if (!rank)
                continue;
            ranked++;
            const char *record = text_at(answer, "answer", (size_t)rank - 1, NULL),
                       *host = json_string_value(json_object_get(endpoint, "host"));
            if (!record || !strstr(record, host))
                fail_msg("%s: rank %lld is %s, the answer says %s", client, rank, host, record ? record : "nothing");
        }
        assert_int_equal(ranked, json_array_size(json_object_get(answer, "answer")));
        assert_int_equal(ranked, 3);
        json_decref(object);
    }
    scene_end(&scene);
}

static void a_drained_site_says_by_whom_and_why(void **state)
{
    (void)state;
    struct scene scene;
    struct error err;
    const struct override order = {
        .order = ORDER_DRAIN, .scope = SCOPE_SITE, .target = "london", .reason = "fibre works", .who = "root", .since_s = 4000};
    scene_begin(&scene, &order);
    json_t *object = explained(&scene, "_sip._udp.sip.test.", "SRV", "10.1.2.3", &err), *endpoint;
    size_t i, drained = 0;
    json_array_foreach(json_object_get(object, "endpoints"), i, endpoint)
    {
        const json_t *of = json_object_get(endpoint, "order");
        if (strcmp(json_string_value(json_object_get(endpoint, "site")), "london") != 0) {
            assert_true(json_is_null(of));
            continue;
        }
        drained++;
        assert_string_equal(json_string_value(json_object_get(of, "reason")), "fibre works");
        assert_string_equal(json_string_value(json_object_get(endpoint, "cause")), cause_text(CAUSE_SITE_DRAIN));
        assert_string_equal(json_string_value(json_object_get(endpoint, "standing")), standing_text(STANDING_RESERVE));
    }
    assert_int_equal(drained, 2);
    assert_non_null(strstr(text_at(json_object_get(object, "answer"), "answer", 0, NULL), ".ash."));
    json_decref(object);
    scene_end(&scene);
}

static void names_that_are_not_steered_show_the_static_answer(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type, *rcode, *section, *record;
    } cases[] = {
        {"mail.sip.test.", "MX", "NOERROR", "answer", "mail.sip.test. 300 IN MX 10 ns1.sip.test."},
        {"mail.sip.test.", "A", "NOERROR", "authority", "SOA"},
        {"none.sip.test.", "A", "NXDOMAIN", "authority", "SOA ns1.sip.test. host.sip.test. 1 3600 600 86400 60"},
        {"sip.test.", "SOA", "NOERROR", "answer", "sip.test."},
        {"example.org.", "A", "REFUSED", NULL, NULL},
    };
    struct scene scene;
    struct error err;
    scene_begin(&scene, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *object = explained(&scene, cases[i].name, cases[i].type, "192.0.2.1", &err);
        const json_t *answer = json_object_get(object, "answer");
        assert_true(json_is_false(json_object_get(object, "steered")));
        assert_string_equal(json_string_value(json_object_get(answer, "rcode")), cases[i].rcode);
        if (cases[i].section && !strstr(text_at(answer, cases[i].section, 0, NULL), cases[i].record))
            fail_msg("%s %s: %s", cases[i].name, cases[i].type, text_at(answer, cases[i].section, 0, NULL));
        json_decref(object);
    }
    scene_end(&scene);
}

static void questions_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a..b", "A", "192.0.2.1"},
        {"sip.test.", "NOTYPE", "192.0.2.1"},
        {"sip.test.", "A", "192.0.2"},
        {"sip.test.", "A", "192.0.2.1/33"},
        {"sip.test.", "A", "::/129"},
        {"sip.test.", "A", "192.0.2.1/"},
        {"sip.test.", "A", "192.0.2.1/-1"},
        {"sip.test.", "A", "192.0.2.1/8x"},
        {"sip.test.", "A", ""},
        {"sip.test.", "A", "/8"},
        {"sip.test.", "A", "a/b"},
        {"", "A", "192.0.2.1"},
        {"sip.test.", "A", "1111111111111111111111111111111111111111111111111111111111111/8"},
    };
    struct scene scene;
    scene_begin(&scene, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {""};
        if (explained(&scene, cases[i][0], cases[i][1], cases[i][2], &err))
            fail_msg("taken: %s %s %s", cases[i][0], cases[i][1], cases[i][2]);
        assert_true(err.text[0] != '\0');
    }
    scene_end(&scene);
}

static void a_client_is_cut_to_its_length_and_the_answer_has_a_scope(void **state)
{
    (void)state;
    struct scene scene;
    struct error err;
    scene_begin(&scene, NULL);
    json_t *object = explained(&scene, "_sip._udp.sip.test.", "SRV", "10.1.2.3/20", &err);
    assert_string_equal(json_string_value(json_object_get(object, "client")), "10.1.0.0/20");
    assert_int_equal(number(object, "scope"), number(json_object_get(object, "answer"), "scope"));
    json_decref(object);
    object = explained(&scene, "_sip._udp.sip.test.", "SRV", "::ffff:10.1.2.3", &err);
    assert_string_equal(json_string_value(json_object_get(object, "client")), "10.1.2.3/32");
    json_decref(object);
    object = explained(&scene, "_sip._udp.sip.test.", "SRV", "0.0.0.0/0", &err);
    assert_string_equal(json_string_value(json_object_get(json_object_get(object, "answer"), "rcode")), "NOERROR");
    json_decref(object);
    scene_end(&scene);
}

static void an_unsound_message_is_not_decoded(void **state)
{
    (void)state;
    static const uint8_t loop[] = {0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t cut[] = {0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2};
    static const uint8_t long_option[] = {0, 1, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6, 0, 8, 0, 99, 0, 1};
    assert_null(decode_answer(loop, sizeof loop));
    json_decref(decode_answer(long_option, sizeof long_option)); /* ends */
    assert_null(decode_answer(cut, sizeof cut));
    assert_null(decode_answer(cut, 5));
    assert_null(decode_answer(cut, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_site_comes_first_with_distances_and_reasons),
        cmocka_unit_test(the_ranks_are_the_order_of_the_answer),
        cmocka_unit_test(a_drained_site_says_by_whom_and_why),
        cmocka_unit_test(names_that_are_not_steered_show_the_static_answer),
        cmocka_unit_test(questions_that_make_no_sense_are_refused),
        cmocka_unit_test(a_client_is_cut_to_its_length_and_the_answer_has_a_scope),
        cmocka_unit_test(an_unsound_message_is_not_decoded),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
