/* How a site is, in one word, for people who look at all of them at once. Pure over a view. Thread: the owner's of the view. */
#pragma once

#include "control/setup.h"

/* The first that is true. */
enum site_word {
    SITE_IS_DISABLED, /* by an order */
    SITE_IS_DRILL,    /* taken for failed, by an order */
    SITE_IS_DRAINING, /* by an order: no new callers */
    SITE_IS_SWITCHED, /* by an order: all of its callers go to other sites */
    SITE_IS_DOWN,     /* nobody is sent there: too little of it is up, or a check that it depends on has failed */
    SITE_IS_UNKNOWN,  /* nothing is known of any of its endpoints */
    SITE_IS_RAMPING,  /* coming back: it takes a share of its callers */
    SITE_IS_DEGRADED, /* endpoints of it take no callers, or it is past its max */
    SITE_IS_UP,
};

enum site_word site_word_of(const struct view *view, size_t site);
/* "disabled", "down" ... */
const char *site_word_text(enum site_word state);
