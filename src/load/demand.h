/* Who asks, and how much: what workers count, smoothed, by service and class, and the client prefixes that carry much of it. Pure: time is an
 * argument. Bounded: at most DEMAND_FLOWS flows and DEMAND_PREFIXES prefixes, the largest; of the rest the sum is known.
 * Thread: the owner's. Freed by the owner. */
#pragma once

#include "base/addr.h"
#include "model/classes.h"
#include "model/config.h"
#include "model/demand.h"
#include "model/room.h"

enum { DEMAND_FLOWS = 1 << 16, DEMAND_PREFIXES = 1 << 10 };

struct demand;

/* The half-life that suits calls of this length. */
uint32_t demand_half_life_ms(uint32_t hold_ms);

/* half_life_ms: after so long, what was counted weighs half as much. */
struct demand *demand_new(uint32_t half_life_ms);
/* From now on. */
void demand_set_half_life(struct demand *demand, uint32_t half_life_ms);
void demand_free(struct demand *demand);

/* Each count of the cell stands for weight answers. Takes effect with the next demand_close(). */
void demand_add(struct demand *demand, const struct demand_cell *cell, double weight);
/* So many answers of an unknown class. */
void demand_lose(struct demand *demand, double answers);
/* Ends an interval: all that was added since the last call came in this time. The first call begins the first one. */
void demand_close(struct demand *demand, uint64_t now_ms);

/* How much of a full measurement there is: 0 at the start, half after one half-life, near 1 after five. */
double demand_known(const struct demand *demand);
/* All answers a second. */
double demand_rate(const struct demand *demand);

/* The flows (heap, the caller's), largest first; their rates add up to demand_rate(). What is not known by class,
 * or by one that is not there, stands where addresses are. With nothing
 * measured (*ret_measured false) all of it does: shares of 1, the same for each of so many services. */
struct flow *demand_flows(const struct demand *demand, const struct classes *classes, size_t services, size_t *ret_count,
                          bool *ret_measured);

/* A prefix that is known to carry this much. */
struct heavy {
    struct prefix prefix;
    double rate, share; /* answers a second, of all */
};

/* Those with at least this share of all, largest first; ret has room for most. */
size_t demand_heavy(const struct demand *demand, double share, struct heavy *ret, size_t most);

/* Services and classes have other numbers now: of each old one the new one, or DEMAND_GONE. A service that is gone takes its demand along; of a class
 * that is gone it is kept as demand of unknown class. */
#define DEMAND_GONE UINT32_MAX
void demand_renumber(struct demand *demand, const uint32_t *service_to, size_t services, const uint32_t *class_to, size_t classes);

/* What demand_renumber() needs (heap, the caller's): services by name; classes by the same order of the sites that are left, by name, and the nearest
 * band. */
uint32_t *demand_match_services(const struct config *old, const struct config *new);
uint32_t *demand_match_classes(const struct config *old, const struct classes *old_classes, const struct config *new,
                               const struct classes *new_classes);
