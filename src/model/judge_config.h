/* What sites depend on besides their endpoints, and how much probes alone may take out, as the configuration says it. Parts of struct config; see
 * there. Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>

enum { NAMED_CHECKS_MAX = 1000, DEPENDS_MAX = 16 /* of one site */ };

/* Something that is probed though no caller is sent there: a database, a media relay, a login. */
struct named_check {
    char *name;
    uint16_t probe;      /* index of struct probe */
    struct addr address; /* FAMILY_NONE: the probe's own */
    uint16_t port;       /* 0: the probe's */
};

/* What the failure of a check takes from a site. */
enum takes { TAKES_SITE, TAKES_SERVICE, TAKES_LABEL };

struct depend {
    uint16_t check;  /* index of struct named_check */
    uint16_t number; /* over all sites: its bit in service.depends */
    enum takes takes;
    char *service, *label; /* the name, or the label of services; else NULL */
};

/* What a site must have to be whole. */
struct needs {
    unsigned min_capacity; /* percent of what its endpoints can take; with less alive, the site is left out */
    struct depend *depends;
    size_t depend_count;
};

/* Probes alone never take out more; 100 and 0: no limit. */
struct safety_config {
    unsigned max_down;   /* percent of what all endpoints can take */
    unsigned keep_sites; /* so many sites stay */
};

struct judgement {
    struct named_check *checks;
    size_t check_count;
    size_t depend_count; /* over all sites */
    uint64_t **sets;     /* of depends, bit by number; what service.depends points to */
    size_t set_count;
    struct safety_config safety;
};
