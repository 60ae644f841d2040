/* RFC 8914: the reason behind an answer, where there is room for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

/* As many as leave 9 octets of 512 when all are listed: room for a reason's number, not for its text. */
enum { HOSTS = 29 };

static const char zone_head[] = "$TTL 60\n@ SOA ns1.far.example. hostmaster.far.example. 7 3600 600 86400 30\n@ NS ns1.far.example.\n";
static char *conf, *zone;
static const char *files[] = {"test.conf", NULL, "a", NULL, NULL};
static struct test_world t;

static int setup(void **state)
{
    size_t size;
    (void)state;
    FILE *c = open_memstream(&conf, &size), *z = open_memstream(&zone, &size);
    fputs("server = { listen = [ \"127.0.0.1:0\" ]; };\nzones = ( { name = \"a.test.\"; file = \"a\"; } );\n"
          "sites = ( { name = \"one\"; location = ( 0, 0 ); endpoints = ( ",
          c);
    fputs(zone_head, z);
    for (int i = 1; i <= HOSTS; i++) {
        fprintf(c, "%s{ host = \"e%d.a.test.\"; }", i > 1 ? ", " : "", i);
        fprintf(z, "e%d A 10.0.0.%d\nall A 10.0.0.%d\nnone A 10.0.0.%d\n", i, i, i, i);
    }
    fputs(" ); } );\nservices = ( { name = \"all.a.test.\"; on_all_down = \"static\"; }, { name = \"none.a.test.\"; on_all_down = "
          "\"empty\"; } );\n",
          c);
    fclose(c);
    fclose(z);
    files[1] = conf;
    files[3] = zone;
    return test_setup(&t, files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, files);
    free(conf);
    free(zone);
    return 0;
}

static void all_down(void)
{
    for (int i = 0; i < HOSTS; i++)
        t.health[i].overall = VERDICT_DOWN;
    test_rebuild(&t);
}

/* The answer's octets; what test_ask() shows has no texts. */
static size_t octets_of(struct asked asked, uint8_t out[MESSAGE_MAX])
{
    uint8_t q[512];
    static const struct addr peer = {.family = FAMILY_V4, .bytes = {192, 0, 2, 1}};
    const struct asker asker = {.peer = &peer, .channel = CHANNEL_UDP};
    struct answered answered;
    return answer_query(t.snapshot, q, make_query(&asked, q, sizeof q), &asker, out, MESSAGE_MAX, &answered);
}

static void expect(struct asked asked, const char *part, const char *text)
{
    uint8_t octets[MESSAGE_MAX];
    char *got = test_ask(&t, asked);
    assert_non_null(strstr(got, part));
    free(got);
    const size_t len = octets_of(asked, octets);
    assert_true(*text == 0 || memmem(octets, len, text, strlen(text)));
}

static void a_refusal_tells_why(void **state)
{
    (void)state;
    expect((struct asked){.name = "example.", .type = TYPE_A, .edns = true}, "REFUSED rd\nopt size=1232 version=0 ede=20\n",
           "no zone here");
}

static void nxname_cannot_be_asked(void **state)
{
    (void)state;
    expect((struct asked){.name = "a.test.", .type = TYPE_NXNAME, .edns = true}, "FORMERR rd\nopt size=1232 version=0 ede=30\n", "no type");
    expect((struct asked){.name = "a.test.", .type = TYPE_NXNAME}, "FORMERR rd\n", "");
}

static void an_answer_that_needs_no_reason_has_none(void **state)
{
    uint8_t octets[MESSAGE_MAX];
    (void)state;
    char *got = test_ask(&t, (struct asked){.name = "all.a.test.", .type = TYPE_A, .edns = true});
    assert_null(strstr(got, "ede"));
    free(got);
    all_down();
    octets_of((struct asked){.name = "all.a.test.", .type = TYPE_A}, octets);
    assert_int_equal(get_u16(octets + 10), 0); /* no OPT, no reason */
}

static void a_disabled_service_says_so(void **state)
{
    (void)state;
    t.services[0] = SERVICE_DISABLED;
    test_rebuild(&t);
    expect((struct asked){.name = "all.a.test.", .type = TYPE_A, .edns = true}, "opt size=1232 version=0 ede=0\n", "disabled");
}

static void a_service_without_an_endpoint_says_so(void **state)
{
    (void)state;
    all_down();
    expect((struct asked){.name = "none.a.test.", .type = TYPE_A, .edns = true}, "opt size=1232 version=0 ede=0\n",
           "no endpoint that is up");
    expect((struct asked){.name = "all.a.test.", .type = TYPE_A, .edns = true}, "opt size=1232 version=0 ede=0\n", "all are listed");
}

static void where_the_text_does_not_fit_its_number_stands_alone(void **state)
{
    uint8_t octets[MESSAGE_MAX];
    (void)state;
    all_down();
    const size_t len = octets_of((struct asked){.name = "all.a.test.", .type = TYPE_A, .size = 512}, octets);
    assert_int_equal(get_u16(octets + 6), HOSTS);
    assert_int_equal(len, 12 + 16 + HOSTS * 16 + OPT_LEN + OPTION_HEADER + 2);
    assert_memory_equal(octets + len - 6, "\0\17\0\2\0\0", 6);
}

static void where_nothing_fits_nothing_stands(void **state)
{
    uint8_t octets[MESSAGE_MAX];
    (void)state;
    all_down();
    const size_t len = octets_of((struct asked){.name = "all.a.test.", .type = TYPE_A, .size = 512, .ecs = "0.0.0.0/0"}, octets);
    assert_true(len <= 512);
    assert_null(memmem(octets, len, "\0\17\0\2\0\0", 6));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_refusal_tells_why),
        CASE(nxname_cannot_be_asked),
        CASE(an_answer_that_needs_no_reason_has_none),
        CASE(a_disabled_service_says_so),
        CASE(a_service_without_an_endpoint_says_so),
        CASE(where_the_text_does_not_fit_its_number_stands_alone),
        CASE(where_nothing_fits_nothing_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
