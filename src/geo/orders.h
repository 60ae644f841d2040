/* From what is said of a network to its class: the order of all sites for it. Orders are numbered as they come and renumbered
 * at the end, so that like orders are neighbours (model/classes.h).
 * Thread: the owner's. Released by the owner. */
#pragma once

#include "geo/nets.h"
#include "geo/record.h"
#include "geo/tables.h"
#include "model/classes.h"
#include "model/config.h"

struct orders {
    const struct config *config;
    const struct nets *nets;
    double *x, *y, *z; /* the sites' places on the unit sphere */
    bool biased;       /* a site has a bias: chords will not do */
    struct pool rows;  /* site_count octets each */
};

/* config and nets must outlive it. Row 0 is the order for an unknown place. */
void orders_init(struct orders *orders, const struct config *config, const struct nets *nets);
void orders_release(struct orders *orders);

/* The number (for now) of the order for what has been said. */
uint32_t orders_add(struct orders *orders, const struct record *said);

/* Gives the rows their final numbers: the classes (rows in ret_classes->orders are the caller's to free) and, for each number
 * so far, its class (heap, the caller's). */
uint32_t *orders_finish(struct orders *orders, struct classes *ret_classes);
