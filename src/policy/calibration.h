/* What one query means in calls, learned from where calls are seen. Each line of demand (clients of one class, services of one spec) has a factor,
 * moved by the method of Richardson and Lucy: by how much more or less is seen than expected where its calls should be. Lines that share all their
 * sites are told apart as soon as steering parts them.
 * Inside this folder only. Thread: its balancer's. */
#pragma once

#include "policy/market.h"

struct calibration;
struct calibration *calibration_new(void);
void calibration_free(struct calibration *calibration);

/* What has been seen since the last time. */
struct calibration_step {
    struct market *market;    /* its lines are those of the input */
    const uint32_t *prices_m; /* in force since */
    const struct balance_input *input;
    uint64_t elapsed_ms;
    uint32_t hold_ms;
};

/* Follows the calls of each line to where they are now, and learns from what is measured there. ret_expected, ret_foreign: by site, calls; what is
 * there and expected, and what is there beyond all that chance explains. */
void calibration_look(struct calibration *calibration, const struct calibration_step *step, double *ret_expected, double *ret_foreign);

/* The calls that each flow amounts to when all of them are there. ret: by flow. */
void calibration_weigh(const struct calibration *calibration, const struct balance_input *input, uint32_t hold_ms, double *ret_calls);

/* On the whole; 0: nothing has been measured yet, and then nothing is known of demand. */
double calibration_factor(const struct calibration *calibration);
void calibration_set_factor(struct calibration *calibration, double factor);
/* The configuration has changed: new_of: by old site, its new number or NO_SITE. */
void calibration_renumber(struct calibration *calibration, const uint8_t new_of[SITES_MAX]);
