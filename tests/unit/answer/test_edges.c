/* Rare shapes of zones and queries, in a world of their own: a SOA that names servers elsewhere, nested zones, long chains, large sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static const char conf[] =
    "server = { listen = [ \"127.0.0.1:0\" ]; id = \"a-name-server-with-a-rather-long-name-for-itself\"; };\n"
    "zones = ( { name = \"a.test.\"; file = \"a\"; }, { name = \"c.b.a.test.\"; file = \"c\"; }, { name = \"b.a.test.\"; file = \"b\"; } "
    ");\n"
    "sites = ( { name = \"one\"; location = ( 0, 0 ); endpoints = ( { host = \"e1.a.test.\"; }, { host = \"e2.a.test.\"; } ); } );\n"
    "services = ( { name = \"svc.a.test.\"; }, { name = \"all.a.test.\"; on_all_down = \"static\"; } );\n";

#define TOP "$TTL 60\n@ SOA ns1.far.example. hostmaster.far.example. 7 3600 600 86400 30\n@ NS ns1.far.example.\n"
#define LABELS "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f"

static const char zone_a[] =
    TOP "e1 A 10.0.0.1\ne2 A 10.0.0.2\nsvc A 10.0.0.1\nsvc A 10.0.0.2\nall A 10.0.0.2\nall A 10.0.0.1\n"
        "to-svc CNAME svc\n*.w CNAME svc\nlong CNAME 1." LABELS "\n1." LABELS " CNAME 2." LABELS "\n2." LABELS " CNAME svc\n"
        "loop1 CNAME loop2\nloop2 CNAME loop3\nloop3 CNAME loop2\nx.ent TXT \"x\"\n"
        "b NS ns.b\nns.b A 10.1.0.1\nb DS 5 13 2 0000000000000000000000000000000000000000000000000000000000000000\nto-b CNAME missing.b\n"
        "d NS ns.far.example.\nd DS 6 13 2 0000000000000000000000000000000000000000000000000000000000000000\nto-d CNAME d\n"
        "many MX 10 hosts\nhosts A 10.2.0.1\n";
static const char zone_b[] = TOP "c NS ns.far.example.\nhere TXT \"b\"\n";
static const char zone_c[] = TOP "here TXT \"c\"\n";

static char *large_a; /* zone a with a host of 100 addresses */
static const char *files[] = {"test.conf", conf, "a", zone_a, "b", zone_b, "c", zone_c, NULL};
static struct test_world t;

static int setup(void **state)
{
    size_t size;
    (void)state;
    FILE *f = open_memstream(&large_a, &size);
    fputs(zone_a, f);
    for (int i = 2; i <= 100; i++)
        fprintf(f, "hosts A 10.2.0.%d\n", i);
    fclose(f);
    files[3] = large_a;
    return test_setup(&t, files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, files);
    free(large_a);
    return 0;
}

static void expect(struct asked asked, const char *text)
{
    char *got = test_ask(&t, asked);
    assert_string_equal(got, text);
    free(got);
}

#define SOA_OF(zone) "ns " zone " 30 IN SOA ns1.far.example. hostmaster.far.example. 7 3600 600 86400 30\n"
#define SOA SOA_OF("a.test.")

static void nodata_behind_a_chain_keeps_its_names(void **state)
{
    (void)state;
    t.services[0] = SERVICE_DISABLED;
    test_rebuild(&t);
    expect((struct asked){.name = "to-svc.a.test.", .type = TYPE_A}, "NOERROR aa rd\nan to-svc.a.test. 60 IN CNAME svc.a.test.\n" SOA);
    expect((struct asked){.name = "a-long-instance.w.a.test.", .type = TYPE_A},
           "NOERROR aa rd\nan a-long-instance.w.a.test. 60 IN CNAME svc.a.test.\n" SOA);
    expect((struct asked){.name = "svc.a.test.", .type = TYPE_A}, "NOERROR aa rd\n" SOA);
}

static void a_chain_of_very_many_labels_still_reaches_its_service(void **state)
{
    (void)state;
    char *got = test_ask(&t, (struct asked){.name = "long.a.test.", .type = TYPE_A});
    assert_non_null(strstr(got, "an 2." LABELS ".a.test. 60 IN CNAME svc.a.test.\nan svc.a.test. 30 IN A 10.0.0."));
    free(got);
}

static void a_loop_is_told_once(void **state)
{
    (void)state;
    expect((struct asked){.name = "loop1.a.test.", .type = TYPE_A},
           "NOERROR aa rd\nan loop1.a.test. 60 IN CNAME loop2.a.test.\nan loop2.a.test. 60 IN CNAME loop3.a.test.\n"
           "an loop3.a.test. 60 IN CNAME loop2.a.test.\n");
}

static void a_chain_into_another_zone_of_ours_ends_with_its_cname(void **state)
{
    (void)state;
    expect((struct asked){.name = "to-b.a.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan to-b.a.test. 60 IN CNAME missing.b.a.test.\n");
}

static void the_ds_of_a_child_is_the_direct_parents_word(void **state)
{
    (void)state;
    expect((struct asked){.name = "b.a.test.", .type = TYPE_DS},
           "NOERROR aa rd\nan b.a.test. 60 IN DS 5 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
    expect((struct asked){.name = "c.b.a.test.", .type = TYPE_DS}, "NOERROR aa rd\n" SOA_OF("b.a.test."));
    expect((struct asked){.name = "to-d.a.test.", .type = TYPE_DS},
           "NOERROR aa rd\nan to-d.a.test. 60 IN CNAME d.a.test.\n"
           "an d.a.test. 60 IN DS 6 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
}

static void nested_zones_answer_for_themselves(void **state)
{
    (void)state;
    expect((struct asked){.name = "here.b.a.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan here.b.a.test. 60 IN TXT \"b\"\n");
    expect((struct asked){.name = "here.c.b.a.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan here.c.b.a.test. 60 IN TXT \"c\"\n");
    expect((struct asked){.name = "ns.b.a.test.", .type = TYPE_A}, "NXDOMAIN aa rd\n" SOA_OF("b.a.test."));
    expect((struct asked){.name = "no.c.b.a.test.", .type = TYPE_A}, "NXDOMAIN aa rd\n" SOA_OF("c.b.a.test."));
}

static void any_at_an_alias_is_the_alias_and_at_an_empty_name_nothing(void **state)
{
    (void)state;
    expect((struct asked){.name = "to-svc.a.test.", .type = TYPE_ANY}, "NOERROR aa rd\nan to-svc.a.test. 60 IN CNAME svc.a.test.\n");
    expect((struct asked){.name = "ent.a.test.", .type = TYPE_ANY}, "NOERROR aa rd\n" SOA);
}

static void an_additional_set_goes_out_whole_or_not_at_all(void **state)
{
    uint8_t q[512];
    size_t answer_len;
    (void)state;
    expect((struct asked){.name = "many.a.test.", .type = TYPE_MX}, "NOERROR aa rd\nan many.a.test. 60 IN MX 10 hosts.a.test.\n");
    const size_t len = make_query(&(struct asked){.name = "many.a.test.", .type = TYPE_MX}, q, sizeof q);
    char *got = test_send(&t, q, len, CHANNEL_TCP, &answer_len);
    assert_non_null(strstr(got, "ar hosts.a.test. 60 IN A 10.2.0.100\n"));
    free(got);
}

static void a_set_that_does_not_fit_is_truncated_over_udp_and_whole_over_tcp(void **state)
{
    uint8_t q[512];
    size_t answer_len;
    (void)state;
    const struct asked asked = {.name = "hosts.a.test.", .type = TYPE_A};
    expect(asked, "NOERROR aa tc rd\n");
    const size_t len = make_query(&asked, q, sizeof q);
    char *got = test_send(&t, q, len, CHANNEL_TCP, &answer_len);
    assert_non_null(strstr(got, "NOERROR aa rd\n"));
    assert_int_equal(answer_len, len + 100 * 16);
    free(got);
}

static void a_small_client_loses_the_servers_name_rather_than_a_record(void **state)
{
    (void)state;
    char *big = test_ask(&t, (struct asked){.name = "svc.a.test.", .type = TYPE_A, .nsid = true});
    assert_non_null(strstr(big, "option3=a-name-server"));
    char *small = test_ask(&t, (struct asked){.name = "svc.a.test.", .type = TYPE_A, .nsid = true, .size = 512});
    assert_null(strstr(small, "option3"));
    assert_non_null(strstr(small, "IN A 10.0.0.1\n"));
    free(big);
    free(small);
}

static void static_is_the_order_of_the_file(void **state)
{
    (void)state;
    t.health[0].overall = t.health[1].overall = VERDICT_DOWN;
    test_rebuild(&t);
    expect((struct asked){.name = "all.a.test.", .type = TYPE_A},
           "NOERROR aa rd\nan all.a.test. 30 IN A 10.0.0.2\nan all.a.test. 30 IN A 10.0.0.1\n");
}

static void a_decision_through_a_wildcard_is_found(void **state)
{
    struct addr client;
    uint8_t name[NAME_OCTETS];
    (void)state;
    addr_parse("192.0.2.1", &client);
    const size_t len = name_from_text("any.thing.w.a.test.", name);
    assert_true(snapshot_decide(t.snapshot, name, len, TYPE_A, &client).steered);
}

static void an_unknown_opcode_with_edns_is_answered_with_edns(void **state)
{
    uint8_t q[512];
    size_t answer_len;
    (void)state;
    const size_t len = make_query(&(struct asked){.name = "svc.a.test.", .type = TYPE_A, .edns = true}, q, sizeof q);
    q[2] = 4 << 3;
    q[3] = 0x10; /* CD, which an authoritative answer clears (RFC 4035 3.1.6) */
    char *got = test_send(&t, q, len, CHANNEL_UDP, &answer_len);
    assert_string_equal(got, "NOTIMP\nopt size=1232 version=0 ede=21\n");
    free(got);
}

static const char loops_conf[] =
    "server = { listen = [ \"127.0.0.1:0\" ]; id = \"\"; };\nzones = ( { name = \"a.test.\"; file = \"a\"; } );\n";
static const char loops_zone[] = TOP "self CNAME self\n*.w CNAME *.w\n*.v CNAME c.v\ncut NS ns.far.example.\nto-cut CNAME cut\n";
static const char *const loops[] = {"test.conf", loops_conf, "a", loops_zone, NULL};

static void expect_of(struct test_world *world, const char *name, uint16_t type, const char *text)
{
    char *got = test_ask(world, (struct asked){.name = name, .type = type});
    assert_string_equal(got, text);
    free(got);
}

static void a_loop_through_a_wildcard_has_each_record_once(void **state)
{
    struct test_world world;
    (void)state;
    assert_int_equal(test_setup(&world, loops), 0);
    expect_of(&world, "self.a.test.", TYPE_A, "NOERROR aa rd\nan self.a.test. 60 IN CNAME self.a.test.\n");
    expect_of(&world, "*.w.a.test.", TYPE_A, "NOERROR aa rd\nan *.w.a.test. 60 IN CNAME *.w.a.test.\n");
    expect_of(&world, "x.w.a.test.", TYPE_A,
              "NOERROR aa rd\nan x.w.a.test. 60 IN CNAME *.w.a.test.\nan *.w.a.test. 60 IN CNAME *.w.a.test.\n");
    expect_of(&world, "c.v.a.test.", TYPE_A, "NOERROR aa rd\nan c.v.a.test. 60 IN CNAME c.v.a.test.\n");
    expect_of(&world, "x.v.a.test.", TYPE_A,
              "NOERROR aa rd\nan x.v.a.test. 60 IN CNAME c.v.a.test.\nan c.v.a.test. 60 IN CNAME c.v.a.test.\n");
    expect_of(&world, "to-cut.a.test.", TYPE_DS, "NOERROR aa rd\nan to-cut.a.test. 60 IN CNAME cut.a.test.\n" SOA);
    test_release(&world, loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(nodata_behind_a_chain_keeps_its_names),
        CASE(a_chain_of_very_many_labels_still_reaches_its_service),
        CASE(a_loop_is_told_once),
        CASE(a_chain_into_another_zone_of_ours_ends_with_its_cname),
        CASE(the_ds_of_a_child_is_the_direct_parents_word),
        CASE(nested_zones_answer_for_themselves),
        CASE(any_at_an_alias_is_the_alias_and_at_an_empty_name_nothing),
        CASE(an_additional_set_goes_out_whole_or_not_at_all),
        CASE(a_set_that_does_not_fit_is_truncated_over_udp_and_whole_over_tcp),
        CASE(a_small_client_loses_the_servers_name_rather_than_a_record),
        CASE(static_is_the_order_of_the_file),
        CASE(a_decision_through_a_wildcard_is_found),
        cmocka_unit_test(a_loop_through_a_wildcard_has_each_record_once),
        CASE(an_unknown_opcode_with_edns_is_answered_with_edns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
