/* Rollovers under virtual time. At every step the signer itself says what is published and signs, and whatever caches may still hold of before
 * must validate with whatever they may have fetched since: DS, DNSKEY and data each as old as their TTL and the propagation allow. */
#include "fixture.h"

#include "base/memory.h"
#include "dnssec/internal.h"
#include "dnssec/rollover.h"

enum { STEP_S = 1800, STEPS = 480 /* ten days */ };

static struct delays delays = {
    .dnskey_ttl_s = 7200, .longest_ttl_s = 14400, .propagation_s = 3600, .ds_ttl_s = 21600, .parent_propagation_s = 3600};

/* Keys are bits, in the order in which they are met. */
struct moment {
    unsigned ds, dnskey, dnskey_signed, data_signed;
};

struct run {
    struct signing_fixture f;
    struct keys keys;
    uint16_t tags[16];
    unsigned algorithms[16], tag_count;
    unsigned ds; /* at the parent */
    struct moment moments[STEPS];
    unsigned step;
};

static int64_t now_of(const struct run *run)
{
    return NOW_S + (int64_t)run->step * STEP_S;
}

static unsigned bit_of(struct run *run, const struct key *key)
{
    for (unsigned i = 0; i < run->tag_count; i++)
        if (run->tags[i] == key->tag)
            return 1u << i;
    run->tags[run->tag_count] = key->tag;
    run->algorithms[run->tag_count] = key->algorithm->number;
    return 1u << run->tag_count++;
}

static unsigned bits_of(struct run *run, const struct signing_keys *signing)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < signing->count; i++)
        bits |= bit_of(run, signing->items[i].key);
    return bits;
}

static struct moment look(struct run *run)
{
    struct moment moment = {.ds = run->ds};
    signing_signer(&run->f, NULL, now_of(run));
    const struct signer *signer = run->f.signer;
    moment.dnskey_signed = bits_of(run, &signer->for_keys);
    moment.data_signed = bits_of(run, &signer->for_data);
    for (size_t i = 0; i < signer->keys.count; i++)
        if (key_published(&signer->keys.items[i], now_of(run)))
            moment.dnskey |= bit_of(run, &signer->keys.items[i]);
    return moment;
}

/* Every algorithm among these keys has a key among those. */
static bool covers(const struct run *run, unsigned these, unsigned those)
{
    for (unsigned i = 0; i < run->tag_count; i++) {
        bool found = !(these & 1u << i);
        for (unsigned j = 0; j < run->tag_count; j++)
            found |= (those & 1u << j) && run->algorithms[i] == run->algorithms[j];
        if (!found)
            return false;
    }
    return true;
}

/* As the strictest validator sees it: a DS leads to a key that signs the key set; a published key signs the data; and each algorithm of the DS is
 * in the key set and each of the key set signs the data (RFC 4035 2.2). */
static bool validates(const struct run *run, unsigned ds, const struct moment *keys, const struct moment *data)
{
    return (ds == 0 || (ds & keys->dnskey & keys->dnskey_signed)) && (keys->dnskey & data->data_signed) &&
           covers(run, ds, keys->dnskey & keys->dnskey_signed) && covers(run, keys->dnskey, data->data_signed);
}

static unsigned steps_of(uint32_t ttl_s, uint32_t propagation_s)
{
    return (ttl_s + propagation_s) / STEP_S;
}

static void caches_are_content(const struct run *run)
{
    const unsigned ds_age = steps_of(delays.ds_ttl_s, delays.parent_propagation_s);
    const unsigned key_age = steps_of(delays.dnskey_ttl_s, delays.propagation_s),
                   data_age = steps_of(delays.longest_ttl_s, delays.propagation_s);
    for (unsigned d = 0; d < ds_age && d <= run->step; d++)
        for (unsigned k = 0; k < key_age && k <= run->step; k++)
            for (unsigned s = 0; s < data_age && s <= run->step; s++)
                if (!validates(run, run->moments[run->step - d].ds, &run->moments[run->step - k], &run->moments[run->step - s]))
                    fail_msg("step %u: DS of step %u, keys of step %u, data of step %u do not validate", run->step, run->step - d,
                             run->step - k, run->step - s);
}

static void advance(struct run *run, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        run->step++;
        assert_true(run->step < STEPS);
        run->moments[run->step] = look(run);
        caches_are_content(run);
    }
}

static void reread(struct run *run)
{
    keys_release(&run->keys);
    assert_true(keys_read(&run->keys, run->f.folder, WIRE_APEX, WIRE_APEX_LEN, &run->f.report));
}

static struct run *run_new(void)
{
    struct run *run = mem_new(1, sizeof *run);
    run->f = signing_new();
    return run;
}

static void run_end(struct run *run)
{
    assert_int_equal(run->f.report.errors, 0);
    keys_release(&run->keys);
    signing_remove(&run->f);
    free(run);
}

static void first_key(struct run *run, const char *algorithm, uint16_t flags)
{
    struct key_plan plan = {.algorithm = algorithm_named(algorithm), .flags = flags, .ttl_s = 3600};
    struct error err;
    char *path;
    rollover_first_times(flags, NOW_S, &delays, plan.times);
    assert_true(keyfile_create(run->f.folder, WIRE_APEX, &plan, &path, &err));
    free(path);
    reread(run);
}

static void apply(struct run *run, const struct rollover *rollover)
{
    struct error err = {"?"};
    char *path;
    for (unsigned i = 0; i < rollover->made_count; i++) {
        assert_true(keyfile_create(run->f.folder, WIRE_APEX, &rollover->made[i], &path, &err));
        free(path);
    }
    for (size_t i = 0; i < run->keys.count; i++)
        if (rollover->changed[i])
            assert_true(keyfile_set_times(run->keys.paths[i], rollover->times[i], &err));
    reread(run);
}

static void start(struct run *run, enum key_role role, const char *algorithm)
{
    static struct rollover rollover;
    struct error err = {"?"};
    if (!rollover_start(&run->keys, role, algorithm ? algorithm_named(algorithm) : NULL, now_of(run), &delays, &rollover, &err))
        fail_msg("%s", err.text);
    apply(run, &rollover);
}

static unsigned synced(struct run *run)
{
    unsigned bits = 0;
    for (size_t i = 0; i < run->keys.count; i++)
        if (key_synced(&run->keys.items[i], now_of(run)))
            bits |= bit_of(run, &run->keys.items[i]);
    return bits;
}

/* The parent does what CDS says, and all its servers have it when the operator looks. */
static void parent_follows(struct run *run)
{
    run->ds = synced(run);
    assert_int_not_equal(run->ds, 0);
}

static void confirm(struct run *run)
{
    static struct rollover rollover;
    struct error err = {"?"};
    if (!rollover_ds_seen(&run->keys, now_of(run), &delays, &rollover, &err))
        fail_msg("%s", err.text);
    apply(run, &rollover);
}

/* The zone has been signed for a day, and its DS is at the parent. */
static void settle(struct run *run)
{
    run->moments[0] = look(run);
    while (synced(run) == 0)
        advance(run, 1);
    parent_follows(run);
    advance(run, 80); /* no cache has anything of before */
}

static unsigned living(struct run *run)
{
    unsigned count = 0;
    for (size_t i = 0; i < run->keys.count; i++)
        count += key_state_of(&run->keys.items[i], now_of(run)) != STATE_REMOVED;
    return count;
}

static void a_zsk_rolls_by_itself(void **state)
{
    (void)state;
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    first_key(run, "ED25519", 256);
    settle(run);
    for (unsigned round = 0; round < 2; round++) {
        const unsigned before = run->moments[run->step].data_signed;
        start(run, ROLE_ZSK, NULL);
        advance(run, 48);
        assert_int_equal(run->moments[run->step].data_signed & before, 0);
        assert_int_equal(living(run), 2);
    }
    run_end(run);
}

static void a_sep_key_rolls_with_the_parent(enum key_role role)
{
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    if (role == ROLE_KSK)
        first_key(run, "ED25519", 256);
    settle(run);
    const unsigned before = run->ds;
    start(run, role, NULL);
    advance(run, 1);
    assert_int_equal(synced(run), before); /* the new key is not in every cache */
    advance(run, 23);
    assert_int_equal(synced(run) & before, 0);
    advance(run, 100); /* an operator who takes his time */
    parent_follows(run);
    advance(run, steps_of(0, delays.parent_propagation_s) + 1);
    confirm(run);
    advance(run, 48);
    assert_int_equal(living(run), role == ROLE_KSK ? 2 : 1);
    assert_int_equal(run->moments[run->step].dnskey_signed & before, 0);
    run_end(run);
}

static void a_ksk_rolls_with_the_parent(void **state)
{
    (void)state;
    a_sep_key_rolls_with_the_parent(ROLE_KSK);
}

static void a_csk_rolls_with_the_parent(void **state)
{
    (void)state;
    a_sep_key_rolls_with_the_parent(ROLE_CSK);
}

/* The parent is as fast as can be, and the operator confirms at once. */
static void rolls_as_fast_as_caches_let_it(const char *algorithm)
{
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    settle(run);
    start(run, ROLE_CSK, algorithm);
    while (synced(run) == run->ds || synced(run) == 0)
        advance(run, 1);
    parent_follows(run);
    confirm(run);
    advance(run, 100);
    assert_int_equal(living(run), 1);
    run_end(run);
}

static void a_csk_rolls_as_fast_as_the_caches_let_it(void **state)
{
    (void)state;
    const struct delays usual = delays;
    rolls_as_fast_as_caches_let_it(NULL);
    delays.longest_ttl_s = 60 * STEP_S;
    rolls_as_fast_as_caches_let_it(NULL);
    delays = usual;
}

static void an_algorithm_changes_as_fast_as_the_caches_let_it(void **state)
{
    (void)state;
    rolls_as_fast_as_caches_let_it("ECDSAP256SHA256");
}

static void an_algorithm_changes(bool two_keys)
{
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    if (two_keys)
        first_key(run, "ED25519", 256);
    settle(run);
    start(run, ROLE_CSK, "ECDSAP256SHA256");
    advance(run, 48);
    parent_follows(run);
    advance(run, steps_of(0, delays.parent_propagation_s) + 1);
    confirm(run);
    advance(run, 60);
    assert_int_equal(living(run), two_keys ? 2 : 1);
    for (size_t i = 0; i < run->keys.count; i++)
        if (key_state_of(&run->keys.items[i], now_of(run)) != STATE_REMOVED)
            assert_int_equal(run->keys.items[i].algorithm->number, ALGORITHM_ECDSAP256SHA256);
    run_end(run);
}

static void the_algorithm_of_a_csk_changes(void **state)
{
    (void)state;
    an_algorithm_changes(false);
}

static void the_algorithm_of_ksk_and_zsk_changes(void **state)
{
    (void)state;
    an_algorithm_changes(true);
}

/* The check of this file finds what a hasty operator does. */
static void a_key_removed_too_early_would_be_noticed(void **state)
{
    (void)state;
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    settle(run);
    struct moment after = run->moments[run->step];
    after.dnskey = after.dnskey_signed = after.data_signed = 1u << 8;
    assert_true(validates(run, run->ds, &run->moments[run->step], &run->moments[run->step]));
    assert_false(validates(run, run->ds, &after, &after));
    assert_false(validates(run, run->ds, &run->moments[run->step], &after));
    run_end(run);
}

/* --- refusals */

static void refused(const struct run *run, enum key_role role, const char *why)
{
    static struct rollover rollover;
    struct error err = {""};
    assert_false(rollover_start(&run->keys, role, NULL, now_of(run), &delays, &rollover, &err));
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\", got \"%s\"", why, err.text);
}

static void what_cannot_be_rolled_is_refused(void **state)
{
    (void)state;
    static struct rollover rollover;
    struct error err = {""};
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    refused(run, ROLE_ZSK, "there is no ZSK to replace");
    refused(run, ROLE_KSK, "is a CSK, which signs everything");
    assert_false(rollover_ds_seen(&run->keys, now_of(run), &delays, &rollover, &err));
    assert_string_equal(err.text, "no rollover waits for a DS");
    start(run, ROLE_CSK, NULL);
    refused(run, ROLE_CSK, "a rollover is under way");
    assert_false(rollover_ds_seen(&run->keys, now_of(run), &delays, &rollover, &err));
    assert_non_null(strstr(err.text, "too early: until 20270115"));
    run_end(run);
}

static void a_zsk_turns_a_csk_into_a_ksk(void **state)
{
    (void)state;
    struct run *run = run_new();
    first_key(run, "ED25519", 257);
    assert_int_equal(key_role_of(&run->keys, 0, NOW_S), ROLE_CSK);
    first_key(run, "ED25519", 256);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(key_role_of(&run->keys, i, NOW_S), run->keys.items[i].flags == 257 ? ROLE_KSK : ROLE_ZSK);
    refused(run, ROLE_CSK, "is a KSK, beside a ZSK");
    first_key(run, "ED25519", 256);
    refused(run, ROLE_ZSK, "are both current");
    run_end(run);
}

static void a_key_that_ends_without_successor_is_a_gap(void **state)
{
    (void)state;
    struct run *run = run_new();
    struct error err;
    first_key(run, "ED25519", 257);
    assert_true(rollover_gap_s(&run->keys, NOW_S) == KEY_NEVER);
    assert_true(rollover_gap_s(&run->keys, NOW_S - 1) == NOW_S - 1);
    int64_t times[KEY_TIMES];
    memcpy(times, run->keys.items[0].times, sizeof times);
    times[KEY_INACTIVE] = NOW_S + 100;
    assert_true(keyfile_set_times(run->keys.paths[0], times, &err));
    reread(run);
    assert_true(rollover_gap_s(&run->keys, NOW_S) == NOW_S + 100);
    run_end(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zsk_rolls_by_itself),
        cmocka_unit_test(a_ksk_rolls_with_the_parent),
        cmocka_unit_test(a_csk_rolls_with_the_parent),
        cmocka_unit_test(a_csk_rolls_as_fast_as_the_caches_let_it),
        cmocka_unit_test(an_algorithm_changes_as_fast_as_the_caches_let_it),
        cmocka_unit_test(the_algorithm_of_a_csk_changes),
        cmocka_unit_test(the_algorithm_of_ksk_and_zsk_changes),
        cmocka_unit_test(a_key_removed_too_early_would_be_noticed),
        cmocka_unit_test(what_cannot_be_rolled_is_refused),
        cmocka_unit_test(a_zsk_turns_a_csk_into_a_ksk),
        cmocka_unit_test(a_key_that_ends_without_successor_is_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
