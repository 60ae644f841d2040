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

#define DNSSEC "dnssec = { keys = \".\"; }; "

/* dnssec: what the zone's configuration says of signing. */
static struct config *config_of(struct signing_fixture *f, const char *dnssec)
{
    char path[128], text[512];
    snprintf(text, sizeof text,
             "server = { listen = [ \"127.0.0.1:0\" ]; id = \"\"; };\nzones = ( { name = \"" APEX "\"; file = \"zone\"; %s} );\n"
             "sites = ( { name = \"one\"; location = ( 51.5, -0.1 ); endpoints = ( { host = \"ns1." APEX "\"; } ); } );\n"
             "services = ( { name = \"svc." APEX "\"; } );\n",
             dnssec);
    signing_write(f, "conf", text);
    snprintf(path, sizeof path, "%s/conf", f->folder);
    struct config *config = config_load(path, &f->report);
    if (config == NULL)
        signing_tell(f);
    assert_non_null(config);
    return config;
}

/* The serial that the zone of this text is served with. */
static uint32_t load(struct signing_fixture *f, struct signatures *cache, struct serials *serials, const char *text, const char *dnssec)
{
    signing_load(f, text);
    struct zone *zones[] = {f->plain};
    f->plain = NULL;
    const struct signing_input input = {.signatures = cache, .wall_s = NOW_S};
    struct world *world = signed_world(config_of(f, dnssec), zones, &input, serials, &f->report);
    if (world == NULL)
        signing_tell(f);
    assert_non_null(world);
    const uint32_t serial = world_zone(world, 0)->serial;
    world_unref(world);
    return serial;
}

static uint32_t sign(struct signing_fixture *f, struct signatures *cache, struct serials *serials, const char *text)
{
    const uint32_t serial = load(f, cache, serials, text, DNSSEC);
    assert_int_equal(serials_find(serials, APEX)->serial, serial);
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

#define CHILD(glue) ZONE(10, "child NS ns.child\nns.child A " glue "\n")

static void a_serial_grows_with_what_has_no_signatures(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct signatures *cache = signatures_new(100);
    struct serials serials = {0};
    signing_key(&f, "ED25519", 257);
    assert_int_equal(sign(&f, cache, &serials, CHILD("192.0.2.1")), 10);
    assert_int_equal(sign(&f, cache, &serials, CHILD("192.0.2.2")), 11);
    assert_int_equal(sign(&f, cache, &serials, CHILD("192.0.2.2")), 11);
    assert_int_equal(sign(&f, cache, &serials, CHILD("192.0.2.2\nns.child A 192.0.2.3")), 12);
    serials_release(&serials);
    signatures_free(cache);
    signing_remove(&f);
}

/* A tool makes all signatures anew and serves none of them. */
static void a_tool_uses_no_serials_up(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct serials serials = {0};
    signing_key(&f, "ECDSAP256SHA256", 257);
    serials_put(&serials, APEX, 20, 1);
    assert_int_equal(load(&f, NULL, &serials, ZONE(10, ""), DNSSEC), 20);
    assert_int_equal(load(&f, NULL, &serials, ZONE(10, "a TXT x\n"), DNSSEC), 20);
    assert_int_equal(serials_find(&serials, APEX)->serial, 20);
    assert_int_equal(serials_find(&serials, APEX)->print, 1);
    serials_release(&serials);
    signing_remove(&f);
}

static bool warned(struct signing_fixture *f, struct serials *serials, const char *text)
{
    report_release(&f->report);
    report_init(&f->report);
    load(f, NULL, serials, text, "");
    return f->report.count > 0 && signing_told(f, SEVERITY_WARNING, "was signed with serial 4294967290 and is not any more");
}

static void a_zone_that_is_not_signed_any_more_is_told_while_its_serial_is_behind(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct serials serials = {0};
    assert_int_equal(load(&f, NULL, &serials, ZONE(10, ""), ""), 10); /* never signed: nothing to tell */
    assert_int_equal(f.report.count, 0);
    serials_put(&serials, APEX, 4294967290, 1);
    assert_true(warned(&f, &serials, ZONE(4294967289, "")));
    assert_int_equal(load(&f, NULL, &serials, ZONE(4294967289, ""), ""), 4294967289); /* it is the file's all the same */
    assert_false(warned(&f, &serials, ZONE(4294967290, "")));
    assert_false(warned(&f, &serials, ZONE(4294967295, "")));
    assert_false(warned(&f, &serials, ZONE(5, ""))); /* around the circle */
    assert_true(warned(&f, &serials, ZONE(3000000000, "")));
    serials_release(&serials);
    signing_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_compare_as_a_ring),
        cmocka_unit_test(serials_are_kept_by_zone),
        cmocka_unit_test(a_serial_grows_when_anything_has_changed),
        cmocka_unit_test(a_serial_goes_round_without_being_zero),
        cmocka_unit_test(a_serial_grows_with_what_has_no_signatures),
        cmocka_unit_test(a_tool_uses_no_serials_up),
        cmocka_unit_test(a_zone_that_is_not_signed_any_more_is_told_while_its_serial_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
