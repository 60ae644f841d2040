#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "world.h"

static struct test_world t;

static int setup(void **state)
{
    (void)state;
    return test_setup(&t, example_files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, example_files);
    return 0;
}

static void expect(struct asked asked, const char *text)
{
    char *got = test_ask(&t, asked);
    assert_string_equal(got, text);
    free(got);
}

static void expect_octets(const void *packet, size_t len, const char *text)
{
    size_t answer_len;
    char *got = test_send(&t, packet, len, CHANNEL_UDP, &answer_len);
    assert_string_equal(got, text);
    free(got);
}

#define SOA "ns sip.test. 30 IN SOA ns1.sip.test. hostmaster.sip.test. 7 3600 600 86400 30\n"

static void the_soa_is_answered_with_authority(void **state)
{
    (void)state;
    expect((struct asked){.name = "sip.test.", .type = TYPE_SOA},
           "NOERROR aa rd\nan sip.test. 60 IN SOA ns1.sip.test. hostmaster.sip.test. 7 3600 600 86400 30\n");
}

static void the_name_servers_come_with_their_addresses(void **state)
{
    (void)state;
    expect((struct asked){.name = "sip.test.", .type = TYPE_NS},
           "NOERROR aa rd\nan sip.test. 60 IN NS ns1.sip.test.\nan sip.test. 60 IN NS ns.other.\n"
           "ar ns1.sip.test. 60 IN A 10.0.0.1\nar ns1.sip.test. 60 IN AAAA fd00::1\n");
}

static void the_question_keeps_its_case_and_the_answer_points_at_it(void **state)
{
    (void)state;
    expect((struct asked){.name = "WeB.siP.TEST.", .type = TYPE_A}, "NOERROR aa rd\nan WeB.siP.TEST. 60 IN A 10.9.0.1\n");
}

static void a_missing_name_is_nxdomain_with_the_soa_at_its_minimum(void **state)
{
    (void)state;
    expect((struct asked){.name = "no.sip.test.", .type = TYPE_A}, "NXDOMAIN aa rd\n" SOA);
    expect((struct asked){.name = "deep.below.no.sip.test.", .type = TYPE_A}, "NXDOMAIN aa rd\n" SOA);
    expect((struct asked){.name = "below.web.sip.test.", .type = TYPE_A}, "NXDOMAIN aa rd\n" SOA);
}

static void a_missing_type_is_nodata(void **state)
{
    (void)state;
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_AAAA}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "_gone._udp.sip.test.", .type = TYPE_A}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "stat.sip.test.", .type = TYPE_AAAA}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_RRSIG}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "web.sip.test.", .type = 65535}, "NOERROR aa rd\n" SOA);
}

static void an_empty_non_terminal_exists(void **state)
{
    (void)state;
    expect((struct asked){.name = "ent.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "b.ent.sip.test.", .type = TYPE_TXT}, "NXDOMAIN aa rd\n" SOA);
}

static void a_wildcard_answers_as_the_asked_name(void **state)
{
    (void)state;
    expect((struct asked){.name = "x.wild.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan x.wild.sip.test. 60 IN TXT \"any\"\n");
    expect((struct asked){.name = "x.y.z.wild.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan x.y.z.wild.sip.test. 60 IN TXT \"any\"\n");
    expect((struct asked){.name = "long-label-in-front.wild.sip.test.", .type = TYPE_MX},
           "NOERROR aa rd\nan long-label-in-front.wild.sip.test. 60 IN MX 5 mail.wild.sip.test.\n");
    expect((struct asked){.name = "x.wild.sip.test.", .type = TYPE_A}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "*.wild.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan *.wild.sip.test. 60 IN TXT \"any\"\n");
}

static void an_existing_name_and_an_empty_non_terminal_stop_a_wildcard(void **state)
{
    (void)state;
    expect((struct asked){.name = "here.b.wild.sip.test.", .type = TYPE_MX}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "b.wild.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "other.b.wild.sip.test.", .type = TYPE_TXT}, "NXDOMAIN aa rd\n" SOA);
}

static void a_cname_is_followed_inside_the_zone(void **state)
{
    (void)state;
    expect((struct asked){.name = "www.sip.test.", .type = TYPE_A},
           "NOERROR aa rd\nan www.sip.test. 60 IN CNAME web.sip.test.\nan web.sip.test. 60 IN A 10.9.0.1\n");
    expect((struct asked){.name = "www.sip.test.", .type = TYPE_CNAME}, "NOERROR aa rd\nan www.sip.test. 60 IN CNAME web.sip.test.\n");
    expect((struct asked){.name = "www.sip.test.", .type = TYPE_AAAA}, "NOERROR aa rd\nan www.sip.test. 60 IN CNAME web.sip.test.\n" SOA);
    expect((struct asked){.name = "q.cw.sip.test.", .type = TYPE_A},
           "NOERROR aa rd\nan q.cw.sip.test. 60 IN CNAME web.sip.test.\nan web.sip.test. 60 IN A 10.9.0.1\n");
}

static void a_cname_to_nowhere_outside_or_itself_ends(void **state)
{
    (void)state;
    expect((struct asked){.name = "to-missing.sip.test.", .type = TYPE_A},
           "NXDOMAIN aa rd\nan to-missing.sip.test. 60 IN CNAME nowhere.missing.sip.test.\n" SOA);
    expect((struct asked){.name = "to-outside.sip.test.", .type = TYPE_A},
           "NOERROR aa rd\nan to-outside.sip.test. 60 IN CNAME www.example.\n");
    char *got = test_ask(&t, (struct asked){.name = "loop1.sip.test.", .type = TYPE_A});
    assert_non_null(strstr(got, "NOERROR aa rd\nan loop1.sip.test. 60 IN CNAME loop2.sip.test.\n"));
    free(got);
}

static void a_cname_to_a_service_is_steered(void **state)
{
    (void)state;
    expect((struct asked){.name = "to-service.sip.test.", .type = TYPE_AAAA, .ecs = "192.0.2.0/24"},
           "NOERROR aa rd\nan to-service.sip.test. 60 IN CNAME sip.test.\nan sip.test. 30 IN AAAA fd00:1::1\nan sip.test. 30 IN AAAA "
           "fd00:2::2\n"
           "opt size=1232 version=0 ecs=1/24/6\n");
    expect((struct asked){.name = "wide-label.sw.sip.test.", .type = TYPE_AAAA, .ecs = "198.51.100.0/24"},
           "NOERROR aa rd\nan wide-label.sw.sip.test. 60 IN CNAME sip.test.\nan sip.test. 30 IN AAAA fd00:2::2\nan sip.test. 30 IN AAAA "
           "fd00:1::1\n"
           "opt size=1232 version=0 ecs=1/24/24\n");
}

static void a_delegation_is_a_referral_with_glue_and_no_authority(void **state)
{
    static const char referral[] = "NOERROR rd\nns deleg.sip.test. 60 IN NS ns.deleg.sip.test.\nns deleg.sip.test. 60 IN NS ns.other.\n"
                                   "ar ns.deleg.sip.test. 60 IN A 10.3.0.1\n";
    (void)state;
    expect((struct asked){.name = "deleg.sip.test.", .type = TYPE_NS}, referral);
    expect((struct asked){.name = "deleg.sip.test.", .type = TYPE_ANY}, referral);
    expect((struct asked){.name = "a.b.deleg.sip.test.", .type = TYPE_A}, referral);
    expect((struct asked){.name = "ns.deleg.sip.test.", .type = TYPE_A}, referral);
    expect((struct asked){.name = "to-child.sip.test.", .type = TYPE_A},
           "NOERROR aa rd\nan to-child.sip.test. 60 IN CNAME x.deleg.sip.test.\nns deleg.sip.test. 60 IN NS ns.deleg.sip.test.\n"
           "ns deleg.sip.test. 60 IN NS ns.other.\nar ns.deleg.sip.test. 60 IN A 10.3.0.1\n");
}

static void the_ds_at_a_cut_is_the_parents(void **state)
{
    (void)state;
    expect((struct asked){.name = "deleg.sip.test.", .type = TYPE_DS},
           "NOERROR aa rd\nan deleg.sip.test. 60 IN DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
    expect((struct asked){.name = "child.sip.test.", .type = TYPE_DS},
           "NOERROR aa rd\nan child.sip.test. 60 IN DS 2 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
}

static void a_child_zone_here_answers_for_itself(void **state)
{
    (void)state;
    expect((struct asked){.name = "x.child.sip.test.", .type = TYPE_TXT}, "NOERROR aa rd\nan x.child.sip.test. 60 IN TXT \"child\"\n");
    expect((struct asked){.name = "y.child.sip.test.", .type = TYPE_TXT},
           "NXDOMAIN aa rd\nns child.sip.test. 30 IN SOA ns.child.sip.test. hostmaster.child.sip.test. 8 3600 600 86400 30\n");
}

static void unknown_types_escapes_and_any_are_served(void **state)
{
    (void)state;
    expect((struct asked){.name = "unknown.sip.test.", .type = 65280},
           "NOERROR aa rd\nan unknown.sip.test. 60 IN TYPE65280 \\# 3 010203\n");
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_ANY}, "NOERROR aa rd\nan web.sip.test. 3600 IN HINFO \"RFC8482\" \"\"\n");
    expect((struct asked){.name = "no.sip.test.", .type = TYPE_ANY}, "NXDOMAIN aa rd\n" SOA);
    expect((struct asked){.name = "mail.sip.test.", .type = TYPE_MX},
           "NOERROR aa rd\nan mail.sip.test. 60 IN MX 10 web.sip.test.\nar web.sip.test. 60 IN A 10.9.0.1\n");
}

static void names_of_no_zone_and_transfers_are_refused(void **state)
{
    (void)state;
    expect((struct asked){.name = "example.", .type = TYPE_A}, "REFUSED rd\n");
    expect((struct asked){.name = "test.", .type = TYPE_A}, "REFUSED rd\n");
    expect((struct asked){.name = ".", .type = TYPE_NS}, "REFUSED rd\n");
    expect((struct asked){.name = "xsip.test.", .type = TYPE_A}, "REFUSED rd\n");
    expect((struct asked){.name = "sip.test.", .type = TYPE_AXFR}, "REFUSED rd\n");
}

#define NEAR_LONDON "an _sip._udp.sip.test. 30 IN SRV 10 1 5060 lb"

static void srv_is_ranked_nearest_first_with_glue(void **state)
{
    (void)state;
    char *got = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"});
    assert_non_null(strstr(got, "NOERROR aa rd\n" NEAR_LONDON));
    const char *a = strstr(got, " SRV 10 1 5060 lb"), *b = strstr(got, " SRV 20 1 5060 lb"), *c = strstr(got, " SRV 30 1 5060 lb");
    assert_true(a && b && c && strstr(got, " SRV 40 1 5060 lb"));
    assert_non_null(strstr(a, ".lon.sip.test.\n"));
    assert_ptr_equal(strstr(a, ".lon.sip.test.\n"), a + strlen(" SRV 10 1 5060 lb1"));
    assert_ptr_equal(strstr(b, ".lon.sip.test.\n"), b + strlen(" SRV 10 1 5060 lb1"));
    assert_ptr_equal(strstr(c, ".tyo.sip.test.\n"), c + strlen(" SRV 10 1 5060 lb1"));
    assert_non_null(strstr(got, "ar lb1.lon.sip.test. 60 IN A 10.1.0.1\nar lb1.lon.sip.test. 60 IN AAAA fd00:1::1\n"));
    assert_non_null(strstr(got, "ar lb2.tyo.sip.test. 60 IN A 10.2.0.2\nar lb2.tyo.sip.test. 60 IN AAAA fd00:2::2\n"));
    assert_non_null(strstr(got, "ecs=1/24/24"));
    free(got);
}

/* The endpoint named at a priority, or first in an address answer, as "lb1.lon". */
static void winner_of(const char *text, const char *before, char out[8])
{
    const char *at = strstr(text, before);
    assert_non_null(at);
    snprintf(out, 8, "%s", at + strlen(before));
}

static void naptr_srv_and_addresses_agree_on_the_winner(void **state)
{
    static const char *const clients[] = {"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/48", "203.0.113.0/24", "10.77.0.0/24"};
    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        char srv[8], want[64];
        char *s = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = clients[i]});
        winner_of(s, " SRV 10 1 5060 ", srv);
        char *a = test_ask(&t, (struct asked){.name = "sip.test.", .type = TYPE_A, .ecs = clients[i]});
        snprintf(want, sizeof want, "NOERROR aa rd\nan sip.test. 30 IN A 10.%d.0.%c\n", strstr(srv, "lon") ? 1 : 2, srv[2]);
        assert_non_null(strstr(a, want));
        char *n = test_ask(&t, (struct asked){.name = "sip.test.", .type = TYPE_NAPTR, .ecs = clients[i]});
        assert_non_null(strstr(n, "\"SIP+D2U\" \"\" _sip._udp.sip.test.\n"));
        free(s);
        free(a);
        free(n);
    }
}

static void a_transport_that_fails_at_the_winners_site_leaves_the_naptr(void **state)
{
    (void)state;
    for (int e = 0; e < 2; e++) {
        t.health[e].of[0][TRANSPORT_TCP] = (struct facet){.verdict = VERDICT_DOWN, .probed = true};
        t.health[e].of[0][TRANSPORT_UDP] = (struct facet){.verdict = VERDICT_UP, .probed = true};
    }
    test_rebuild(&t);
    expect(
        (struct asked){.name = "sip.test.", .type = TYPE_NAPTR, .ecs = "192.0.2.0/24"},
        "NOERROR aa rd\nan sip.test. 30 IN NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp.sip.test.\nopt size=1232 version=0 ecs=1/24/6\n");
    expect((struct asked){.name = "_sip._tcp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"},
           "NOERROR aa rd\nan _sip._tcp.sip.test. 30 IN SRV 10 1 5060 lb1.tyo.sip.test.\nar lb1.tyo.sip.test. 60 IN A 10.2.0.1\n"
           "opt size=1232 version=0 ecs=1/24/0\n");
}

static void scope_is_what_is_certain_and_zero_stays_zero(void **state)
{
    (void)state;
    /* one address a site and family: no draw, so the place alone decides, and 192.0.2.0/24 differs from its neighbours */
    expect((struct asked){.name = "stat.sip.test.", .type = TYPE_A, .ecs = "192.0.2.7/32"},
           "NOERROR aa rd\nan stat.sip.test. 20 IN A 10.1.0.1\nan stat.sip.test. 20 IN A 10.2.0.1\nopt size=1232 version=0 ecs=1/32/6\n");
}

static void an_ecs_of_length_zero_is_echoed_with_scope_zero(void **state)
{
    (void)state;
    char *got = test_ask(&t, (struct asked){.name = "sip.test.", .type = TYPE_A, .ecs = "0.0.0.0/0"});
    assert_non_null(strstr(got, "ecs=1/0/0"));
    free(got);
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_A, .ecs = "192.0.2.0/24"},
           "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\nopt size=1232 version=0 ecs=1/24/0\n");
    expect((struct asked){.name = "no.sip.test.", .type = TYPE_A, .ecs = "2001:db8::/32"},
           "NXDOMAIN aa rd\n" SOA "opt size=1232 version=0 ecs=2/32/0\n");
}

static void doubt_and_a_drained_service_shorten_the_ttl(void **state)
{
    (void)state;
    t.health[0].doubt = t.health[1].doubt = true;
    test_rebuild(&t);
    char *got = test_ask(&t, (struct asked){.name = "sip.test.", .type = TYPE_A, .ecs = "192.0.2.0/24"});
    assert_non_null(strstr(got, "an sip.test. 5 IN A 10.1."));
    free(got);
    got = test_ask(&t, (struct asked){.name = "_sip._tcp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"});
    assert_non_null(strstr(got, " 5 IN SRV"));
    free(got);
    t.services[1] = SERVICE_DRAINED;
    test_rebuild(&t);
    got = test_ask(&t, (struct asked){.name = "stat.sip.test.", .type = TYPE_A});
    assert_non_null(strstr(got, " 5 IN A"));
    free(got);
}

static void a_disabled_service_is_nodata_and_the_rest_goes_on(void **state)
{
    (void)state;
    t.services[0] = SERVICE_DISABLED;
    test_rebuild(&t);
    expect((struct asked){.name = "sip.test.", .type = TYPE_A}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "sip.test.", .type = TYPE_NAPTR}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV}, "NOERROR aa rd\n" SOA);
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_A}, "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\n");
}

static void all_down_is_as_the_service_says(void **state)
{
    (void)state;
    for (int e = 0; e < 4; e++)
        t.health[e].overall = VERDICT_DOWN;
    test_rebuild(&t);
    char *got = test_ask(&t, (struct asked){.name = "sip.test.", .type = TYPE_A, .ecs = "192.0.2.0/24"});
    assert_non_null(strstr(got, "NOERROR aa rd\nan sip.test. 30 IN A 10.1."));
    free(got);
    expect((struct asked){.name = "stat.sip.test.", .type = TYPE_A},
           "NOERROR aa rd\nan stat.sip.test. 20 IN A 10.1.0.1\nan stat.sip.test. 20 IN A 10.2.0.1\n");
    expect((struct asked){.name = "none.sip.test.", .type = TYPE_A}, "NOERROR aa rd\n" SOA);
}

static void weighted_srv_gives_one_priority_to_a_tier(void **state)
{
    (void)state;
    char *got = test_ask(&t, (struct asked){.name = "_sip._udp.none.sip.test.", .type = TYPE_SRV});
    assert_non_null(strstr(got, "SRV 10 100 5070 lb1.lon.sip.test.\n"));
    assert_non_null(strstr(got, "SRV 10 100 5070 lb2.lon.sip.test.\n"));
    free(got);
}

static void edns_is_answered_with_edns_and_only_then(void **state)
{
    (void)state;
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_A, .edns = true},
           "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\nopt size=1232 version=0\n");
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_A, .dnssec_ok = true},
           "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\nopt size=1232 version=0 do\n");
    expect((struct asked){.name = "web.sip.test.", .type = TYPE_A, .nsid = true},
           "NOERROR aa rd\nan web.sip.test. 60 IN A 10.9.0.1\nopt size=1232 version=0 option3=ns1.test\n");
    expect((struct asked){.name = "example.", .type = TYPE_A, .edns = true}, "REFUSED rd\nopt size=1232 version=0 ede=20\n");
    expect((struct asked){.name = "example.", .type = TYPE_A}, "REFUSED rd\n");
}

/* A query for web.sip.test. A, to be bent. */
static size_t plain(uint8_t out[512], bool edns)
{
    return make_query(&(struct asked){.name = "web.sip.test.", .type = TYPE_A, .edns = edns}, out, 512);
}

static void another_edns_version_is_badvers(void **state)
{
    uint8_t q[512];
    const size_t len = plain(q, true);
    (void)state;
    q[len - 5] = 1;
    expect_octets(q, len, "RCODE16 rd\nopt size=1232 version=0\n");
}

static void responses_and_stumps_are_never_answered(void **state)
{
    uint8_t q[512];
    const size_t len = plain(q, false);
    (void)state;
    q[2] |= 0x80;
    expect_octets(q, len, "silence\n");
    q[2] &= 0x7f;
    for (size_t cut = 0; cut < HEADER_LEN; cut++)
        expect_octets(q, cut, "silence\n");
    for (size_t cut = HEADER_LEN; cut < len; cut++)
        expect_octets(q, cut, "FORMERR rd noquestion\n");
}

static void other_opcodes_are_not_implemented_with_the_question_or_without(void **state)
{
    uint8_t q[512];
    const size_t len = plain(q, false);
    (void)state;
    for (unsigned opcode = 1; opcode < 16; opcode++) {
        q[2] = (uint8_t)(opcode << 3);
        expect_octets(q, len, "NOTIMP\n");
    }
    memset(q + 4, 0, 2);
    expect_octets(q, HEADER_LEN, "NOTIMP noquestion\n");
}

static void what_is_malformed_is_formerr(void **state)
{
    uint8_t q[512];
    size_t len = plain(q, false);
    (void)state;
    q[5] = 2;
    expect_octets(q, len, "FORMERR rd noquestion\n");
    q[5] = 0;
    expect_octets(q, HEADER_LEN, "FORMERR rd noquestion\n");
    q[5] = 1;
    q[len] = 0; /* an octet too many */
    expect_octets(q, len + 1, "FORMERR rd\n");
    q[7] = 1; /* an answer record that is not there */
    expect_octets(q, len, "FORMERR rd\n");
    q[7] = 0;
    q[12] = 0xc0; /* a pointer in the question */
    q[13] = 0x0c;
    expect_octets(q, len, "FORMERR rd noquestion\n");
    q[12] = 0x41; /* label type 01 */
    expect_octets(q, len, "FORMERR rd noquestion\n");
    len = plain(q, true);
    memcpy(q + len, q + len - 11, 11); /* a second OPT */
    q[11] = 2;
    expect_octets(q, len + 11, "FORMERR rd\nopt size=1232 version=0\n");
    q[11] = 1;
    q[len - 1] = 4; /* an option length past the end */
    expect_octets(q, len, "FORMERR rd\nopt size=1232 version=0\n");
}

static void malformed_client_subnets_are_formerr(void **state)
{
    static const uint8_t bad[][12] = {
        {0, 8, 0, 7, 0, 1, 24, 1, 192, 0, 2}, /* scope in a query */
        {0, 8, 0, 7, 0, 1, 23, 0, 192, 0, 3}, /* bits beyond the length */
        {0, 8, 0, 7, 0, 3, 24, 0, 192, 0, 2}, /* a family that is none */
        {0, 8, 0, 7, 0, 1, 33, 0, 192, 0, 2}, /* longer than an address */
        {0, 8, 0, 7, 0, 1, 16, 0, 192, 0, 0}, /* an octet too many */
        {0, 8, 0, 7, 0, 1, 32, 0, 192, 0, 2}, /* an octet too few */
        {0, 8, 0, 7, 0, 0, 24, 0, 192, 0, 2}, /* an address without a family */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t q[512];
        const size_t len = plain(q, true);
        q[len - 1] = 11;
        memcpy(q + len, bad[i], 11);
        expect_octets(q, len + 11, "FORMERR rd\nopt size=1232 version=0\n");
    }
}

static void only_an_answer_that_does_not_fit_is_truncated(void **state)
{
    (void)state;
    uint8_t q[512];
    size_t answer_len;
    const struct asked asked = {.name = "_sip._udp.sip.test.", .type = TYPE_SRV};
    const size_t len = make_query(&asked, q, sizeof q);
    char *got = test_send(&t, q, len, CHANNEL_UDP, &answer_len);
    assert_true(answer_len <= UDP_DEFAULT);
    assert_null(strstr(got, " tc"));
    assert_non_null(strstr(got, "SRV 40 "));
    free(got);
}

/* In class CH, which the maker of queries does not know. */
static void the_servers_name_is_told_in_class_chaos(void **state)
{
    uint8_t q[512];
    size_t answer_len;
    (void)state;
    const size_t len = make_query(&(struct asked){.name = "id.server.", .type = TYPE_TXT}, q, sizeof q);
    q[len - 1] = CLASS_CH;
    static uint8_t out[UDP_CAP];
    struct addr peer;
    struct answered answered;
    addr_parse("127.0.0.1", &peer);
    answer_len = answer_query(t.snapshot, q, len, &(struct asker){.peer = &peer}, out, sizeof out, &answered);
    assert_int_equal(answer_len, len + 12 + 9);
    assert_memory_equal(out + len, "\300\14\0\20\0\3\0\0\0\0\0\11\10ns1.test", 21);
    q[len - 3] = TYPE_A;
    expect_octets(q, len, "REFUSED rd\n");
    const size_t other = make_query(&(struct asked){.name = "version.server.", .type = TYPE_TXT}, q, sizeof q);
    q[other - 1] = CLASS_CH;
    answer_len = answer_query(t.snapshot, q, other, &(struct asker){.peer = &peer}, out, sizeof out, &answered);
    assert_memory_equal(out + other, "\300\14\0\20\0\3\0\0\0\0\0\11\10sipsteer", 21);
    const size_t none = make_query(&(struct asked){.name = "authors.bind.", .type = TYPE_TXT}, q, sizeof q);
    q[none - 1] = CLASS_CH;
    expect_octets(q, none, "REFUSED rd\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(the_soa_is_answered_with_authority),
        CASE(the_name_servers_come_with_their_addresses),
        CASE(the_question_keeps_its_case_and_the_answer_points_at_it),
        CASE(a_missing_name_is_nxdomain_with_the_soa_at_its_minimum),
        CASE(a_missing_type_is_nodata),
        CASE(an_empty_non_terminal_exists),
        CASE(a_wildcard_answers_as_the_asked_name),
        CASE(an_existing_name_and_an_empty_non_terminal_stop_a_wildcard),
        CASE(a_cname_is_followed_inside_the_zone),
        CASE(a_cname_to_nowhere_outside_or_itself_ends),
        CASE(a_cname_to_a_service_is_steered),
        CASE(a_delegation_is_a_referral_with_glue_and_no_authority),
        CASE(the_ds_at_a_cut_is_the_parents),
        CASE(a_child_zone_here_answers_for_itself),
        CASE(unknown_types_escapes_and_any_are_served),
        CASE(names_of_no_zone_and_transfers_are_refused),
        CASE(srv_is_ranked_nearest_first_with_glue),
        CASE(naptr_srv_and_addresses_agree_on_the_winner),
        CASE(a_transport_that_fails_at_the_winners_site_leaves_the_naptr),
        CASE(scope_is_what_is_certain_and_zero_stays_zero),
        CASE(an_ecs_of_length_zero_is_echoed_with_scope_zero),
        CASE(doubt_and_a_drained_service_shorten_the_ttl),
        CASE(a_disabled_service_is_nodata_and_the_rest_goes_on),
        CASE(all_down_is_as_the_service_says),
        CASE(weighted_srv_gives_one_priority_to_a_tier),
        CASE(edns_is_answered_with_edns_and_only_then),
        CASE(another_edns_version_is_badvers),
        CASE(responses_and_stumps_are_never_answered),
        CASE(other_opcodes_are_not_implemented_with_the_question_or_without),
        CASE(what_is_malformed_is_formerr),
        CASE(malformed_client_subnets_are_formerr),
        CASE(only_an_answer_that_does_not_fit_is_truncated),
        CASE(the_servers_name_is_told_in_class_chaos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
