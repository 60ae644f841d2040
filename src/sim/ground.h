/* What is true: which endpoints live, how much each site can take, which calls there are. Policies never see it; probes and reports do.
 * Thread: the owner's. */
#pragma once

#include "model/config.h"
#include "model/scenario.h"
#include "sim/dice.h"

struct ground_site {
    double capacity; /* calls, as configured; 0: not said, and without limit */
    double strength; /* the part of it that there is: 1, less in a brown-out */
    uint32_t slow_ms;
    uint32_t calls;
    uint32_t taken; /* calls that began since the last ground_step() of a whole second: calls a second */
    bool dead, silent;
};

struct ground_endpoint {
    uint32_t calls;
    uint8_t site;
    bool dead; /* by itself; it is dead with its site, too */
};

struct ground {
    const struct config *config;
    const struct scenario *scenario;
    struct ground_site *sites;
    struct ground_endpoint *endpoints;
    double surge[SITES_MAX]; /* by site: factor on the calls of its nearest callers */
    struct dice dice;
};

enum offer { OFFER_TAKEN, OFFER_FULL, OFFER_DEAD };

void ground_init(struct ground *ground, const struct config *config, const struct scenario *scenario, uint64_t seed);
void ground_release(struct ground *ground);

/* A second passes: what happens at at_ms of the scenario (negative: before its start), and calls that end. */
void ground_step(struct ground *ground, int64_t at_ms);

/* A call comes to an endpoint. */
enum offer ground_offer(struct ground *ground, unsigned endpoint);

/* The calls that the site can take now. INFINITY without a capacity. */
double ground_room(const struct ground *ground, unsigned site);
bool ground_endpoint_lives(const struct ground *ground, unsigned endpoint);
/* Some endpoint of it lives. */
bool ground_site_lives(const struct ground *ground, unsigned site);

/* When the last event begins or ends within the scenario; 0 without any. */
uint32_t last_change_ms(const struct scenario *scenario);
