/* Which series of a Prometheus page a source reads, as its users write it: NAME, or NAME{label="value",other!="value"}. Pure. Thread: any (values). */
#pragma once

#include "base/error.h"

#include <stddef.h>

enum { SELECTOR_TEXT = 512, SELECTOR_MATCHERS = 8 };

struct matcher {
    const char *label, *value; /* the value without its escapes; "" is also what a series without the label has */
    bool differs;              /* != */
};

struct selector {
    char room[SELECTOR_TEXT]; /* what the texts point into: a copy of the struct is not usable */
    const char *metric;
    struct matcher matchers[SELECTOR_MATCHERS];
    size_t count;
};

/* False when it is malformed, or asks for what is not known here (=~ and !~). */
bool selector_parse(const char *text, struct selector *ret_selector, struct error *err);

/* Lengths of the metric or label name at the beginning of a text of len octets; 0 when none is there. */
size_t metric_name_len(const char *text, size_t len);
size_t label_name_len(const char *text, size_t len);
