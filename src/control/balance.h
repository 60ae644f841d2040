/* Steering by load in the daemon: what is measured, counted and believed goes to the balancer, its prices go to the setup. A step may take long, so it has
 * copies and a thread of its own; between steps all belongs to the director. What was learned is carried over to another configuration by names.
 * No clock: time is an argument. Thread: the director's, but for balance_step(). */
#pragma once

#include "control/held.h"
#include "policy/balance.h"

struct balance;
struct balance *balance_new(void);
/* Not while a step is running. NULL is allowed. */
void balance_free(struct balance *balance);

/* Takes a copy of all that a step looks at: setup with what setup_look() found, and demand (flows: heap, taken). Not while a step is running. */
void balance_take(struct balance *balance, const struct setup *setup, struct flow *flows, size_t flow_count);
/* The step itself. Thread: any one, while nobody else calls anything here but balance_report(). */
void balance_step(struct balance *balance, uint64_t now_ms);
/* After the step. Its prices become setup's, if that is still what was looked at. True: they have changed, and it is time to publish. */
bool balance_give(struct balance *balance, struct setup *setup);

/* What the last step found, by site, bound to the setup that it was given to; NULL for any other, before the first, and while balancing is off. */
const struct site_balance *balance_report(const struct balance *balance, const struct setup *setup);

/* The last step's input, what it took its queries to mean in calls (by flow), and what it looked at; for predictions. NULL before the first, and while
 * one is running. Good until the next balance_take(). */
struct balance_view {
    const struct balance_input *input;
    const struct calls *calls;
    const struct held *held;
    bool measured; /* some load is known: calls are calls, and not queries */
};
bool balance_look(const struct balance *balance, struct balance_view *ret_view);

/* What survives a restart, as JSON text to be freed (NULL while a step is running); and taking it in before the first step: false, with the reason, when
 * it is unsound. Prices count for 15 minutes. */
char *balance_save(const struct balance *balance, int64_t wall_s);
bool balance_restore(struct balance *balance, const char *text, int64_t wall_s, struct error *err);
/* Until the first step full sites stay as full as they were. */
void balance_begin(const struct balance *balance, struct setup *setup);
