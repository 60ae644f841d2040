/* From what is said of a network to its class: the order of all sites for it. Orders are numbered as they come and renumbered
 * at the end, so that like orders are neighbours (model/classes.h).
 * Thread: the owner's. Released by the owner. */
#pragma once

#include "geo/nets.h"
#include "geo/record.h"
#include "geo/tables.h"
#include "model/classes.h"
#include "model/config.h"

/* The addresses of a row: their number, and the sum of the places of those whose place is known. */
struct weight {
    double x, y, z, addresses;
};

struct orders {
    const struct config *config;
    const struct nets *nets;
    double *x, *y, *z;      /* the sites' places on the unit sphere */
    bool biased;            /* a site has a bias: chords will not do */
    size_t head;            /* octets of a row before its sites: of the mark, where there are marks */
    struct pool rows;       /* the mark, most significant octet first; site_count octets; the band */
    struct weight *weights; /* by row */
    size_t weight_room;
};

/* config and nets must outlive it. Row 0 is the order for an unknown place. marked: orders_add() gets marks. */
void orders_init(struct orders *orders, const struct config *config, const struct nets *nets, bool marked);
void orders_release(struct orders *orders);

/* The number (for now) of the order for what has been said, of clients with this mark. */
uint32_t orders_add(struct orders *orders, const struct record *said, uint32_t mark);

/* So many addresses have the order of this number, for what has been said of them. Not after orders_finish(). */
void orders_weigh(struct orders *orders, uint32_t number, const struct record *said, double addresses);

/* Gives the rows their final numbers: the classes (orders, bands, places and marks in ret_classes are the caller's to free) and, for each number
 * so far, its class (heap, the caller's). */
uint32_t *orders_finish(struct orders *orders, struct classes *ret_classes);
