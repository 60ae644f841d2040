/* The one pointer that workers read (liburcu, QSBR). */
#define _LGPL_SOURCE /* the read side inline */
#include "base/memory.h"
#include "snapshot/hot.h"

#include <urcu-qsbr.h>
#include <stdlib.h>

static struct snapshot *current;

struct retired {
    struct rcu_head head;
    struct snapshot *snapshot;
};

const struct snapshot *snapshot_current(void)
{
    return rcu_dereference(current);
}

static void free_retired(struct rcu_head *head)
{
    struct retired *retired = caa_container_of(head, struct retired, head);
    snapshot_free(retired->snapshot);
    free(retired);
}

/* call_rcu() wants a registered thread; the director is one that never holds a grace period up. */
static void retire(struct snapshot *snapshot)
{
    static __thread bool registered;
    if (!registered)
        rcu_register_thread();
    registered = true;
    struct retired *retired = mem_new(1, sizeof *retired);
    retired->snapshot = snapshot;
    rcu_thread_online();
    call_rcu(&retired->head, free_retired);
    rcu_thread_offline();
}

static bool plan_is_empty(const struct plan *plan, const struct plan_spec *spec)
{
    for (uint32_t i = 0; i < plan->selection_count; i++) {
        const struct selection *selection = &plan->selections[i];
        if (selection->kind == SELECTION_EMPTY && spec->on_all_down != ALL_DOWN_EMPTY)
            return true;
        if (selection->kind == SELECTION_STEERED && spec->purpose == PLAN_TARGETS && selection->count == 0)
            return true;
    }
    return plan->selection_count == 0;
}

/* What the world's largest outages have in common: an emptied answer, published (DESIGN, rule 9). Plans already published were looked at then. */
static bool check(const struct snapshot *snapshot, struct error *err)
{
    const struct snapshot *now = current;
    if (now && snapshot->generation <= now->generation)
        return error_set(err, "snapshot %llu is not newer than the published %llu", (unsigned long long)snapshot->generation,
                         (unsigned long long)now->generation);
    const bool same = now && now->world == snapshot->world;
    for (size_t i = 0; i < snapshot->world->spec_count; i++)
        if (!(same && now->plans[i] == snapshot->plans[i]) && plan_is_empty(snapshot->plans[i], &snapshot->world->specs[i]))
            return error_set(err, "snapshot %llu would empty an answer", (unsigned long long)snapshot->generation);
    return true;
}

bool snapshot_publish(struct snapshot *snapshot, struct error *err)
{
    if (!check(snapshot, err))
        return false;
    struct snapshot *before = current;
    rcu_assign_pointer(current, snapshot);
    if (before)
        retire(before);
    return true;
}

void snapshot_withdraw(void)
{
    rcu_barrier();
    snapshot_free(current);
    current = NULL;
}
