/* Whom a planned switch is about, and where they go: selectors as operators write them, found in a configuration. Pure. Thread: any.
 *
 * Selectors are words: all, SITE or site:NAME, region:NAME, service:NAME, label:NAME, country:CC, continent:CC, prefix:ADDR/LEN. Several of one kind mean any
 * of them, kinds must all hold. In names, %XX stands for an octet (%20 for a space). */
#pragma once

#include "base/error.h"
#include "model/area.h"
#include "model/diversion.h"
#include "model/override.h"

struct callers {
    uint64_t sites[SITE_WORDS]; /* bit by site: those that callers leave */
    size_t site_count;          /* 0: callers leave none, all of them go */
    bool *services;             /* by service; owned */
    size_t service_count;       /* that are selected */
    struct area area;
    char text[TARGET_TEXT]; /* in full and in order: equal texts mean equal selections */
};

/* words: separated by spaces. False when a word makes no sense, names nothing, or all of them select nobody: why. */
bool callers_parse(const struct config *config, const char *words, struct callers *ret_callers, struct error *err);
void callers_release(struct callers *callers);

struct destination {
    uint8_t sites[SITES_MAX];
    size_t count; /* 0: to whoever is next */
    char text[TO_TEXT];
};

/* "next", or names of sites with commas between. */
bool destination_parse(const struct config *config, const char *text, struct destination *ret_destination, struct error *err);

/* Both of a switch, and whether they make sense together: false with the reason. ret_callers is the caller's to release when true. */
bool switch_parse(const struct config *config, const char *words, const char *to, struct callers *ret_callers,
                  struct destination *ret_destination, struct error *err);
/* Of an order that was given, perhaps with another configuration: what of it can still be found. False: nothing. */
bool switch_area(const char *words, struct area *ret_area);
