/* Which SRV records a steered answer of a signed zone has: each endpoint's once, and as many as fit without EDNS, whoever asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "snapshot/signed_world.h"

enum { NAMES = 30, NAME_STEP = 2, TARGETS = 8, WITHOUT_EDNS = 512 };

static char *conf, *zone;
static const char *files[] = {"test.conf", NULL, "zone", NULL, NULL};
static struct signed_world s;

/* Names that differ in length alone, so that the last record ends before, between and behind the limits. */
static const char *service(unsigned i)
{
    static char name[16 + NAMES * NAME_STEP];
    memset(name, 'x', sizeof name);
    name[1 + i * NAME_STEP] = '\0';
    return name;
}

static void write_conf(FILE *f)
{
    fputs("server = { listen = [ \"127.0.0.1:0\" ]; };\nzones = ( { name = \"sip.test.\"; file = \"zone\"; } );\n"
          "sites = ( { name = \"one\"; location = ( 0, 0 ); endpoints = ( ",
          f);
    for (unsigned e = 0; e < TARGETS; e++)
        fprintf(f, "%s{ host = \"load-balancer-of-london-%u.sip.test.\"; }", e ? ", " : "", e);
    fputs(" ); } );\nservices = ( { name = \"alike.sip.test.\"; targets = 8; }", f);
    for (unsigned i = 0; i < NAMES; i++)
        fprintf(f, ",\n  { name = \"%s.sip.test.\"; targets = 8; }", service(i));
    fputs(" );\n", f);
}

static void write_zone(FILE *f)
{
    fputs("$TTL 60\n@ SOA ns1 h 7 3600 600 86400 30\n@ NS ns1\nns1 A 10.0.0.1\n"
          "_sip._udp.alike SRV 0 0 5060 load-balancer-of-london-0\n_sip._udp.alike SRV 20 0 5060 load-balancer-of-london-0\n"
          "_sip._udp.alike SRV 0 7 5060 load-balancer-of-london-0\n_sip._udp.alike SRV 0 0 5060 Load-Balancer-of-London-0\n"
          "_sip._udp.alike SRV 0 0 5061 load-balancer-of-london-0\n_sip._udp.alike SRV 1 1 5061 LOAD-balancer-of-london-0\n"
          "_sip._udp.alike SRV 0 0 5060 load-balancer-of-london-1\nalike A 10.1.0.0\n",
          f);
    for (unsigned e = 0; e < TARGETS; e++) {
        fprintf(f, "load-balancer-of-london-%u A 10.1.0.%u\n", e, e);
        for (unsigned i = 0; i < NAMES; i++)
            fprintf(f, "_sip._udp.%s SRV 0 0 5060 load-balancer-of-london-%u\n", service(i), e);
    }
}

static char *text_of(void (*write)(FILE *))
{
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    write(f);
    fclose(f);
    return text;
}

static int setup(void **state)
{
    (void)state;
    files[1] = conf = text_of(write_conf);
    files[3] = zone = text_of(write_zone);
    signed_setup(&s, files, DENIAL_NSEC);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signed_release(&s);
    free(conf);
    free(zone);
    return 0;
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (; (text = strstr(text, part)); text++)
        found++;
    return found;
}

static char *ask(struct asked asked, size_t *ret_len)
{
    uint8_t packet[512];
    const size_t len = make_query(&asked, packet, sizeof packet);
    return test_send(&s.t, packet, len, CHANNEL_UDP, ret_len);
}

static void what_steering_makes_alike_is_one_record(void **state)
{
    (void)state;
    size_t len;
    char *got = ask((struct asked){.name = "_sip._udp.alike.sip.test.", .type = TYPE_SRV}, &len);
    assert_int_equal(count(got, " IN SRV "), 3);
    assert_int_equal(count(got, " 5060 load-balancer-of-london-0.") + count(got, " 5060 Load-Balancer-of-London-0."), 1);
    assert_int_equal(count(got, " 5061 load-balancer-of-london-0.") + count(got, " 5061 LOAD-balancer-of-london-0."), 1);
    assert_int_equal(count(got, " 5060 load-balancer-of-london-1."), 1);
    free(got);
}

static void their_signatures_verify(void **state)
{
    (void)state;
    static uint8_t out[MESSAGE_MAX];
    uint8_t packet[512];
    struct addr peer;
    struct answered answered;
    addr_parse("127.0.0.1", &peer);
    const struct asker asker = {.peer = &peer, .channel = CHANNEL_TCP};
    const struct asked asked = {.name = "_sip._udp.alike.sip.test.", .type = TYPE_SRV, .dnssec_ok = true};
    const size_t len = answer_query(s.t.snapshot, packet, make_query(&asked, packet, sizeof packet), &asker, out, sizeof out, &answered);
    ldns_pkt *got = NULL;
    assert_int_equal(ldns_wire2pkt(&got, out, len), LDNS_STATUS_OK);
    assert_true(signed_verifies(&s, ldns_pkt_answer(got), LDNS_RR_TYPE_SRV, SIGNED_NOW_S));
    ldns_pkt_free(got);
}

static void what_is_beyond_the_budget_is_left_out_and_truncates_nothing(void **state)
{
    (void)state;
    size_t most = 0, least = SIZE_MAX;
    for (unsigned i = 0; i < NAMES; i++) {
        char name[128];
        size_t len, larger;
        snprintf(name, sizeof name, "_sip._udp.%s.sip.test.", service(i));
        char *small = ask((struct asked){.name = name, .type = TYPE_SRV}, &len);
        char *large = ask((struct asked){.name = name, .type = TYPE_SRV, .edns = true, .size = 1232}, &larger);
        const size_t records = count(small, " IN SRV ");
        if (len > WITHOUT_EDNS || strstr(small, " tc") || records == 0 || records != count(large, " IN SRV "))
            fail_msg("%zu octets:\n%s\nwith EDNS:\n%s", len, small, large);
        most = records > most ? records : most;
        least = records < least ? records : least;
        free(small);
        free(large);
    }
    assert_int_equal(most, TARGETS); /* the names are short enough for all, and long enough to leave some out */
    assert_true(least < TARGETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steering_makes_alike_is_one_record),
        cmocka_unit_test(their_signatures_verify),
        cmocka_unit_test(what_is_beyond_the_budget_is_left_out_and_truncates_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
