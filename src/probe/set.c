/* A new set of checks takes the place of the old one: what both know goes on as it is, the rest begins or ends. */
#include "base/hash.h"
#include "base/memory.h"
#include "probe/engine.h"

#include <stdlib.h>
#include <string.h>

/* Places in a set by identity: open addressing; 0 is free, else the place counted from 1. */
struct index {
    uint32_t *slots;
    size_t mask;
};

static uint64_t identity_hash(const struct check *check)
{
    uint64_t h = hash_bytes(check->host, strlen(check->host), check->target.port);
    h = hash_bytes(check->probe.name, strlen(check->probe.name), h);
    return hash_bytes(&check->target.addr, sizeof check->target.addr, h);
}

static bool identity_equal(const struct check *a, const struct check *b)
{
    return a->target.port == b->target.port && addr_equal(&a->target.addr, &b->target.addr) && strcmp(a->host, b->host) == 0 &&
           strcmp(a->probe.name, b->probe.name) == 0;
}

static struct index index_of(const struct task_set *set)
{
    size_t size = 8;
    while (size < set->count * 2)
        size *= 2;
    struct index index = {mem_new(size, sizeof *index.slots), size - 1};
    for (size_t i = 0; i < set->count; i++) {
        size_t at = identity_hash(&set->tasks[i]->check) & index.mask;
        while (index.slots[at])
            at = (at + 1) & index.mask;
        index.slots[at] = (uint32_t)i + 1;
    }
    return index;
}

/* Takes the task with this identity out of the set, or NULL. A set may hold the same check twice: each is taken once. */
static struct task *take(struct task_set *set, const struct index *index, const struct check *check)
{
    for (size_t at = identity_hash(check) & index->mask; index->slots[at]; at = (at + 1) & index->mask) {
        struct task **place = &set->tasks[index->slots[at] - 1], *task = *place;
        if (task && identity_equal(&task->check, check)) {
            *place = NULL;
            return task;
        }
    }
    return NULL;
}

/* Puts the known tasks in the place of their newcomers, which are marked in fresh if they stay; how many stay. */
static size_t keep_known(struct task_set *next, struct task_set *old, bool *fresh)
{
    const struct index index = index_of(old);
    size_t count = 0;
    for (size_t i = 0; i < next->count; i++) {
        struct task *newcomer = next->tasks[i], *known = take(old, &index, &newcomer->check);
        fresh[i] = known == NULL;
        count += fresh[i];
        if (known == NULL)
            continue;
        task_renew(known, newcomer);
        task_free(newcomer);
        next->tasks[i] = known;
    }
    free(index.slots);
    return count;
}

void task_set_free(struct task_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->tasks[i])
            task_free(set->tasks[i]);
    free(set->tasks);
    *set = (struct task_set){0};
}

void engine_take_set(struct probe_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct task_set *next = engine->pending;
    engine->pending = NULL;
    pthread_mutex_unlock(&engine->lock);
    if (next == NULL)
        return;
    bool *fresh = mem_new(next->count, sizeof *fresh);
    const size_t fresh_count = keep_known(next, &engine->set, fresh);
    task_set_free(&engine->set);
    engine->set = *next;
    free(next);
    for (size_t i = 0, number = 0; i < engine->set.count; i++) {
        struct task *task = engine->set.tasks[i];
        if (fresh[i])
            task_begin(task, number++, fresh_count);
        else if (task->count)
            task_report(task, false); /* the director's new table knows nothing of it yet */
    }
    free(fresh);
}
