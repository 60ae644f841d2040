/* What the live page asks each second: everything at a glance, of bounded size (README.md tells the fields); and what a public status page may know.
 * Thread: the director's. */
#pragma once

#include <jansson.h>

struct director;
struct view;

/* After setup_look(). */
json_t *overview_json(struct director *director);

/* Sites and whether they work, and nothing else: no endpoint, no address, no load, no name of a person. */
json_t *public_status_json(const struct view *view);
