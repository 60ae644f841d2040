#include "base/memory.h"
#include "snapshot/steer.h"

#include <stdlib.h>

/* Plans by what they were made from, so that each is made once: open addressing over indices of specs. */
struct plan_index {
    uint32_t *specs; /* index + 1, 0 = free */
    size_t mask;
};

static struct plan_index index_new(size_t specs)
{
    size_t size = 16;
    while (size < specs * 2)
        size *= 2;
    return (struct plan_index){.specs = mem_new(size, sizeof(uint32_t)), .mask = size - 1};
}

static struct plan *index_find(const struct plan_index *index, const struct snapshot *of, uint64_t print)
{
    for (size_t i = print & index->mask; index->specs[i]; i = (i + 1) & index->mask)
        if (of->prints[index->specs[i] - 1] == print)
            return of->plans[index->specs[i] - 1];
    return NULL;
}

static void index_add(struct plan_index *index, uint64_t print, size_t spec)
{
    size_t i = print & index->mask;
    while (index->specs[i])
        i = (i + 1) & index->mask;
    index->specs[i] = (uint32_t)spec + 1;
}

static bool lends(const struct snapshot *previous, const struct world *world, const struct place *place)
{
    return previous && previous->world->config == world->config && previous->place == place;
}

/* The spec before this one that the same is to be said of: of its shape, and concerned by the same planned switches; or itself. */
static size_t speaker_of(const struct world *world, const struct world_state *state, size_t spec, size_t *speakers)
{
    const struct diversions *diversions = state->diversions;
    const size_t shape = world->shapes[spec];
    const bool same = speakers[shape] != SIZE_MAX &&
                      (diversions == NULL ||
                       diversions->by_service[world->specs[spec].service] == diversions->by_service[world->specs[speakers[shape]].service]);
    if (!same)
        speakers[shape] = spec;
    return speakers[shape];
}

/* Every spec gets the plan that an equal one already has, in this snapshot or in the one before; only what really changed is made. */
static void make_plans(struct snapshot *snapshot, const struct world_state *state, const struct snapshot *previous)
{
    const struct world *world = snapshot->world;
    const struct policy *policy = place_policy(snapshot->place);
    struct plan_index now = index_new(world->spec_count), before = index_new(previous ? previous->world->spec_count : 0);
    size_t *speakers = mem_new(world->spec_count, sizeof *speakers); /* by shape: the last one */
    memset(speakers, 0xff, world->spec_count * sizeof *speakers);
    for (size_t i = 0; previous && i < previous->world->spec_count; i++)
        if (index_find(&before, previous, previous->prints[i]) == NULL)
            index_add(&before, previous->prints[i], i);
    for (size_t i = 0; i < world->spec_count; i++) {
        const size_t speaker = speaker_of(world, state, i, speakers);
        if (speaker != i) {
            snapshot->prints[i] = snapshot->prints[speaker];
            snapshot->plans[i] = plan_ref(snapshot->plans[speaker]);
            continue;
        }
        const uint64_t print = snapshot->prints[i] = policy_spec_hash(policy, state, &world->specs[i]);
        struct plan *plan = index_find(&now, snapshot, print);
        if (plan == NULL && previous)
            plan = index_find(&before, previous, print);
        const bool shared = plan && index_find(&now, snapshot, print);
        snapshot->plans[i] = plan ? plan_ref(plan) : policy_plan(policy, state, &world->specs[i]);
        if (!shared)
            index_add(&now, print, i);
    }
    free(now.specs);
    free(before.specs);
    free(speakers);
}

struct snapshot *snapshot_build(struct world *world, struct place *place, const struct world_state *state, const uint8_t *services,
                                const struct snapshot *previous, int64_t wall_s, uint64_t generation)
{
    struct snapshot *snapshot = mem_new(1, sizeof *snapshot);
    *snapshot = (struct snapshot){
        .generation = generation,
        .world = world_ref(world),
        .place = place_ref(place),
        .trie = geo_trie(place_geo(place)),
        .plans = mem_new(world->spec_count, sizeof *snapshot->plans),
        .prints = mem_new(world->spec_count, sizeof *snapshot->prints),
        .services = mem_copy(services, world->config->service_count),
        .nsid = (const uint8_t *)world->config->server.id,
        .nsid_len = strlen(world->config->server.id),
        .place_number = place_number(place),
    };
    make_plans(snapshot, state, lends(previous, world, place) ? previous : NULL);
    sheets_lend(snapshot, previous, wall_s);
    return snapshot;
}

void snapshot_set_cookies(struct snapshot *snapshot, const struct siphash_keys *secrets)
{
    snapshot->cookies = *secrets;
}

void snapshot_set_lottery(struct snapshot *snapshot, const struct prefix *prefixes, size_t count)
{
    free(snapshot->lottery);
    snapshot->lottery = lottery_new(prefixes, count);
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (size_t i = 0; i < snapshot->world->spec_count; i++)
        plan_unref(snapshot->plans[i]);
    sheets_release(snapshot);
    free(snapshot->plans);
    free(snapshot->prints);
    free(snapshot->services);
    free(snapshot->lottery);
    place_unref(snapshot->place);
    world_unref(snapshot->world);
    free(snapshot);
}

static void hold_plan(struct snapshot *held, size_t spec, const struct snapshot *next, const struct snapshot *previous)
{
    const struct snapshot *from = next->world->specs[spec].by_winner ? previous : next;
    held->plans[spec] = plan_ref(from->plans[spec]);
    held->prints[spec] = from->prints[spec];
}

struct snapshot *snapshot_hold_signed(const struct snapshot *next, const struct snapshot *previous)
{
    if (previous == NULL || previous->world != next->world || previous->place != next->place)
        return NULL;
    const struct world *world = next->world;
    struct snapshot *held = mem_new(1, sizeof *held);
    *held = *next;
    world_ref(next->world);
    place_ref(next->place);
    held->plans = mem_new(world->spec_count, sizeof *held->plans);
    held->prints = mem_new(world->spec_count, sizeof *held->prints);
    held->services = mem_copy(next->services, world->config->service_count);
    for (size_t i = 0; i < world->spec_count; i++)
        hold_plan(held, i, next, previous);
    held->lottery = next->lottery ? mem_copy(next->lottery, sizeof *next->lottery) : NULL;
    held->donors = NULL;
    held->sheets = mem_new(world->sheet_count, sizeof(struct sheet *));
    for (size_t i = 0; i < world->sheet_count; i++)
        held->sheets[i] = sheet_ref(previous->sheets[i]);
    return held;
}

void snapshot_renumber(struct snapshot *snapshot, uint64_t generation)
{
    snapshot->generation = generation;
}

bool snapshot_is_of(const struct snapshot *snapshot, const struct world *world, const struct place *place)
{
    return snapshot && snapshot->world == world && (place == NULL || snapshot->place == place);
}

uint64_t snapshot_generation(const struct snapshot *snapshot)
{
    return snapshot->generation;
}

const struct config *snapshot_config(const struct snapshot *snapshot)
{
    return snapshot->world->config;
}

static const struct steered *find_steered(const struct world *world, const uint8_t *octets, size_t len, uint16_t type)
{
    const struct found found = world_find(world, octets, len);
    const bool ours = found.kind == FOUND_NAME || found.kind == FOUND_WILDCARD;
    const struct slot *slot = ours ? world_slot(world, found.name, type) : NULL;
    if (slot && slot->kind == SLOT_STEERED)
        return &world->steered[slot->index];
    if (slot && slot->kind == SLOT_ALIAS)
        return &world->steered[world->aliases[slot->index].steered];
    return NULL;
}

struct decision snapshot_decide(const struct snapshot *snapshot, const uint8_t *name, size_t name_len, uint16_t type,
                                const struct addr *client)
{
    const struct steered *set = find_steered(snapshot->world, name, name_len, type);
    if (set == NULL)
        return (struct decision){0};
    const struct steering to = steer(snapshot, set, client, 0);
    struct decision decision = {.steered = true,
                                .service = set->service,
                                .spec = snapshot->world->specs[set->spec],
                                .bucket = to.bucket,
                                .scope = to.scope,
                                .uniform = to.uniform,
                                .lottery = to.lottery,
                                .selection = to.selection};
    decision.class_number = trie_class(snapshot->trie, client, &decision.class_depth);
    const bool short_ttl = to.selection.doubt || to.lottery || snapshot->services[set->service] == SERVICE_DRAINED;
    decision.ttl_s = short_ttl ? set->doubt_ttl_s : set->ttl_s;
    return decision;
}

const struct world *snapshot_world(const struct snapshot *snapshot)
{
    return snapshot->world;
}
