/* Signatures of what is steered: every selection has one that verifies, and none is made that the snapshot before has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "signed_world.h"

static struct signed_world s;

static int setup(void **state)
{
    signed_setup(&s, example_files, *(const enum denial *)*state);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signed_release(&s);
    return 0;
}

/* One selection with its signatures, as the query path would put it into an answer. */
static ldns_pkt *answer_of(const struct snapshot *snapshot, const struct steered *set, uint32_t number)
{
    static uint8_t message[MESSAGE_MAX];
    const struct plan *plan = snapshot->plans[set->spec];
    const struct sheet *sheet = snapshot->sheets[set->sheet];
    struct writer w = writer_over(message, sizeof message);
    memset(write_span(&w, HEADER_LEN), 0, HEADER_LEN);
    put_u16(message + 4, 1);
    write_bytes(&w, snapshot->world->names[set->name].octets, set->owner_len);
    write_u16(&w, set->type);
    write_u16(&w, CLASS_IN);
    struct listing list = {.w = &w, .set = set, .owner = OWNER_IS_QUESTION, .ttl_s = set->ttl_s, .limit = sizeof message};
    list_selection(&list, plan, &plan->selections[number]);
    write_bytes(&w, sheet->octets + (size_t)number * sheet->stride, sheet->stride);
    put_u16(message + 6, (uint16_t)(list.count + sheet->keys));
    ldns_pkt *packet = NULL;
    assert_int_equal(ldns_wire2pkt(&packet, message, writer_len(&w)), LDNS_STATUS_OK);
    return packet;
}

static size_t verify_all(const struct snapshot *snapshot, int64_t now_s)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->world->steered_count; i++) {
        const struct steered *set = &snapshot->world->steered[i];
        const struct plan *plan = snapshot->plans[set->spec];
        for (uint32_t k = 0; set->is_signed && k < plan->selection_count; k++) {
            if (plan->selections[k].kind == SELECTION_EMPTY)
                continue;
            ldns_pkt *packet = answer_of(snapshot, set, k);
            if (!signed_verifies(&s, ldns_pkt_answer(packet), set->type, now_s))
                fail_msg("set %zu, selection %u does not verify", i, k);
            ldns_pkt_free(packet);
            count++;
        }
    }
    return count;
}

static void every_selection_of_a_random_state_verifies(void **state)
{
    (void)state;
    uint64_t random = 5;
    assert_true(verify_all(s.t.snapshot, SIGNED_NOW_S) > 10);
    for (unsigned turn = 0; turn < 40; turn++) {
        for (size_t e = 0; e < 4; e++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            s.t.health[e].overall = (enum verdict)(random >> 60 & 3);
        }
        struct snapshot *next = signed_build(&s, s.t.snapshot, SIGNED_NOW_S);
        verify_all(next, SIGNED_NOW_S);
        snapshot_free(s.t.snapshot);
        s.t.snapshot = next;
    }
}

static void a_sheet_is_shared_while_its_plan_stays(void **state)
{
    (void)state;
    struct snapshot *next = snapshot_build(s.t.world, s.t.place, &s.t.state, s.t.services, s.t.snapshot, SIGNED_NOW_S, 2);
    assert_true(snapshot_is_signed(next));
    for (size_t i = 0; i < s.t.world->sheet_count; i++)
        assert_ptr_equal(next->sheets[i], s.t.snapshot->sheets[i]);
    snapshot_free(next);
}

static bool same_choices(const struct plan *a, const struct selection *x, const struct plan *b, const struct selection *y)
{
    return x->kind == y->kind && x->transports == y->transports && x->count == y->count &&
           (x->count == 0 || memcmp(a->choices + x->first, b->choices + y->first, x->count * sizeof *a->choices) == 0);
}

/* How many selections of both have the same octets of signatures; those of equal content must. */
static size_t copied(const struct snapshot *before, const struct snapshot *after, size_t *ret_new)
{
    size_t same = 0;
    for (size_t i = 0; i < before->world->steered_count; i++) {
        const struct steered *set = &before->world->steered[i];
        if (!set->is_signed)
            continue;
        const struct plan *a = before->plans[set->spec], *b = after->plans[set->spec];
        const struct sheet *x = before->sheets[set->sheet], *y = after->sheets[set->sheet];
        for (uint32_t k = 0; k < b->selection_count; k++) {
            uint32_t j = 0;
            while (j < a->selection_count && !same_choices(a, &a->selections[j], b, &b->selections[k]))
                j++;
            (*ret_new) += j == a->selection_count;
            if (j == a->selection_count)
                continue;
            assert_memory_equal(x->octets + (size_t)j * x->stride, y->octets + (size_t)k * y->stride, x->stride);
            same++;
        }
    }
    return same;
}

/* ECDSA signs the same differently each time, and there is no cache here: equal octets are copies. */
static void what_the_snapshot_before_has_is_copied(void **state)
{
    (void)state;
    size_t new = 0;
    s.t.health[0].overall = VERDICT_DOWN;
    struct snapshot *next = signed_build(&s, s.t.snapshot, SIGNED_NOW_S);
    assert_true(copied(s.t.snapshot, next, &new) > 0);
    assert_true(new > 0);
    verify_all(next, SIGNED_NOW_S);
    snapshot_free(next);
}

static void what_is_due_is_signed_anew(void **state)
{
    (void)state;
    int64_t later_s = 0;
    for (size_t i = 0; i < s.t.world->sheet_count; i++)
        if (s.t.snapshot->sheets[i]->renew_s > later_s)
            later_s = s.t.snapshot->sheets[i]->renew_s;
    assert_in_range(later_s, SIGNED_NOW_S + 1, SIGNED_NOW_S + 9 * 86400);
    struct snapshot *next = signed_build(&s, s.t.snapshot, later_s);
    for (size_t i = 0; i < s.t.world->sheet_count; i++)
        assert_true(next->sheets[i]->renew_s > later_s);
    verify_all(next, later_s + 5 * 86400); /* refresh before the end */
    snapshot_free(next);
}

static void while_it_is_signed_the_older_choices_are_held(void **state)
{
    (void)state;
    s.t.health[0].overall = s.t.health[1].overall = VERDICT_DOWN;
    s.t.services[1] = SERVICE_DISABLED;
    struct snapshot *next = snapshot_build(s.t.world, s.t.place, &s.t.state, s.t.services, s.t.snapshot, SIGNED_NOW_S, 2);
    assert_false(snapshot_is_signed(next));
    struct snapshot *held = snapshot_hold_signed(next, s.t.snapshot);
    assert_non_null(held);
    assert_true(snapshot_is_signed(held));
    assert_int_equal(held->services[1], SERVICE_DISABLED);
    assert_int_equal(verify_all(held, SIGNED_NOW_S), verify_all(s.t.snapshot, SIGNED_NOW_S));
    for (size_t i = 0; i < s.t.world->spec_count; i++)
        assert_ptr_equal(held->plans[i], (s.t.world->specs[i].by_winner ? s.t.snapshot : next)->plans[i]);
    assert_null(snapshot_hold_signed(next, NULL));
    snapshot_sign(next, SIGNED_NOW_S, 1);
    verify_all(next, SIGNED_NOW_S);
    snapshot_free(held);
    snapshot_free(next);
}

/* What clients get: the same records, wherever they stand, and signatures that verify there. Behind the long names the answer begins where the
 * others' has ended. */
static void an_alias_leads_to_the_records_that_are_signed(void **state)
{
    (void)state;
    static const char *const names[] = {"sip.test.", "to-service.sip.test.",
                                        LONG_LABEL "." LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".sl.sip.test."};
    static uint8_t out[MESSAGE_MAX];
    for (unsigned client = 0; client < 64; client++) {
        char ecs[32];
        size_t counts[3];
        snprintf(ecs, sizeof ecs, "%s.%u.0/24", client % 2 ? "192.0" : "198.51", client);
        for (unsigned i = 0; i < 3; i++) {
            uint8_t packet[512];
            struct addr peer;
            struct answered answered;
            addr_parse("127.0.0.1", &peer);
            const struct asker asker = {.peer = &peer, .channel = CHANNEL_TCP};
            const struct asked asked = {.name = names[i], .type = TYPE_A, .ecs = ecs, .dnssec_ok = true};
            const size_t len =
                answer_query(s.t.snapshot, packet, make_query(&asked, packet, sizeof packet), &asker, out, sizeof out, &answered);
            ldns_pkt *got = NULL;
            assert_int_equal(ldns_wire2pkt(&got, out, len), LDNS_STATUS_OK);
            assert_true(signed_verifies(&s, ldns_pkt_answer(got), LDNS_RR_TYPE_A, SIGNED_NOW_S));
            ldns_rr_list *addresses = ldns_pkt_rr_list_by_type(got, LDNS_RR_TYPE_A, LDNS_SECTION_ANSWER);
            counts[i] = ldns_rr_list_rr_count(addresses);
            ldns_rr_list_deep_free(addresses);
            ldns_pkt_free(got);
        }
        assert_int_equal(counts[0], counts[1]);
        assert_int_equal(counts[0], counts[2]);
    }
}

static enum denial nsec = DENIAL_NSEC, nsec3 = DENIAL_NSEC3;

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(every_selection_of_a_random_state_verifies, setup, teardown, &nsec),
        cmocka_unit_test_prestate_setup_teardown(a_sheet_is_shared_while_its_plan_stays, setup, teardown, &nsec),
        cmocka_unit_test_prestate_setup_teardown(what_the_snapshot_before_has_is_copied, setup, teardown, &nsec),
        cmocka_unit_test_prestate_setup_teardown(what_is_due_is_signed_anew, setup, teardown, &nsec3),
        cmocka_unit_test_prestate_setup_teardown(while_it_is_signed_the_older_choices_are_held, setup, teardown, &nsec),
        cmocka_unit_test_prestate_setup_teardown(an_alias_leads_to_the_records_that_are_signed, setup, teardown, &nsec3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
