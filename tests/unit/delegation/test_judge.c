/* A survey as it should be has no fault; each thing that can be wrong has its own. The survey is made by hand: no server is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "delegation/delegation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_S = 1790000000 };

static void put(struct ns_set *set, const char *name, bool inside, const char *addr)
{
    uint8_t wire[NAME_OCTETS];
    struct addr parsed;
    struct ns *ns = ns_put(set, wire, name_from_text(name, wire));
    ns->inside = inside;
    if (addr && addr_parse(addr, &parsed))
        ns_put_addr(ns, &parsed);
}

static void put_all(struct ns_set *set)
{
    put(set, "ns1.sip.test.", true, "192.0.2.1");
    put(set, "ns2.sip.test.", true, "198.51.100.1");
}

static struct station at(const char *name, const char *addr)
{
    struct station station = {.at.port = 53};
    name_from_text(name, station.name);
    addr_parse(addr, &station.at.addr);
    return station;
}

static const struct heard well = {.outcome = OUTCOME_ANSWERED, .authoritative = true, .edns = true};

static int set_up(void **state)
{
    struct survey *survey = mem_new(1, sizeof *survey);
    survey->zone_len = (uint8_t)name_from_text("sip.test.", survey->zone);
    survey->file_serial = 7;
    put_all(&survey->wanted.ns);
    put_all(&survey->named);
    survey->parents = mem_new(1, sizeof *survey->parents);
    survey->parent_count = 1;
    survey->parents[0] = (struct parent_view){.station = at("ns.test.", "203.0.113.1"), .ns = well, .ds = well};
    put_all(&survey->parents[0].says.ns);
    survey->servers = mem_new(2, sizeof *survey->servers);
    survey->server_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        struct server_view *server = &survey->servers[i];
        server->station = i ? at("ns2.sip.test.", "198.51.100.1") : at("ns1.sip.test.", "192.0.2.1");
        server->soa = server->soa_plain = server->soa_tcp = server->ns = server->keys = well;
        server->soa_plain.edns = false;
        server->has_soa = true;
        server->serial = 7;
        put_all(&server->says);
    }
    *state = survey;
    return 0;
}

static int tear_down(void **state)
{
    survey_release(*state);
    free(*state);
    return 0;
}

/* The codes of all faults, "glue-missing lame", the grave in capitals' stead with a "!" behind. */
static const char *codes(struct survey *survey)
{
    static char text[512];
    struct faults faults;
    size_t len = 0;
    text[0] = 0;
    survey_judge(survey, NOW_S, &faults);
    for (size_t i = 0; i < faults.count; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%s%s", i ? " " : "", faults.items[i].code, faults.items[i].grave ? "!" : "");
    faults_release(&faults);
    return text;
}

static void a_sound_delegation_has_no_fault(void **state)
{
    assert_string_equal(codes(*state), "");
}

static void one_fault_at_many_servers_is_one(void **state)
{
    struct survey *survey = *state;
    struct faults faults;
    for (unsigned i = 0; i < 2; i++)
        survey->servers[i].soa_tcp.outcome = OUTCOME_SILENT;
    survey_judge(survey, NOW_S, &faults);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].code, "no-tcp");
    assert_string_equal(faults.items[0].at, "ns1.sip.test. (192.0.2.1), ns2.sip.test. (198.51.100.1)");
    faults_release(&faults);
}

static void the_grave_come_first(void **state)
{
    struct survey *survey = *state;
    survey->parents[0].says.ns.count = 1;                     /* ns-missing: a warning */
    survey->servers[1].soa_tcp.outcome = OUTCOME_UNREACHABLE; /* no-tcp */
    assert_string_equal(codes(survey), "no-tcp! ns-missing");
}

static void a_parent_that_says_nothing_is_told_apart(void **state)
{
    struct survey *survey = *state;
    struct parent_view *parent = survey->parents;
    parent->says.ns.count = 0;
    assert_string_equal(codes(survey), "not-delegated!");
    parent->ns.rcode = RCODE_NXDOMAIN;
    assert_string_equal(codes(survey), "not-delegated!");
    parent->ns.rcode = RCODE_REFUSED;
    assert_string_equal(codes(survey), "parent-lame!");
    parent->ns.outcome = OUTCOME_SILENT;
    assert_string_equal(codes(survey), "parent-silent!");
}

static void glue_is_held_against_the_file(void **state)
{
    struct survey *survey = *state;
    struct ns *ns1 = &survey->parents[0].says.ns.items[0];
    ns1->addr_count = 0;
    assert_string_equal(codes(survey), "glue-missing!");
    put(&survey->parents[0].says.ns, "ns1.sip.test.", true, "192.0.2.99");
    assert_string_equal(codes(survey), "glue-stale! glue-incomplete");
    survey->wanted.ns.items[0].inside = false; /* no glue is due */
    assert_string_equal(codes(survey), "");
}

static void servers_are_judged_by_what_they_say(void **state)
{
    struct survey *survey = *state;
    struct server_view *server = &survey->servers[1], sound = *server;
    server->soa.authoritative = false;
    assert_string_equal(codes(survey), "lame!");
    *server = sound;
    server->soa.rcode = server->soa_plain.rcode = server->soa_tcp.rcode = RCODE_REFUSED;
    assert_string_equal(codes(survey), "lame!");
    *server = sound;
    server->soa.edns = false;
    assert_string_equal(codes(survey), "no-edns!");
    *server = sound;
    server->soa.passed_over = 3;
    assert_string_equal(codes(survey), "strange-replies!");
    *server = sound;
    server->serial = 8;
    assert_string_equal(codes(survey), "serials-differ! serials-differ!");
    *server = sound;
    server->says.count = 1;
    assert_string_equal(codes(survey), "ns-differ!");
    *server = sound;
    survey->file_serial = 9;
    assert_string_equal(codes(survey), "serial-of-file");
}

static void what_one_failure_would_take_away_is_told(void **state)
{
    struct survey *survey = *state;
    survey->servers[1].station = at("ns2.sip.test.", "192.0.2.200");
    assert_string_equal(codes(survey), "one-network");
    survey->servers[1].station = at("ns2.sip.test.", "192.0.2.1");
    assert_string_equal(codes(survey), "one-address");
    survey->servers[1].station = at("ns2.sip.test.", "2001:db8::1");
    assert_string_equal(codes(survey), "");
}

static void names_without_addresses_and_aliases_are_told(void **state)
{
    struct survey *survey = *state;
    put(&survey->named, "ns3.other.test.", false, NULL);
    assert_string_equal(codes(survey), "no-address!");
    survey->named.items[2].alias = true;
    assert_string_equal(codes(survey), "ns-alias! no-address!");
}

/* Signatures around the turn of the 32-bit seconds count as serial numbers do. */
static void signature_times_are_serial_numbers(void **state)
{
    struct survey *survey = *state;
    static const int64_t nows[] = {NOW_S, 0xfffffff0, 0x100000010};
    for (unsigned i = 0; i < 3; i++) {
        const uint32_t now = (uint32_t)nows[i];
        for (unsigned s = 0; s < 2; s++) {
            struct server_view *server = &survey->servers[s];
            server->dnskey_count = 1;
            server->rrsig_count = 2;
            server->rrsigs[0] = (struct rrsig_seen){TYPE_SOA, 1, now - 3600, now + 3600, 13};
            server->rrsigs[1] = (struct rrsig_seen){TYPE_DNSKEY, 1, now - 3600, now + 3600, 13};
        }
        struct faults faults;
        survey_judge(survey, nows[i], &faults);
        assert_int_equal(faults.count, 0);
        survey->servers[0].rrsigs[0].expiration = now - 1;
        survey->servers[1].rrsigs[1].inception = now + 100;
        survey_judge(survey, nows[i], &faults);
        assert_int_equal(faults.count, 2);
        assert_string_equal(faults.items[0].code, "signature-expired");
        assert_string_equal(faults.items[1].code, "signature-early");
        faults_release(&faults);
    }
}

/* A zone with one key, 257 3 13 and zeros but for the last octet, which signs all; and its DS. */
static void sign(struct survey *survey)
{
    for (unsigned s = 0; s < 2; s++) {
        struct server_view *server = &survey->servers[s];
        struct dnskey_seen *key = server->dnskeys;
        *key = (struct dnskey_seen){.flags = 257, .len = 68, .octets = {1, 1, 3, 13, [67] = 9}};
        server->dnskey_count = 1;
        const uint16_t tag = key_tag(key->octets, key->len);
        server->rrsigs[0] = (struct rrsig_seen){TYPE_SOA, tag, NOW_S - 3600, NOW_S + 3600, 13};
        server->rrsigs[1] = (struct rrsig_seen){TYPE_DNSKEY, tag, NOW_S - 3600, NOW_S + 3600, 13};
        server->rrsig_count = 2;
    }
    const struct dnskey_seen *key = survey->servers[0].dnskeys;
    struct ds_set *set = &survey->parents[0].says.ds;
    set->items[0].len = (uint8_t)ds_of_dnskey(survey->zone, survey->zone_len, key->octets, key->len, DIGEST_SHA256, set->items[0].octets);
    set->count = 1;
}

static void nothing_is_said_of_ds_records_while_no_keys_are_heard(void **state)
{
    struct survey *survey = *state;
    sign(survey);
    for (unsigned s = 0; s < 2; s++) {
        survey->servers[s].dnskey_count = survey->servers[s].rrsig_count = 0;
        survey->servers[s].keys.outcome = OUTCOME_SILENT;
    }
    assert_string_equal(codes(survey), "");
    survey->servers[1].keys.outcome = OUTCOME_ANSWERED;
    assert_string_equal(codes(survey), "bogus! ds-without-key");
}

static void a_ds_of_a_key_that_the_configuration_holds_is_not_to_be_removed(void **state)
{
    struct survey *survey = *state;
    sign(survey);
    struct ds_set *set = &survey->parents[0].says.ds;
    set->items[1] = set->items[0];
    set->items[1].octets[0] ^= 1; /* another tag */
    set->count = 2;
    assert_string_equal(codes(survey), "ds-without-key");
    survey->wanted.ds = *set;
    assert_string_equal(codes(survey), "");
    set->items[1].octets[9] ^= 1;
    assert_string_equal(codes(survey), "ds-without-key");
}

static void ds_records_by_unknown_digests_are_no_forgery(void **state)
{
    struct survey *survey = *state;
    sign(survey);
    survey->parents[0].says.ds.items[0].octets[3] = 99;
    assert_string_equal(codes(survey), "ds-unknown-digest");
}

static void a_ds_holds_only_where_its_key_signs_the_keys(void **state)
{
    struct survey *survey = *state;
    sign(survey);
    assert_string_equal(codes(survey), "");
    struct server_view *server = &survey->servers[1], sound = *server;
    server->rrsigs[1].tag ^= 1;
    assert_string_equal(codes(survey), "bogus!");
    *server = sound;
    server->rrsigs[1].algorithm = 15;
    assert_string_equal(codes(survey), "bogus!");
    *server = sound;
    server->dnskeys[0].octets[67] ^= 1; /* has a key, but another */
    assert_string_equal(codes(survey), "bogus!");
    *server = sound;
    server->rrsigs[2] = server->rrsigs[1]; /* another key's holds, this one's has expired */
    server->rrsigs[2].tag ^= 1;
    server->rrsig_count = 3;
    server->rrsigs[1].expiration = NOW_S - 1;
    assert_string_equal(codes(survey), "bogus!");
    server->rrsig_count = 2; /* none holds: that is said once */
    assert_string_equal(codes(survey), "signature-expired!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_delegation_has_no_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_fault_at_many_servers_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_grave_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_parent_that_says_nothing_is_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(glue_is_held_against_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(servers_are_judged_by_what_they_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_failure_would_take_away_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_without_addresses_and_aliases_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signature_times_are_serial_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_said_of_ds_records_while_no_keys_are_heard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ds_of_a_key_that_the_configuration_holds_is_not_to_be_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ds_records_by_unknown_digests_are_no_forgery, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ds_holds_only_where_its_key_signs_the_keys, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
