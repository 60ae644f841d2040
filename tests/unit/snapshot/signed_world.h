/* A world with its first zone signed, and ldns to verify what comes of it. For tests only. */
#pragma once

#include "dnssec/keyfile.h"
#include "dnssec/signer.h"
#include "snapshot/listing.h"
#include "snapshot/steer.h"
#include "world.h"

#include <dirent.h>
#include <ldns/ldns.h>

enum { SIGNED_NOW_S = 1800000000, SIGNED_KEY_AGE_S = 86400 };

struct signed_world {
    struct test_world t;
    const char *const *files;
    struct zone *zone;     /* the signed one; a reference of its own */
    struct signer *signer; /* the same */
    ldns_rr_list *keys;
};

static void signed_make_key(const struct test_world *t, const uint8_t *apex)
{
    struct key_plan plan = {.algorithm = algorithm_named("ECDSAP256SHA256"), .flags = 257, .ttl_s = 60};
    struct error err = {"?"};
    char *path = NULL;
    for (unsigned i = 0; i < KEY_TIMES; i++)
        plan.times[i] = i <= KEY_ACTIVATE ? SIGNED_NOW_S - SIGNED_KEY_AGE_S : KEY_NEVER;
    if (!keyfile_create(t->folder, apex, &plan, &path, &err))
        fail_msg("%s", err.text);
    free(path);
}

__attribute__((unused)) static ldns_rr_list *signed_keys(const struct zone *zone)
{
    ldns_rr_list *keys = ldns_rr_list_new();
    const struct rrset *set = zone_rrset(&zone->nodes[0], LDNS_RR_TYPE_DNSKEY);
    for (unsigned i = 0; i < set->count; i++) {
        ldns_rr *rr;
        char *text = zone_record_text(zone->apex, set->type, set->ttl_s, set->rdatas[i].octets, set->rdatas[i].len);
        assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
        ldns_rr_list_push_rr(keys, rr);
        free(text);
    }
    return keys;
}

/* Builds the state anew, from previous or from nothing, and signs. */
__attribute__((unused)) static struct snapshot *signed_build(const struct signed_world *s, const struct snapshot *previous, int64_t now_s)
{
    struct snapshot *snapshot = snapshot_build(s->t.world, s->t.place, &s->t.state, s->t.services, previous, now_s, 1);
    if (!snapshot_is_signed(snapshot))
        snapshot_sign(snapshot, now_s, 2);
    assert_true(snapshot_is_signed(snapshot));
    return snapshot;
}

/* Loads these files (as test_load() has them) twice: as they are, for their state; then with the first zone signed, without a cache, so that what
 * stays the same was copied. t.world stays NULL when that is unsound, with the reasons in report. */
static void signed_load(struct signed_world *s, const char *const *files, enum denial denial, struct report *report)
{
    struct zone *zones[8];
    test_load(&s->t, files, report);
    assert_non_null(s->t.world);
    s->files = files;
    struct config *config = world_config_ref(s->t.world);
    for (size_t i = 0; i < config->zone_count; i++)
        zones[i] = world_plain_zone(s->t.world, i);
    signed_make_key(&s->t, zones[0]->apex);
    const struct zone_config of = {.name = config->zones[0].name,
                                   .dnssec = {.denial = denial, .keys = s->t.folder, .validity_s = 14 * 86400, .refresh_s = 5 * 86400}};
    s->signer = signer_new(&of, zones[0]->apex, zones[0]->apex_len, NULL, SIGNED_NOW_S, report);
    assert_non_null(s->signer);
    struct signer *signers[8] = {s->signer};
    struct world_signing signing = {.signers = signers, .now_s = SIGNED_NOW_S, .renew_s = INT64_MAX};
    s->zone = signer_sign_zone(s->signer, zones[0], 7, SIGNED_NOW_S, &signing.renew_s, report);
    assert_non_null(s->zone);
    zone_unref(zones[0]);
    zones[0] = zone_ref(s->zone);
    place_unref(s->t.place);
    world_unref(s->t.world);
    s->t.place = NULL;
    s->t.world = world_new(config, zones, &signing, report);
}

/* Loads these files and builds; they must be sound. */
__attribute__((unused)) static void signed_setup(struct signed_world *s, const char *const *files, enum denial denial)
{
    struct report report;
    report_init(&report);
    signed_load(s, files, denial, &report);
    assert_non_null(s->t.world);
    s->t.place = place_new(s->t.world, &report);
    s->keys = signed_keys(s->zone);
    report_release(&report);
    s->t.snapshot = signed_build(s, NULL, SIGNED_NOW_S);
}

__attribute__((unused)) static void signed_release(struct signed_world *s)
{
    char path[400];
    ldns_rr_list_deep_free(s->keys);
    signer_unref(s->signer);
    zone_unref(s->zone);
    DIR *folder = opendir(s->t.folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", s->t.folder, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    test_release(&s->t, s->files);
}

/* Whether the records of this type that begin at at, count of them, and the keys' signatures behind them verify. */
__attribute__((unused)) static bool signed_verifies(const struct signed_world *s, ldns_rr_list *answer, ldns_rr_type type, int64_t now_s)
{
    ldns_rr_list *set = ldns_rr_list_new(), *rrsigs = ldns_rr_list_new(), *good = ldns_rr_list_new();
    for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
        ldns_rr *rr = ldns_rr_list_rr(answer, i);
        if (ldns_rr_get_type(rr) == type)
            ldns_rr_list_push_rr(set, rr);
        else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG && ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)) == type)
            ldns_rr_list_push_rr(rrsigs, rr);
    }
    const bool verifies = ldns_rr_list_rr_count(set) > 0 && ldns_rr_list_rr_count(rrsigs) == 1 &&
                          ldns_verify_time(set, rrsigs, s->keys, (time_t)now_s, good) == LDNS_STATUS_OK;
    ldns_rr_list_free(set);
    ldns_rr_list_free(rrsigs);
    ldns_rr_list_free(good);
    return verifies;
}
