/* Where geo data come from and who prefers which sites, as the configuration says it. Part of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Clients of one country, continent or autonomous system prefer these sites in this order; the rest follow by distance. */
struct prefer {
    enum { PREFER_COUNTRY, PREFER_CONTINENT, PREFER_ASN } kind;
    char code[3]; /* ISO 3166 country or two-letter continent, upper case */
    uint32_t asn;
    uint8_t *sites; /* site indices */
    size_t site_count;
};

struct geo_config {
    char **databases; /* paths of mmdb files */
    size_t database_count;
    char *nets; /* path, or NULL */
    struct prefer *prefer;
    size_t prefer_count;
};
