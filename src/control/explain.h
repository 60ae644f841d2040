/* Why a client gets the answer it gets: the very functions that make plans and answers, run once more with their reasons kept. Thread: the owner's of the
 * view; only explain_locate() is slow, and may run in any. */
#pragma once

#include "control/setup.h"
#include "dns/name.h"

#include <jansson.h>

/* A question, as read. */
struct inquiry {
    uint8_t name[NAME_OCTETS];
    size_t name_len;
    uint16_t type;
    struct prefix client;
};

/* Where the client is, as the sources of geo data say on disk. */
struct located {
    struct geo_place place;
    struct error err; /* why that could not be read, or "" */
    bool outdated;    /* the files are not those any more that answers are made from */
};

/* client: ADDR or ADDR/LEN. False when the question makes no sense. */
bool explain_read(const char *name, const char *type, const char *client, struct inquiry *ret_asked, struct error *err);

/* Copies all sources into memory. */
void explain_locate(const struct world *world, const struct place *place, const struct inquiry *asked, struct located *ret_located);

/* What was decided, with which answer; by itself, but for the world and place that it was decided for. */
struct explained_answer {
    struct inquiry asked;
    struct located located;
    struct decision decision;
    json_t *answer;
};

/* False as long as nothing is answered. The view has a snapshot; the answer is to be released, or to be told. */
bool explain_decide(const struct view *view, const struct inquiry *asked, const struct located *located,
                    struct explained_answer *ret_decided, struct error *err);
/* The reasons, from a view (or a picture of it) of the same moment; takes the answer. Fields: README.md. */
json_t *explain_tell(const struct view *view, struct explained_answer *decided);

/* Both. NULL as long as nothing is answered. */
json_t *explain(const struct view *view, const struct inquiry *asked, const struct located *located, struct error *err);
