/* Where clients are: mmdb databases and the operator's nets, compiled once into a trie of classes.
 * The only user of libmaxminddb is this folder. A struct geo is immutable and belongs to one struct config's sites.
 * Thread: compile in any one thread; read everywhere; freed by its owner after the last reader. */
#pragma once

#include "base/error.h"
#include "base/report.h"
#include "geo/trie.h"
#include "model/area.h"
#include "model/classes.h"
#include "model/config.h"

struct geo;

/* Reads all databases and nets of config and compiles them. NULL when anything is unsound; every finding goes to report with
 * its place ("nets.conf:12", "GeoLite2-City.mmdb"). With nothing configured every client is of the unknown class. */
struct geo *geo_compile(const struct config *config, struct report *report);
/* The same with classes told apart by these areas, too (copied), for planned switches; NULL: none. */
struct geo *geo_compile_areas(const struct config *config, const struct areas *areas, struct report *report);
/* Those that it was made with; NULL: none. */
const struct areas *geo_areas(const struct geo *geo);
void geo_free(struct geo *geo);

const struct trie *geo_trie(const struct geo *geo);
const struct classes *geo_classes(const struct geo *geo);

/* Whether a file it was made from has changed on disk and has been quiet for one call (so that a half-written copy is not taken).
 * Each change is told once, for a file that cannot be compiled will not get better by trying again. A missing file is one that is
 * being replaced. Cheap: stat() only. Thread: the owner's. */
bool geo_changed(struct geo *geo);

/* A file that geo_changed() has last found missing; NULL: all are there. Thread: the owner's. */
const char *geo_missing(const struct geo *geo);

/* Whether a file is now another than the one it was made from, so that geo_locate() may say otherwise. stat() only. Thread: any. */
bool geo_outdated(const struct geo *geo);

/* What the sources say of one address; read from the files anew, so it is exact and slow: for explain only. */
struct geo_place {
    bool known; /* has a location */
    double latitude, longitude;
    char country[3], continent[3]; /* "" if not said */
    uint32_t asn;                  /* 0 if not said */
    char source[256];              /* "geo/nets.conf:12", "GeoLite2-City.mmdb", several with ", " between, or "" */
    struct prefix network;         /* that the first source says this of; without a source, of which nothing is said */
};
bool geo_locate(const struct config *config, const struct addr *addr, struct geo_place *ret_place, struct error *err);
