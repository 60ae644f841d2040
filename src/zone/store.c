#include "zone/store.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define NO_RECORD UINT32_MAX

void store_init(struct store *store, const struct name *apex)
{
    *store = (struct store){.memory = mem_new(1, sizeof(struct zone_memory)), .apex = *apex};
    arena_init(&store->memory->arena);
}

void store_release(struct store *store)
{
    struct zone_memory *memory = store->memory;
    if (memory) {
        arena_release(&memory->arena);
        free(memory->rdatas);
        free(memory->nodes);
        free(memory->index.slots);
        free(memory);
    }
    free(store->records);
    free(store->chains);
    free(store->record_of);
}

/* The number of the node of this name, which is made when it is new. */
static uint32_t node_number(struct store *store, const uint8_t *name, size_t len)
{
    struct zone_memory *memory = store->memory;
    uint32_t number = index_find(&memory->index, memory->nodes, name, len);
    if (number != INDEX_NONE)
        return number;
    number = (uint32_t)store->node_count++;
    memory->nodes = mem_grow(memory->nodes, &store->node_room, store->node_count, sizeof *memory->nodes);
    store->chains = mem_grow(store->chains, &store->chain_room, store->node_count, sizeof *store->chains);
    memory->nodes[number] = (struct zone_node){.name = arena_copy(&memory->arena, name, len), .name_len = (uint8_t)len};
    store->chains[number] = (struct chain){.first = NO_RECORD, .last = NO_RECORD};
    index_put(&memory->index, memory->nodes, number);
    return number;
}

bool store_add(struct store *store, const struct name *owner, const struct record *record)
{
    if (store->record_count >= RECORDS_MAX)
        return false;
    const uint32_t node = node_number(store, owner->octets, owner->len);
    struct chain *chain = &store->chains[node]; /* node_number() may have moved them */
    const uint32_t number = (uint32_t)store->record_count++;
    store->records = mem_grow(store->records, &store->record_room, store->record_count, sizeof *store->records);
    store->records[number] = *record;
    store->records[number].next = NO_RECORD;
    store->records[number].rdata = arena_copy(&store->memory->arena, record->rdata, record->len);
    if (chain->first == NO_RECORD)
        chain->first = number;
    else
        store->records[chain->last].next = number;
    chain->last = number;
    return true;
}

/* Every name between a node and the apex is a node, if only an empty one (RFC 4592 2.2.2). */
static void add_empty_nodes(struct store *store)
{
    const size_t given = store->node_count;
    node_number(store, store->apex.octets, store->apex.len);
    for (size_t i = 0; i < given; i++) {
        const uint8_t *name = store->memory->nodes[i].name;
        size_t len = store->memory->nodes[i].name_len;
        while (len > store->apex.len) {
            const size_t before = store->node_count;
            len -= *name + 1u;
            name += *name + 1u;
            node_number(store, name, len);
            if (store->node_count == before)
                break; /* it was there, and its own way up is or will be walked */
        }
    }
}

/* By type, then by content, then as in the file: repetitions become neighbours. */
static int by_content(const void *left, const void *right, void *records)
{
    const uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
    const struct record *a = (struct record *)records + l, *b = (struct record *)records + r;
    if (a->type != b->type)
        return (int)a->type - (int)b->type;
    if (a->len != b->len)
        return (int)a->len - (int)b->len;
    const int order = memcmp(a->rdata, b->rdata, a->len);
    return order ? order : (l > r) - (l < r);
}

static int by_type(const void *left, const void *right, void *records)
{
    const uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
    const struct record *a = (struct record *)records + l, *b = (struct record *)records + r;
    return a->type != b->type ? (int)a->type - (int)b->type : (l > r) - (l < r);
}

/* RFC 2181 5: a set has no two equal records. */
static void mark_repeated(struct record *records, uint32_t *numbers, size_t count)
{
    qsort_r(numbers, count, sizeof *numbers, by_content, records);
    for (size_t i = 1; i < count; i++) {
        const struct record *before = &records[numbers[i - 1]];
        struct record *record = &records[numbers[i]];
        record->repeated =
            record->type == before->type && record->len == before->len && memcmp(record->rdata, before->rdata, record->len) == 0;
    }
}

/* What struct rrset is made from. */
struct making {
    struct store *store;
    struct complaints *complaints;
    uint32_t *numbers; /* records of the node at hand, by type, then as in the file */
    size_t room;
    size_t rdatas; /* made so far */
};

/* One message must hold the whole set: 12 octets of header, the question, and for each record a pointer to the name and ten octets. */
static void check_size(const struct making *m, const struct zone_node *node, const struct rrset *set, struct place place)
{
    char name[NAME_TEXT], type[16];
    size_t size = 12u + node->name_len + 4u;
    for (unsigned i = 0; i < set->count; i++)
        size += 12u + set->rdatas[i].len;
    if (size > 65535)
        complain(m->complaints, place, "%s %s: a record set of %zu octets does not fit in a message of 65535",
                 name_format(node->name, name), zone_type_text(set->type, type), size);
}

/* The set of the records numbers[0..count), all of one type. */
static struct rrset make_set(struct making *m, const struct zone_node *node, const uint32_t *numbers, size_t count)
{
    const struct record *records = m->store->records, *first = &records[numbers[0]];
    struct rdata *rdatas = m->store->memory->rdatas + m->rdatas;
    struct rrset set = {.type = first->type, .ttl_s = first->ttl_s, .rdatas = rdatas};
    const struct record *differs = NULL;
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &records[numbers[i]];
        if (record->ttl_s != first->ttl_s && differs == NULL)
            differs = record;
        if (record->ttl_s < set.ttl_s)
            set.ttl_s = record->ttl_s;
        if (record->repeated)
            continue;
        m->store->record_of[m->rdatas++] = numbers[i];
        rdatas[made++] = (struct rdata){.octets = record->rdata, .len = record->len};
    }
    /* A set of more records than 16 bits count is too large in octets, too: told in any case. */
    set.count = made > UINT16_MAX ? UINT16_MAX : (uint16_t)made;
    if (differs) {
        char name[NAME_TEXT], type[16];
        complain_mildly(m->complaints, differs->place, "%s %s: differing TTLs in one record set (RFC 2181 5.2), the smallest counts: %u",
                        name_format(node->name, name), zone_type_text(set.type, type), set.ttl_s);
    }
    check_size(m, node, &set, first->place);
    return set;
}

static size_t same_type(const struct record *records, const uint32_t *numbers, size_t count)
{
    size_t same = 1;
    while (same < count && records[numbers[same]].type == records[numbers[0]].type)
        same++;
    return same;
}

static void make_sets(struct making *m, struct zone_node *node, struct chain chain)
{
    struct record *records = m->store->records;
    size_t count = 0, sets = 0;
    for (uint32_t at = chain.first; at != NO_RECORD; at = records[at].next) {
        m->numbers = mem_grow(m->numbers, &m->room, count + 1, sizeof *m->numbers);
        m->numbers[count++] = at;
    }
    if (count > 1) {
        mark_repeated(records, m->numbers, count);
        qsort_r(m->numbers, count, sizeof *m->numbers, by_type, records);
    }
    for (size_t i = 0; i < count; i += same_type(records, m->numbers + i, count - i))
        sets++;
    struct rrset *rrsets = arena_new(&m->store->memory->arena, sets * sizeof *rrsets);
    node->rrsets = rrsets;
    node->rrset_count = (uint16_t)sets; /* types are 16 bits and meta types are none */
    for (size_t i = 0, same; i < count; i += same) {
        same = same_type(records, m->numbers + i, count - i);
        *rrsets++ = make_set(m, node, m->numbers + i, same);
    }
}

static int by_name(const void *left, const void *right)
{
    return name_compare(((const struct zone_node *)left)->name, ((const struct zone_node *)right)->name);
}

static void sort_nodes(struct store *store)
{
    struct zone_memory *memory = store->memory;
    qsort(memory->nodes, store->node_count, sizeof *memory->nodes, by_name);
    free(memory->index.slots);
    memory->index = (struct index){0};
    for (size_t i = 0; i < store->node_count; i++)
        index_put(&memory->index, memory->nodes, (uint32_t)i);
}

void store_finish(struct store *store, struct complaints *complaints)
{
    struct making m = {.store = store, .complaints = complaints};
    add_empty_nodes(store);
    store->memory->rdatas = mem_new(store->record_count, sizeof *store->memory->rdatas);
    store->record_of = mem_new(store->record_count, sizeof *store->record_of);
    for (size_t i = 0; i < store->node_count; i++)
        make_sets(&m, &store->memory->nodes[i], store->chains[i]);
    free(m.numbers);
    /* Growing has left up to as much room again; it would be held as long as the zone. */
    struct zone_node *nodes = realloc(store->memory->nodes, store->node_count * sizeof *nodes);
    if (nodes)
        store->memory->nodes = nodes;
    sort_nodes(store);
}

struct place store_place(const struct store *store, const struct rdata *rdata)
{
    return store->records[store->record_of[rdata - store->memory->rdatas]].place;
}
