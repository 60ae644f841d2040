/* Names below a DNAME (RFC 6672): renamed at the time of the query, or at load where a CNAME leads there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define TOP "$TTL 60\n@ SOA ns1.far.example. hostmaster.far.example. 7 3600 600 86400 30\n@ NS ns.far.example.\n"
#define SOA "ns a.test. 30 IN SOA ns1.far.example. hostmaster.far.example. 7 3600 600 86400 30\n"
#define L60 "123456789012345678901234567890123456789012345678901234567890"

static const char conf[] = "server = { listen = [ \"127.0.0.1:0\" ]; id = \"\"; };\n"
                           "zones = ( { name = \"a.test.\"; file = \"a\"; }, { name = \"b.a.test.\"; file = \"b\"; } );\n"
                           "sites = ( { name = \"one\"; location = ( 51.5, -0.1 ); endpoints = ( { host = \"e1.a.test.\"; } ); } );\n"
                           "services = ( { name = \"svc.new.a.test.\"; ttl = \"30s\"; } );\n";

static const char zone_a[] =
    TOP "e1 A 10.0.0.1\n"
        "old DNAME new\nold TXT \"itself\"\n"
        "here.new TXT \"here\"\n*.wild.new TXT \"any\"\nsvc.new A 10.0.0.1\nalias.new CNAME here.new\nto-svc.new CNAME svc.new\nmail.new "
        "MX 5 e1\n"
        "deleg.new NS ns.deleg.new\nns.deleg.new A 10.3.0.1\n"
        "far DNAME elsewhere.example.\nto-b DNAME b\n"
        "twice DNAME old\nself DNAME self\nping DNAME pong\npong DNAME ping\n"
        "long DNAME " L60 "." L60 "." L60 "\n"
        "cname CNAME here.old\ncname-missing CNAME nothing.old\ncname-svc CNAME svc.old\ncname-self CNAME x.self\n*.w CNAME here.old\n";
static const char zone_b[] = TOP "x TXT \"b\"\n";

static const char *files[] = {"test.conf", conf, "a", zone_a, "b", zone_b, NULL};
static struct test_world t;

static int setup(void **state)
{
    (void)state;
    return test_setup(&t, files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, files);
    return 0;
}

static void expect(const char *name, uint16_t type, const char *text)
{
    char *got = test_ask(&t, (struct asked){.name = name, .type = type});
    assert_string_equal(got, text);
    free(got);
}

#define OLD "an old.a.test. 60 IN DNAME new.a.test.\n"

static void a_name_below_is_renamed_and_answered(void **state)
{
    (void)state;
    expect("here.old.a.test.", TYPE_TXT,
           "NOERROR aa rd\n" OLD "an here.old.a.test. 60 IN CNAME here.new.a.test.\nan here.new.a.test. 60 IN TXT \"here\"\n");
    expect("mail.old.a.test.", TYPE_MX,
           "NOERROR aa rd\n" OLD "an mail.old.a.test. 60 IN CNAME mail.new.a.test.\nan mail.new.a.test. 60 IN MX 5 e1.a.test.\n"
           "ar e1.a.test. 60 IN A 10.0.0.1\n");
    expect("x.wild.old.a.test.", TYPE_TXT,
           "NOERROR aa rd\n" OLD "an x.wild.old.a.test. 60 IN CNAME x.wild.new.a.test.\nan x.wild.new.a.test. 60 IN TXT \"any\"\n");
}

static void its_owner_is_a_name_like_others(void **state)
{
    (void)state;
    expect("old.a.test.", TYPE_TXT, "NOERROR aa rd\nan old.a.test. 60 IN TXT \"itself\"\n");
    expect("old.a.test.", TYPE_DNAME, "NOERROR aa rd\n" OLD);
    expect("old.a.test.", TYPE_A, "NOERROR aa rd\n" SOA);
}

static void what_lacks_there_is_told_of_the_new_name(void **state)
{
    (void)state;
    expect("here.old.a.test.", TYPE_A, "NOERROR aa rd\n" OLD "an here.old.a.test. 60 IN CNAME here.new.a.test.\n" SOA);
    expect("nothing.old.a.test.", TYPE_A, "NXDOMAIN aa rd\n" OLD "an nothing.old.a.test. 60 IN CNAME nothing.new.a.test.\n" SOA);
    expect("x.deleg.old.a.test.", TYPE_A,
           "NOERROR aa rd\n" OLD
           "an x.deleg.old.a.test. 60 IN CNAME x.deleg.new.a.test.\nns deleg.new.a.test. 60 IN NS ns.deleg.new.a.test.\n"
           "ar ns.deleg.new.a.test. 60 IN A 10.3.0.1\n");
}

static void aliases_and_services_follow(void **state)
{
    (void)state;
    expect("alias.old.a.test.", TYPE_TXT,
           "NOERROR aa rd\n" OLD "an alias.old.a.test. 60 IN CNAME alias.new.a.test.\nan alias.new.a.test. 60 IN CNAME here.new.a.test.\n"
           "an here.new.a.test. 60 IN TXT \"here\"\n");
    expect("svc.old.a.test.", TYPE_A,
           "NOERROR aa rd\n" OLD "an svc.old.a.test. 60 IN CNAME svc.new.a.test.\nan svc.new.a.test. 30 IN A 10.0.0.1\n");
    expect("to-svc.old.a.test.", TYPE_A,
           "NOERROR aa rd\n" OLD "an to-svc.old.a.test. 60 IN CNAME to-svc.new.a.test.\nan to-svc.new.a.test. 60 IN CNAME svc.new.a.test.\n"
           "an svc.new.a.test. 30 IN A 10.0.0.1\n");
}

static void out_of_the_zone_the_resolver_goes_on(void **state)
{
    (void)state;
    expect("x.far.a.test.", TYPE_A,
           "NOERROR aa rd\nan far.a.test. 60 IN DNAME elsewhere.example.\nan x.far.a.test. 60 IN CNAME x.elsewhere.example.\n");
    expect("x.to-b.a.test.", TYPE_TXT, "NOERROR aa rd\nan to-b.a.test. 60 IN DNAME b.a.test.\nan x.to-b.a.test. 60 IN CNAME x.b.a.test.\n");
}

static void several_follow_one_another_and_loops_end(void **state)
{
    (void)state;
    expect("here.twice.a.test.", TYPE_TXT,
           "NOERROR aa rd\nan twice.a.test. 60 IN DNAME old.a.test.\nan here.twice.a.test. 60 IN CNAME here.old.a.test.\n" OLD
           "an here.old.a.test. 60 IN CNAME here.new.a.test.\nan here.new.a.test. 60 IN TXT \"here\"\n");
    expect("x.self.a.test.", TYPE_A,
           "NOERROR aa rd\nan self.a.test. 60 IN DNAME self.a.test.\nan x.self.a.test. 60 IN CNAME x.self.a.test.\n");
    char *got = test_ask(&t, (struct asked){.name = "x.ping.a.test.", .type = TYPE_A});
    assert_memory_equal(got, "NOERROR aa rd\n", 14);
    const char *first = strstr(got, "an ping.a.test. 60 IN DNAME pong.a.test.\n");
    assert_non_null(first);
    assert_null(strstr(first + 3, "an ping.a.test. 60 IN DNAME")); /* no record twice (RFC 2181 5) */
    free(got);
}

static void a_name_that_grows_too_long_is_yxdomain(void **state)
{
    (void)state;
    expect(L60 ".12345.long.a.test.", TYPE_A, "YXDOMAIN aa rd\nan long.a.test. 60 IN DNAME " L60 "." L60 "." L60 ".a.test.\n");
    char *got = test_ask(&t, (struct asked){.name = "short.long.a.test.", .type = TYPE_A, .edns = true});
    assert_memory_equal(got, "NXDOMAIN aa rd\n", 15);
    free(got);
}

static void a_cname_is_followed_through_it(void **state)
{
    (void)state;
    expect("cname.a.test.", TYPE_TXT,
           "NOERROR aa rd\nan cname.a.test. 60 IN CNAME here.old.a.test.\n" OLD
           "an here.old.a.test. 60 IN CNAME here.new.a.test.\nan here.new.a.test. 60 IN TXT \"here\"\n");
    expect("cname-missing.a.test.", TYPE_TXT,
           "NXDOMAIN aa rd\nan cname-missing.a.test. 60 IN CNAME nothing.old.a.test.\n" OLD
           "an nothing.old.a.test. 60 IN CNAME nothing.new.a.test.\n" SOA);
    expect("cname-svc.a.test.", TYPE_A,
           "NOERROR aa rd\nan cname-svc.a.test. 60 IN CNAME svc.old.a.test.\n" OLD
           "an svc.old.a.test. 60 IN CNAME svc.new.a.test.\nan svc.new.a.test. 30 IN A 10.0.0.1\n");
    expect("instance.w.a.test.", TYPE_TXT,
           "NOERROR aa rd\nan instance.w.a.test. 60 IN CNAME here.old.a.test.\n" OLD
           "an here.old.a.test. 60 IN CNAME here.new.a.test.\nan here.new.a.test. 60 IN TXT \"here\"\n");
    expect("cname-self.a.test.", TYPE_TXT,
           "NOERROR aa rd\nan cname-self.a.test. 60 IN CNAME x.self.a.test.\nan self.a.test. 60 IN DNAME self.a.test.\n"
           "an x.self.a.test. 60 IN CNAME x.self.a.test.\n");
}

static void the_cname_itself_can_be_asked(void **state)
{
    (void)state;
    expect("here.old.a.test.", TYPE_CNAME, "NOERROR aa rd\n" OLD "an here.old.a.test. 60 IN CNAME here.new.a.test.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_below_is_renamed_and_answered),
        cmocka_unit_test(its_owner_is_a_name_like_others),
        cmocka_unit_test(what_lacks_there_is_told_of_the_new_name),
        cmocka_unit_test(aliases_and_services_follow),
        cmocka_unit_test(out_of_the_zone_the_resolver_goes_on),
        cmocka_unit_test(several_follow_one_another_and_loops_end),
        cmocka_unit_test(a_name_that_grows_too_long_is_yxdomain),
        cmocka_unit_test(a_cname_is_followed_through_it),
        cmocka_unit_test(the_cname_itself_can_be_asked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
