/* The one pointer that workers read (liburcu, QSBR). */
#define _LGPL_SOURCE /* the read side inline */
#include "base/invariant.h"
#include "base/memory.h"
#include "snapshot/steer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

/* ThreadSanitizer does not see into liburcu: what a grace period orders is told to it here. Nothing in other builds. */
#if defined(__SANITIZE_THREAD__)
#define TELL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TELL_TSAN 1
#endif
#endif
#ifdef TELL_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:liburcu-qsbr"; /* its own list of callbacks */
}
#define tell_acquire(address) __tsan_acquire(address)
#define tell_release(address) __tsan_release(address)
#else
#define tell_acquire(address) ((void)(address))
#define tell_release(address) ((void)(address))
#endif

static _Atomic(struct snapshot *) current;

struct retired {
    struct rcu_head head;
    struct snapshot *snapshot;
};

const struct snapshot *snapshot_current(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

void snapshot_reader_begin(void)
{
    rcu_register_thread();
    rcu_thread_offline();
}

void snapshot_reader_end(void)
{
    rcu_unregister_thread();
}

void snapshot_enter(void)
{
    rcu_thread_online();
}

void snapshot_leave(void)
{
    tell_release(&current);
    rcu_thread_offline();
}

static void free_retired(struct rcu_head *head)
{
    struct retired *retired = caa_container_of(head, struct retired, head);
    tell_acquire(retired);
    tell_acquire(&current);
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
    tell_release(retired);
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
bool snapshot_check(const struct snapshot *snapshot, struct error *err)
{
    const struct snapshot *now = snapshot_current();
    const bool same = now && now->world == snapshot->world;
    const struct world *world = snapshot->world;
    for (size_t i = 0; i < world->spec_count; i++) {
        const bool seen = (same && now->plans[i] == snapshot->plans[i]) ||
                          (world->shapes[i] != i && snapshot->plans[world->shapes[i]] == snapshot->plans[i]);
        if (!seen && plan_is_empty(snapshot->plans[i], &world->specs[i]))
            return error_set(err, "snapshot %llu would empty an answer", (unsigned long long)snapshot->generation);
    }
    return true;
}

bool snapshot_publish(struct snapshot *snapshot, struct error *err)
{
    const struct snapshot *now = snapshot_current();
    invariant(snapshot_is_signed(snapshot));
    if (now && snapshot->generation <= now->generation)
        return error_set(err, "snapshot %llu is not newer than the published %llu", (unsigned long long)snapshot->generation,
                         (unsigned long long)now->generation);
    if (!snapshot_check(snapshot, err))
        return false;
    struct snapshot *before = atomic_exchange_explicit(&current, snapshot, memory_order_acq_rel);
    if (before)
        retire(before);
    return true;
}

void snapshot_withdraw(void)
{
    rcu_barrier();
    snapshot_free(atomic_exchange(&current, NULL));
}
