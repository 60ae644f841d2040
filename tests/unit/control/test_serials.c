/* Serials of signed zones: they grow when anything has changed, follow the file's when that is newer, and never go back. */
#include "../dnssec/fixture.h"

#include "config/config.h"
#include "control/signed.h"
#include "dns/serial.h"

#define ZONE(serial, more) "$TTL 60\n@ SOA ns1 h " #serial " 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\nsvc A 192.0.2.53\n" more

static void serials_compare_as_a_ring(void **state)
{
    (void)state;
    assert_true(serial_after(2, 1) && !serial_after(1, 2) && !serial_after(7, 7));
    assert_true(serial_after(0, UINT32_MAX) && !serial_after(UINT32_MAX, 0));
    assert_true(serial_after(UINT32_C(0x80000000), 1) && !serial_after(UINT32_C(0x80000001), 1)); /* half the ring away: neither */
    assert_false(serial_after(1, UINT32_C(0x80000001)));
}

static void serials_are_kept_by_zone(void **state)
{
    (void)state;
    struct serials serials = {0};
    assert_null(serials_find(&serials, APEX));
    serials_put(&serials, APEX, 5, 50);
    serials_put(&serials, "b.", 6, 60);
    serials_put(&serials, APEX, 7, 70);
    struct serials copy = serials_copy(&serials);
    serials_put(&serials, APEX, 8, 80);
    assert_int_equal(copy.count, 2);
    assert_int_equal(serials_find(&copy, APEX)->serial, 7);
    assert_int_equal(serials_find(&copy, APEX)->print, 70);
    assert_int_equal(serials_find(&serials, APEX)->serial, 8);
    assert_int_equal(serials_find(&serials, "b.")->serial, 6);
    serials_release(&copy);
    serials_release(&serials);
    assert_int_equal(serials.count, 0);
}

static struct config *config_of(struct signing_fixture *f)
{
    char path[128];
    signing_write(f, "conf",
                  "server = { listen = [ \"127.0.0.1:0\" ]; id = \"\"; };\nzones = ( { name = \"" APEX
                  "\"; file = \"zone\"; dnssec = { keys = \".\"; }; } );\n"
                  "sites = ( { name = \"one\"; location = ( 51.5, -0.1 ); endpoints = ( { host = \"ns1." APEX "\"; } ); } );\n"
                  "services = ( { name = \"svc." APEX "\"; } );\n");
    snprintf(path, sizeof path, "%s/conf", f->folder);
    struct config *config = config_load(path, &f->report);
    if (config == NULL)
        signing_tell(f);
    assert_non_null(config);
    return config;
}

/* The serial that the zone of this text gets. */
static uint32_t sign(struct signing_fixture *f, struct signatures *cache, struct serials *serials, const char *text)
{
    signing_load(f, text);
    struct zone *zones[] = {f->plain};
    f->plain = NULL;
    const struct signing_input input = {.signatures = cache, .wall_s = NOW_S};
    struct world *world = signed_world(config_of(f), zones, &input, serials, &f->report);
    if (world == NULL)
        signing_tell(f);
    assert_non_null(world);
    const uint32_t serial = world_zone(world, 0)->serial;
    assert_int_equal(serials_find(serials, APEX)->serial, serial);
    world_unref(world);
    return serial;
}

static void a_serial_grows_when_anything_has_changed(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct signatures *cache = signatures_new(100), *fresh = signatures_new(100);
    struct serials serials = {0};
    signing_key(&f, "ECDSAP256SHA256", 257);
    assert_int_equal(sign(&f, cache, &serials, ZONE(10, "")), 10);
    assert_int_equal(sign(&f, cache, &serials, ZONE(10, "")), 10);
    assert_int_equal(sign(&f, cache, &serials, ZONE(10, "a A 192.0.2.1\n")), 11);
    assert_int_equal(sign(&f, cache, &serials, ZONE(10, "a A 192.0.2.1\n")), 11);
    assert_int_equal(sign(&f, cache, &serials, ZONE(10, "a A 192.0.2.2\n")), 12);
    assert_int_equal(sign(&f, fresh, &serials, ZONE(10, "a A 192.0.2.2\n")), 13); /* the same, signed anew */
    assert_int_equal(sign(&f, cache, &serials, ZONE(13, "")), 14);                /* the file has come to where we were */
    assert_int_equal(sign(&f, cache, &serials, ZONE(100, "")), 100);
    assert_int_equal(sign(&f, cache, &serials, ZONE(50, "")), 100); /* never back */
    assert_int_equal(sign(&f, cache, &serials, ZONE(50, "b TXT x\n")), 101);
    serials_release(&serials);
    signatures_free(cache);
    signatures_free(fresh);
    signing_remove(&f);
}

static void a_serial_goes_round_without_being_zero(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct signatures *cache = signatures_new(100);
    struct serials serials = {0};
    signing_key(&f, "ED25519", 257);
    assert_int_equal(sign(&f, cache, &serials, ZONE(4294967295, "")), UINT32_MAX);
    assert_int_equal(sign(&f, cache, &serials, ZONE(4294967295, "a TXT x\n")), 1);
    assert_int_equal(sign(&f, cache, &serials, ZONE(4294967295, "a TXT x\n")), 1); /* Ed25519 signs the same alike */
    assert_int_equal(sign(&f, cache, &serials, ZONE(2, "")), 2);
    serials_release(&serials);
    signatures_free(cache);
    signing_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_compare_as_a_ring),
        cmocka_unit_test(serials_are_kept_by_zone),
        cmocka_unit_test(a_serial_grows_when_anything_has_changed),
        cmocka_unit_test(a_serial_goes_round_without_being_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
