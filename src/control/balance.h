/* Steering by load in the daemon: what is measured, counted and believed goes to the balancer, its prices go to the setup. Bound to one setup at a time;
 * what was learned is carried over by names. No clock: time is an argument. Thread: the director's. */
#pragma once

#include "control/setup.h"
#include "policy/balance.h"

struct balance;
struct balance *balance_new(void);
void balance_free(struct balance *balance);

/* How full things are and who asks, at one moment. Arrays are the caller's. */
struct balance_facts {
    const struct utilisation *sites, *clusters; /* by index; NULL: nothing is known */
    const struct flow *flows;
    size_t flow_count;
};

/* Looks at the world and sets setup->prices_m. True: they have changed, and it is time to publish. */
bool balance_look(struct balance *balance, struct setup *setup, const struct balance_facts *facts, uint64_t now_ms);

/* The input of the last look, bound to that setup, for predictions; NULL before the first. Good until the next call of any function here. */
const struct balance_input *balance_input(const struct balance *balance);
const struct balancer *balance_balancer(const struct balance *balance);

/* By site of the last look's configuration; NULL before the first, and while balancing is off. */
const struct site_balance *balance_report(const struct balance *balance);

/* What survives a restart, as JSON text to be freed; and taking it in before the first look: false, with the reason, when it is unsound. */
char *balance_save(const struct balance *balance, int64_t wall_s);
bool balance_restore(struct balance *balance, const char *text, int64_t wall_s, struct error *err);
