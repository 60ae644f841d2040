/* What the numbers in records stand for: services, sites and endpoints of the configuration that was answered by, and how its sites stood when a
 * snapshot was published. Kept as long as records of it can come.
 * Thread: any; the director sets, the log's sink asks. A meaning is shared by reference count. */
#pragma once

#include "model/classes.h"
#include "model/config.h"

#include <stdatomic.h>

/* Of one place number. */
struct meaning {
    _Atomic unsigned refs;
    uint32_t place;
    struct config *config; /* a reference of its own */
    const struct classes *classes;
    void *owner; /* of classes */
    void (*release)(void *owner);
};

/* How a site stood for new callers; the first that is true. */
enum site_state { SITE_DISABLED, SITE_DRAINED, SITE_DOWN, SITE_FULL, SITE_RETURNING, SITE_UP, SITE_STATES };
const char *site_state_text(enum site_state state);

/* Takes config's and owner's reference. */
struct meaning *meaning_new(uint32_t place, struct config *config, const struct classes *classes, void *owner,
                            void (*release)(void *owner));
struct meaning *meaning_ref(struct meaning *meaning);
void meaning_unref(struct meaning *meaning);

/* The site that the clients of a class go to when all is well and there is room, of a service's. */
unsigned meaning_nearest(const struct meaning *meaning, uint32_t service, uint32_t class);

struct meanings;
struct meanings *meanings_new(void);
void meanings_free(struct meanings *meanings);
/* Another one that records may come of; takes the reference. */
void meanings_add(struct meanings *meanings, struct meaning *meaning);
/* While nobody asks: all others are forgotten. */
void meanings_keep_only(struct meanings *meanings, uint32_t place);
/* A snapshot of this place is about to be published. states: enum site_state by site. Meanings of places before are forgotten some seconds later. */
void meanings_publish(struct meanings *meanings, uint64_t generation, uint32_t place, const uint8_t *states, size_t count, uint64_t now_ms);
/* Forgets what is due; about once a second. */
void meanings_pass(struct meanings *meanings, uint64_t now_ms);
/* With a reference for the caller, or NULL. */
struct meaning *meanings_find(struct meanings *meanings, uint32_t place);
/* The states (enum site_state by site) of a generation, if they are still known. */
bool meanings_states(struct meanings *meanings, uint64_t generation, uint8_t ret_states[SITES_MAX]);
