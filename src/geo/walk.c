#include "base/memory.h"
#include "base/progress.h"
#include "geo/grow.h"
#include "geo/sources.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTHS = 129, TOLD_NODES = 1 << 14 /* how far it is is told once in so many */ };

/* What is known of a record by the places where it was found. */
struct found_leaf {
    double addresses; /* that it is said of */
    uint32_t leaf;    /* or 0 */
};

/* What a leaf is of. */
struct found_key {
    uint32_t record, mask;
};

/* The walk goes down all trees at once. At each depth it stands at one cursor a source: first the nets, then the databases; and, where areas are asked
 * for, at one more in the tree of their prefixes. */
struct walk {
    struct sources *sources;
    struct orders orders;
    struct trie_grow grow;
    struct database **databases; /* those that take part */
    size_t count;                /* of sources: 1 + databases */
    size_t width;                /* of cursors: count, and one for areas */
    struct marks marks;
    struct pool marked;   /* record number, number of a mask: what leaves are of, where areas are asked for; else they are of records */
    uint32_t *cursors;    /* DEPTHS * 2 * width */
    uint32_t *ipv4_start; /* by database: where IPv4 begins in it */
    struct pool pairs;    /* two record numbers */
    uint32_t *merged;     /* by pair: the number of what they say together */
    size_t merged_room;
    struct found_leaf *leaves; /* by record number, or by number of marked */
    size_t leaf_room;
    uint64_t budget;          /* nodes left to visit */
    uint64_t whole_budget;    /* at the start: eight times the nodes that there are */
    unsigned bits;            /* of an address of this family */
    double addresses[DEPTHS]; /* of a network, by its prefix length */
    uint32_t root_v4;
    bool below_v6;
    const char *place; /* of the error */
    struct error err;
};

static bool is_done(uint32_t cursor)
{
    return cursor & CURSOR_DONE;
}

/* What record and other say together, record winning. */
static uint32_t merge(struct walk *walk, uint32_t record, uint32_t other)
{
    if (other == 0 || record == other)
        return record;
    if (record == 0)
        return other;
    const size_t known = walk->pairs.count;
    const uint32_t pair = pool_add(&walk->pairs, (const uint32_t[2]){record, other});
    if (pair == known) {
        struct record both = *(const struct record *)pool_row(&walk->sources->records, record);
        record_merge(&both, pool_row(&walk->sources->records, other));
        walk->merged = mem_grow(walk->merged, &walk->merged_room, known + 1, sizeof *walk->merged);
        walk->merged[pair] = pool_add(&walk->sources->records, &both);
    }
    return walk->merged[pair];
}

/* An operator's word that leaves nothing for the databases to say. */
static bool is_whole(const struct walk *walk, uint32_t cursor)
{
    return is_done(cursor) && cursor != CURSOR_DONE &&
           ((const struct record *)pool_row(&walk->sources->records, cursor & ~CURSOR_DONE))->whole;
}

static bool marking(const struct walk *walk)
{
    return walk->width > walk->count;
}

/* mask: number of the areas' prefixes that hold the network. */
static uint32_t leaf_of(struct walk *walk, uint32_t record, uint32_t mask, double addresses)
{
    const uint32_t key = marking(walk) ? pool_add(&walk->marked, (const uint32_t[2]){record, mask}) : record;
    const size_t had = walk->leaf_room;
    if (key >= had) {
        walk->leaves = mem_grow(walk->leaves, &walk->leaf_room, key + 1, sizeof *walk->leaves);
        memset(walk->leaves + had, 0, (walk->leaf_room - had) * sizeof *walk->leaves);
    }
    struct found_leaf *found = &walk->leaves[key];
    const struct record *said = pool_row(&walk->sources->records, record);
    if (found->leaf == 0)
        found->leaf = TRIE_LEAF | orders_add(&walk->orders, said, marking(walk) ? marks_of(&walk->marks, mask, said) : 0);
    found->addresses += addresses;
    return found->leaf;
}

/* Of a leaf's key: what is said, and the number of its mask. */
static struct found_key key_of(const struct walk *walk, uint32_t key)
{
    const uint32_t *row = marking(walk) ? pool_row(&walk->marked, key) : NULL;
    return row ? (struct found_key){row[0], row[1]} : (struct found_key){key, 0};
}

static bool anything_said(const struct walk *walk, size_t keys)
{
    for (uint32_t key = 0; key < keys; key++)
        if (walk->leaves[key].leaf && key_of(walk, key).record != 0)
            return true;
    return false;
}

/* Addresses of which nothing is said are mostly nobody's, so they count nothing: unless an area's prefix names them, or nothing is said of any; then
 * all that no area names count as IPv4 does. */
static void weigh_orders(struct walk *walk)
{
    const size_t keys = marking(walk) ? walk->marked.count : walk->leaf_room;
    const bool said = !marking(walk) || anything_said(walk, keys);
    for (uint32_t key = 0; key < keys; key++) {
        const struct found_leaf *found = &walk->leaves[key];
        const struct found_key of = key_of(walk, key);
        if (found->leaf && (of.record != 0 || of.mask != 0 || !said))
            orders_weigh(&walk->orders, found->leaf & ~TRIE_LEAF, pool_row(&walk->sources->records, of.record),
                         of.record || of.mask ? found->addresses : fmin(found->addresses, ldexp(1, 32)));
    }
}

/* The leaf for where all sources have said their word. */
static uint32_t make_leaf(struct walk *walk, const uint32_t *at, unsigned depth)
{
    uint32_t record = at[0] & ~CURSOR_DONE;
    for (size_t i = 1; i < walk->count && !is_whole(walk, at[0]); i++)
        record = merge(walk, record, at[i] & ~CURSOR_DONE);
    return leaf_of(walk, record, marking(walk) ? at[walk->count] & ~CURSOR_DONE : 0, walk->addresses[depth]);
}

static bool all_done(const struct walk *walk, const uint32_t *at)
{
    if (marking(walk) && !is_done(at[walk->count]))
        return false;
    if (is_whole(walk, at[0]))
        return true;
    for (size_t i = 0; i < walk->count; i++) {
        if (!is_done(at[i]))
            return false;
    }
    return true;
}

/* Databases let ::ffff:0:0/96, 2002::/16 and others lead to their IPv4 tree. It has been walked already, so its result is
 * shared, as long as no net has a word on it and the 32 bits are there. */
static bool is_ipv4_again(const struct walk *walk, const uint32_t *at, unsigned depth)
{
    if (!walk->below_v6 || depth > 96 || at[0] != CURSOR_DONE || (marking(walk) && at[walk->count] != CURSOR_DONE))
        return false;
    for (size_t i = 1; i < walk->count; i++) {
        if (!is_done(at[i]) && at[i] == walk->ipv4_start[i] && at[i] != 0)
            return true;
    }
    return false;
}

static bool step(struct walk *walk, const uint32_t *at, uint32_t *children)
{
    for (size_t i = 0; i < walk->count; i++) {
        uint32_t pair[2] = {at[i], at[i]};
        if (!is_done(at[i]) && i == 0) {
            memcpy(pair, walk->sources->nets.nodes[at[i]].child, sizeof pair);
        } else if (!is_done(at[i])) {
            walk->place = walk->databases[i]->path;
            if (!database_step(walk->databases[i], at[i], &walk->sources->records, pair, &walk->err))
                return false;
        }
        children[i] = pair[0];
        children[walk->width + i] = pair[1];
    }
    for (unsigned bit = 0; marking(walk) && bit < 2; bit++)
        children[bit * walk->width + walk->count] =
            is_done(at[walk->count]) ? at[walk->count] : walk->marks.nodes[at[walk->count]].child[bit];
    return true;
}

static bool build(struct walk *walk, const uint32_t *at, unsigned depth, uint32_t *ret_at);

/* The trie below these cursors. */
static inline bool build_or_end(struct walk *walk, const uint32_t *at, unsigned depth, uint32_t *ret_at)
{
    if (!all_done(walk, at))
        return build(walk, at, depth, ret_at);
    *ret_at = make_leaf(walk, at, depth);
    return true;
}

/* The same where a source has more to say. */
static bool build(struct walk *walk, const uint32_t *at, unsigned depth, uint32_t *ret_at)
{
    if (is_ipv4_again(walk, at, depth)) {
        *ret_at = walk->root_v4;
        return true;
    }
    if (depth == walk->bits)
        return error_set(&walk->err, "is damaged: the search tree is deeper than an address is long");
    if (walk->budget == 0)
        return error_set(&walk->err, "is damaged: the search tree is cyclic or shares too much");
    if (--walk->budget % TOLD_NODES == 0)
        progress_step(walk->whole_budget - walk->budget);
    uint32_t *children = walk->cursors + (size_t)depth * 2 * walk->width;
    uint32_t left, right;
    if (!step(walk, at, children) || !build_or_end(walk, children, depth + 1, &left) ||
        !build_or_end(walk, children + walk->width, depth + 1, &right))
        return false;
    *ret_at = trie_grow_join(&walk->grow, left, right);
    return true;
}

/* Puts the cursors where a walk of the family starts. */
static bool start(struct walk *walk, enum family family, uint32_t *at)
{
    walk->bits = addr_bits(family);
    walk->below_v6 = family == FAMILY_V6;
    for (int depth = 0; depth < DEPTHS; depth++)
        walk->addresses[depth] = ldexp(1, (family == FAMILY_V4 ? 32 : ADDRESS_V6) - depth);
    at[0] = family == FAMILY_V4 ? walk->sources->nets.root_v4 : walk->sources->nets.root_v6;
    for (size_t i = 1; i < walk->count; i++) {
        walk->place = walk->databases[i]->path;
        if (!database_start(walk->databases[i], family, &walk->sources->records, &at[i], &walk->err))
            return false;
        if (family == FAMILY_V4)
            walk->ipv4_start[i] = at[i];
    }
    if (marking(walk))
        at[walk->count] = family == FAMILY_V4 ? walk->marks.root_v4 : walk->marks.root_v6;
    return true;
}

static bool build_family(struct walk *walk, enum family family, uint32_t *ret_root)
{
    uint32_t *at = mem_new(walk->width, sizeof *at);
    const bool sound = start(walk, family, at) && build_or_end(walk, at, 0, ret_root);
    free(at);
    return sound;
}

static bool rules_name_asn(const struct geo_config *rules)
{
    for (size_t i = 0; i < rules->prefer_count; i++) {
        if (rules->prefer[i].kind == PREFER_ASN)
            return true;
    }
    return false;
}

static void add_database(struct walk *walk, struct database *database)
{
    walk->databases[walk->count++] = database;
    walk->budget += 8 * (uint64_t)database->mmdb.metadata.node_count;
}

/* Leaves out the databases whose records cannot matter: only ASNs, and no rule asks for one. */
static bool choose_databases(struct walk *walk, struct report *report)
{
    struct sources *sources = walk->sources;
    const bool asn_matters = rules_name_asn(&sources->config->geo);
    bool sound = true;
    for (size_t i = 0; i < sources->database_count; i++) {
        struct database *database = &sources->databases[i];
        if (!asn_matters && !database_survey(database, &walk->err)) {
            sound = report_error(report, database->path, "%s", walk->err.text);
        } else if (!database->asn_only) {
            add_database(walk, database);
        } else if (!database->useful) {
            sound = report_error(report, database->path, "no location, country or ASN in any record");
        }
    }
    return sound;
}

static bool check_useful(const struct walk *walk, struct report *report)
{
    bool sound = true;
    for (size_t i = 1; i < walk->count; i++) {
        if (!walk->databases[i]->useful)
            sound = report_error(report, walk->databases[i]->path, "no location, country or ASN in any record");
    }
    return sound;
}

static void walk_init(struct walk *walk, struct sources *sources, const struct areas *areas)
{
    const size_t most = sources->database_count + 1;
    *walk = (struct walk){.sources = sources, .count = 1, .budget = 8 * (sources->nets.node_count + 1)};
    walk->databases = mem_new(most, sizeof *walk->databases);
    walk->ipv4_start = mem_new(most, sizeof *walk->ipv4_start);
    walk->cursors = mem_new(DEPTHS * 2 * (most + 1), sizeof *walk->cursors);
    pool_init(&walk->pairs, 2 * sizeof(uint32_t));
    pool_init(&walk->marked, 2 * sizeof(uint32_t));
    marks_init(&walk->marks, areas);
    walk->budget += 8 * (walk->marks.node_count + 1);
    orders_init(&walk->orders, sources->config, &sources->nets, areas != NULL);
    trie_grow_init(&walk->grow);
}

static void walk_release(struct walk *walk)
{
    free(walk->databases);
    free(walk->ipv4_start);
    free(walk->cursors);
    free(walk->leaves);
    free(walk->merged);
    pool_release(&walk->pairs);
    pool_release(&walk->marked);
    marks_release(&walk->marks);
    orders_release(&walk->orders);
    trie_grow_release(&walk->grow);
}

bool sources_compile(struct sources *sources, const struct areas *areas, struct trie *ret_trie, struct classes *ret_classes,
                     struct report *report)
{
    struct walk walk;
    walk_init(&walk, sources, areas);
    bool sound = choose_databases(&walk, report);
    walk.width = walk.count + (areas != NULL);
    walk.whole_budget = walk.budget;
    progress_begin("compiling geo data", walk.budget / 8);
    if (sound && (!build_family(&walk, FAMILY_V4, &walk.root_v4) || !build_family(&walk, FAMILY_V6, &ret_trie->root_v6)))
        sound = report_error(report, walk.place, "%s", walk.err.text);
    sound = sound && check_useful(&walk, report);
    if (sound) {
        ret_trie->root_v4 = walk.root_v4;
        weigh_orders(&walk);
        uint32_t *class_of = orders_finish(&walk.orders, ret_classes);
        trie_grow_finish(&walk.grow, class_of, ret_classes, ret_trie);
        free(class_of);
    }
    walk_release(&walk);
    return sound;
}

/* The IPv4 address that stands in the 32 bits from depth on. */
static struct addr embedded_ipv4(const struct addr *addr, unsigned depth)
{
    struct addr v4 = {.family = FAMILY_V4};
    for (unsigned i = 0; i < 32; i++)
        v4.bytes[i / 8] |= (uint8_t)(addr_bit(addr, depth + i) << (7 - i % 8));
    return v4;
}

static void note_done(const struct walk *walk, const uint32_t *at, unsigned depth, struct said *said)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (is_done(at[i]) && !said[i].asked)
            said[i] = (struct said){.record = at[i] & ~CURSOR_DONE, .depth = depth, .asked = true};
    }
}

/* From the cursors down to where all is said. base: the bits above them, for an IPv4 address within an IPv6 one. */
static bool follow(struct walk *walk, uint32_t *at, const struct addr *addr, unsigned base, struct said *said)
{
    for (unsigned depth = 0;; depth++) {
        note_done(walk, at, base + depth, said);
        if (all_done(walk, at))
            return true;
        if (is_ipv4_again(walk, at, depth)) {
            const struct addr v4 = embedded_ipv4(addr, depth);
            memset(said, 0, walk->count * sizeof *said);
            return start(walk, FAMILY_V4, at) && follow(walk, at, &v4, depth, said);
        }
        if (depth == walk->bits)
            return error_set(&walk->err, "is damaged: the search tree is deeper than an address is long");
        if (!step(walk, at, walk->cursors))
            return false;
        memcpy(at, walk->cursors + addr_bit(addr, depth) * walk->width, walk->count * sizeof *at);
    }
}

bool sources_follow(struct sources *sources, const struct addr *addr, struct said *ret_said, struct error *err)
{
    struct walk walk;
    walk_init(&walk, sources, NULL);
    for (size_t i = 0; i < sources->database_count; i++)
        add_database(&walk, &sources->databases[i]);
    walk.width = walk.count;
    memset(ret_said, 0, walk.count * sizeof *ret_said);
    uint32_t *at = mem_new(walk.count, sizeof *at);
    const bool sound = start(&walk, FAMILY_V4, at) && start(&walk, addr->family, at) && follow(&walk, at, addr, 0, ret_said);
    free(at);
    if (!sound)
        error_set(err, "%s: %s", walk.place, walk.err.text);
    walk_release(&walk);
    return sound;
}
