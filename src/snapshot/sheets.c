/* Signing what is steered: in the background, before a snapshot is published. What the sheet before has is copied, by the content of the selection;
 * the rest is signed, or comes from the signer's cache. */
#include "snapshot/sheet.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "base/progress.h"
#include "dnssec/signer.h"
#include "snapshot/listing.h"
#include "snapshot/steer.h"

#include <pthread.h>
#include <stdlib.h>

enum { RECORD_LEN_AT = 10, RECORD_RDATA_AT = 12, RECORDS_MAX = 4096 };

struct sheet *sheet_ref(struct sheet *sheet)
{
    atomic_fetch_add_explicit(&sheet->refs, 1, memory_order_relaxed);
    return sheet;
}

void sheet_unref(struct sheet *sheet)
{
    if (sheet == NULL || atomic_fetch_sub_explicit(&sheet->refs, 1, memory_order_acq_rel) != 1)
        return;
    plan_unref(sheet->plan);
    free(sheet);
}

void sheets_lend(struct snapshot *snapshot, const struct snapshot *previous, int64_t now_s)
{
    const struct world *world = snapshot->world;
    snapshot->sheets = mem_new(world->sheet_count, sizeof(struct sheet *));
    snapshot->donors = mem_new(world->sheet_count, sizeof(struct sheet *));
    for (size_t i = 0; previous && previous->world == world && i < world->steered_count; i++) {
        const struct steered *set = &world->steered[i];
        struct sheet *before = set->is_signed ? previous->sheets[set->sheet] : NULL;
        if (before == NULL)
            continue;
        const bool same = before->plan == snapshot->plans[set->spec] && before->renew_s > now_s;
        (same ? snapshot->sheets : snapshot->donors)[set->sheet] = sheet_ref(before);
    }
}

static void release_donors(struct snapshot *snapshot)
{
    for (size_t i = 0; snapshot->donors && i < snapshot->world->sheet_count; i++)
        sheet_unref(snapshot->donors[i]);
    free(snapshot->donors);
    snapshot->donors = NULL;
}

void sheets_release(struct snapshot *snapshot)
{
    release_donors(snapshot);
    for (size_t i = 0; i < snapshot->world->sheet_count; i++)
        sheet_unref(snapshot->sheets[i]);
    free(snapshot->sheets);
}

bool snapshot_is_signed(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->world->sheet_count; i++)
        if (snapshot->sheets[i] == NULL)
            return false;
    return true;
}

int64_t snapshot_renew_s(const struct snapshot *snapshot)
{
    int64_t first = snapshot->world->renew_s;
    for (size_t i = 0; i < snapshot->world->sheet_count; i++)
        if (snapshot->sheets[i]->renew_s < first)
            first = snapshot->sheets[i]->renew_s;
    return first;
}

/* Which selections of one plan another one has, too. Many sets share a pair of plans. */
struct mapping {
    const struct plan *from, *to;
    uint32_t *of; /* by selection of to: the same in from, or NONE */
};

/* Sets numbered from `from` in steps of `step`: one thread's. */
struct signing {
    struct snapshot *snapshot;
    int64_t now_s;
    size_t from, step;
    pthread_t thread;
    struct mapping *mappings;
    size_t mapping_count, mapping_room;
    uint8_t message[MESSAGE_MAX];
    struct rdata rdatas[RECORDS_MAX];
    struct rrsig rrsigs[SIGNING_KEYS_MAX];
};

/* A plan of transports has no choices at all. */
static const struct choice *choices_of(const struct plan *plan, const struct selection *selection)
{
    static const struct choice none;
    return selection->count > 0 ? plan->choices + selection->first : &none;
}

static uint64_t selection_hash(const struct plan *plan, const struct selection *selection)
{
    return hash_bytes(choices_of(plan, selection), selection->count * sizeof *plan->choices,
                      (uint64_t)selection->kind << 8 | selection->transports);
}

static bool same_selection(const struct plan *a, const struct selection *x, const struct plan *b, const struct selection *y)
{
    return x->kind == y->kind && x->transports == y->transports && x->count == y->count &&
           memcmp(choices_of(a, x), choices_of(b, y), x->count * sizeof *a->choices) == 0;
}

static void map_plans(struct mapping *mapping)
{
    const struct plan *from = mapping->from, *to = mapping->to;
    size_t size = 16;
    while (size < 2 * (size_t)from->selection_count)
        size *= 2;
    uint32_t *table = mem_new(size, sizeof *table); /* index + 1, 0 = free */
    for (uint32_t i = 0; i < from->selection_count; i++) {
        size_t at = selection_hash(from, &from->selections[i]) & (size - 1);
        while (table[at])
            at = (at + 1) & (size - 1);
        table[at] = i + 1;
    }
    mapping->of = mem_new(to->selection_count, sizeof *mapping->of);
    for (uint32_t i = 0; i < to->selection_count; i++) {
        size_t at = selection_hash(to, &to->selections[i]) & (size - 1);
        while (table[at] && !same_selection(from, &from->selections[table[at] - 1], to, &to->selections[i]))
            at = (at + 1) & (size - 1);
        mapping->of[i] = table[at] ? table[at] - 1 : NONE;
    }
    free(table);
}

static const uint32_t *find_mapping(struct signing *signing, const struct plan *from, const struct plan *to)
{
    for (size_t i = 0; i < signing->mapping_count; i++)
        if (signing->mappings[i].from == from && signing->mappings[i].to == to)
            return signing->mappings[i].of;
    signing->mappings = mem_grow(signing->mappings, &signing->mapping_room, signing->mapping_count + 1, sizeof *signing->mappings);
    struct mapping *mapping = &signing->mappings[signing->mapping_count++];
    *mapping = (struct mapping){.from = from, .to = to};
    map_plans(mapping);
    return mapping->of;
}

/* The RRset that clients of this selection get: what the query path would write, taken apart again. */
static struct rrset selected_rrset(struct signing *signing, const struct steered *set, const struct selection *selection)
{
    const struct world *world = signing->snapshot->world;
    struct writer w = writer_over(signing->message, sizeof signing->message);
    memset(write_span(&w, HEADER_LEN), 0, HEADER_LEN);
    write_bytes(&w, world->names[set->name].octets, set->owner_len);
    write_span(&w, QUESTION_TAIL);
    struct listing list = {.w = &w, .set = set, .owner = OWNER_IS_QUESTION, .ttl_s = set->ttl_s, .limit = sizeof signing->message};
    list_selection(&list, signing->snapshot->plans[set->spec], selection);
    invariant(list.count > 0 && list.count <= RECORDS_MAX);
    const uint8_t *at = signing->message + list.start;
    for (unsigned i = 0; i < list.count; i++) {
        signing->rdatas[i] = (struct rdata){.octets = at + RECORD_RDATA_AT, .len = get_u16(at + RECORD_LEN_AT)};
        at += RECORD_RDATA_AT + signing->rdatas[i].len;
    }
    return (struct rrset){.type = set->type, .count = (uint16_t)list.count, .ttl_s = set->ttl_s, .rdatas = signing->rdatas};
}

/* Signatures of one selection into signing->rrsigs; how many. */
static unsigned sign_selection(struct signing *signing, const struct steered *set, uint32_t number, int64_t *renew_s)
{
    const struct world *world = signing->snapshot->world;
    const struct selection *selection = &signing->snapshot->plans[set->spec]->selections[number];
    const struct rrset rrset = selected_rrset(signing, set, selection);
    int64_t renew = INT64_MAX;
    const unsigned keys =
        signer_sign(world->signers[set->zone], world->names[set->name].octets, &rrset, signing->now_s, signing->rrsigs, &renew);
    if (renew < *renew_s)
        *renew_s = renew;
    return keys;
}

static void write_signatures(const struct signing *signing, unsigned keys, uint32_t ttl_s, uint8_t *to)
{
    for (unsigned i = 0; i < keys; i++) {
        const struct rrsig *rrsig = &signing->rrsigs[i];
        struct writer w = writer_over(to, RECORD_RDATA_AT + (size_t)rrsig->len);
        write_u16(&w, OWNER_IS_QUESTION);
        write_u16(&w, TYPE_RRSIG);
        write_u16(&w, CLASS_IN);
        write_u32(&w, ttl_s);
        write_u16(&w, rrsig->len);
        write_bytes(&w, rrsig->octets, rrsig->len);
        to = w.at;
    }
}

/* A selection that has records: all sheets of a plan have one, or have nothing to sign. */
static uint32_t first_with_records(const struct plan *plan)
{
    uint32_t number = 0;
    while (number < plan->selection_count && plan->selections[number].kind == SELECTION_EMPTY)
        number++;
    return number;
}

static struct sheet *new_sheet(struct signing *signing, const struct steered *set)
{
    struct plan *plan = signing->snapshot->plans[set->spec];
    const uint32_t first = first_with_records(plan);
    int64_t renew_s = INT64_MAX;
    unsigned keys = 0;
    size_t stride = 0;
    if (first < plan->selection_count)
        keys = sign_selection(signing, set, first, &renew_s);
    for (unsigned i = 0; i < keys; i++)
        stride += RECORD_RDATA_AT + (size_t)signing->rrsigs[i].len;
    struct sheet *sheet = mem_new(1, sizeof *sheet + plan->selection_count * stride);
    atomic_init(&sheet->refs, 1);
    sheet->plan = plan_ref(plan);
    sheet->stride = (uint32_t)stride;
    sheet->keys = (uint16_t)keys;
    sheet->renew_s = renew_s;
    return sheet;
}

/* The octets of the sheet before for this selection, or NULL. */
static const uint8_t *donated(const struct sheet *sheet, const struct sheet *donor, const uint32_t *same, uint32_t number)
{
    if (donor == NULL || donor->stride != sheet->stride || same[number] == NONE)
        return NULL;
    return donor->octets + (size_t)same[number] * donor->stride;
}

static struct sheet *make_sheet(struct signing *signing, const struct steered *set, const struct sheet *donor)
{
    struct sheet *sheet = new_sheet(signing, set);
    const struct plan *plan = sheet->plan;
    if (donor && donor->renew_s <= signing->now_s)
        donor = NULL; /* one of them is due, so each is looked at */
    const uint32_t *same = donor ? find_mapping(signing, donor->plan, plan) : NULL;
    for (uint32_t i = 0; i < plan->selection_count; i++) {
        uint8_t *to = sheet->octets + (size_t)i * sheet->stride;
        const uint8_t *from = donated(sheet, donor, same, i);
        if (from)
            memcpy(to, from, sheet->stride);
        else if (plan->selections[i].kind != SELECTION_EMPTY)
            write_signatures(signing, sign_selection(signing, set, i, &sheet->renew_s), set->ttl_s, to);
    }
    if (donor && donor->renew_s < sheet->renew_s)
        sheet->renew_s = donor->renew_s;
    return sheet;
}

static void *sign_share(void *context)
{
    struct signing *signing = context;
    struct snapshot *snapshot = signing->snapshot;
    for (size_t i = signing->from; i < snapshot->world->steered_count; i += signing->step) {
        const struct steered *set = &snapshot->world->steered[i];
        progress_step(i);
        if (set->is_signed && snapshot->sheets[set->sheet] == NULL)
            snapshot->sheets[set->sheet] = make_sheet(signing, set, snapshot->donors[set->sheet]);
    }
    for (size_t i = 0; i < signing->mapping_count; i++)
        free(signing->mappings[i].of);
    free(signing->mappings);
    return NULL;
}

void snapshot_sign(struct snapshot *snapshot, int64_t now_s, unsigned threads)
{
    struct signing **shares = mem_new(threads, sizeof *shares);
    progress_begin("signing answers", snapshot->world->steered_count);
    for (unsigned i = 0; i < threads; i++) {
        struct signing *share = shares[i] = mem_new(1, sizeof *share);
        share->snapshot = snapshot;
        share->now_s = now_s;
        share->from = i;
        share->step = threads;
        if (i > 0 && pthread_create(&share->thread, NULL, sign_share, share) != 0) {
            sign_share(share); /* no thread to be had: then here */
            share->step = 0;
        }
    }
    sign_share(shares[0]);
    for (unsigned i = 0; i < threads; i++) {
        if (i > 0 && shares[i]->step)
            pthread_join(shares[i]->thread, NULL);
        free(shares[i]);
    }
    free(shares);
    release_donors(snapshot);
}
