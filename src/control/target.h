/* What an order is about: SITE, SITE/HOST or service:NAME, found in a configuration. Pure. Thread: any. */
#pragma once

#include "base/error.h"
#include "model/config.h"
#include "model/override.h"

struct target {
    enum scope scope;
    int index;              /* of the site, endpoint or service */
    char text[TARGET_TEXT]; /* the full form: lower-case host with its final dot */
};

/* The full form only, as overrides keep it (case and the final dot do not matter). False: there is none. */
bool target_exact(const struct config *config, const char *text, struct target *ret_target);

/* What an operator types: the full form, or the first label or labels of a host, when one host of that site alone begins with them. */
bool target_resolve(const struct config *config, const char *text, struct target *ret_target, struct error *err);
