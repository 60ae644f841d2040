#include "transfer/ledger.h"

#include "base/memory.h"

#include <stdlib.h>
#include <sys/eventfd.h>

enum { SLOT_FREE, SLOT_WRITING, SLOT_FULL };

struct slot {
    _Atomic int state;
    struct ledger_event event;
};

struct ledger {
    int wake_fd;
    _Atomic uint64_t counts[LEDGER_KINDS];
    struct slot slots[LEDGER_EVENTS];
    _Atomic bool notified[LEDGER_ZONES];
};

struct ledger *ledger_new(int wake_fd)
{
    struct ledger *ledger = mem_new(1, sizeof *ledger);
    ledger->wake_fd = wake_fd;
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    free(ledger);
}

void ledger_tell(struct ledger *ledger, const struct ledger_event *event)
{
    atomic_fetch_add_explicit(&ledger->counts[event->kind], 1, memory_order_relaxed);
    for (unsigned i = 0; i < LEDGER_EVENTS; i++) {
        struct slot *slot = &ledger->slots[i];
        int expected = SLOT_FREE;
        if (!atomic_compare_exchange_strong_explicit(&slot->state, &expected, SLOT_WRITING, memory_order_acquire, memory_order_relaxed))
            continue;
        slot->event = *event;
        atomic_store_explicit(&slot->state, SLOT_FULL, memory_order_release);
        return;
    }
}

/* One system call for any number of NOTIFYs until the director has looked. */
void ledger_notified(struct ledger *ledger, uint32_t zone)
{
    if (zone < LEDGER_ZONES && !atomic_exchange(&ledger->notified[zone], true))
        eventfd_write(ledger->wake_fd, 1);
}

bool ledger_next(struct ledger *ledger, struct ledger_event *ret_event)
{
    for (unsigned i = 0; i < LEDGER_EVENTS; i++) {
        struct slot *slot = &ledger->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_FULL)
            continue;
        *ret_event = slot->event;
        atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
        return true;
    }
    return false;
}

bool ledger_take_notified(struct ledger *ledger, uint32_t zone)
{
    return zone < LEDGER_ZONES && atomic_exchange(&ledger->notified[zone], false);
}

uint64_t ledger_count(const struct ledger *ledger, enum ledger_kind kind)
{
    return atomic_load_explicit(&ledger->counts[kind], memory_order_relaxed);
}
