/* What one source (a database or the operator's nets) says of a network, and how it is read from an mmdb record of any layout.
 * Plain values. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compared octet by octet in the pool of distinct records, hence without padding and with unsaid fields all zero. */
struct record {
    double latitude, longitude; /* where has_location */
    uint32_t asn;               /* 0: not said */
    uint32_t sites;             /* 1 + index of the net whose `sites=` come first; 0: none */
    char country[2];            /* upper case; zeroes: not said */
    char continent[2];
    uint8_t has_location;
    uint8_t whole; /* the operator's word: it replaces what other sources say */
    uint8_t unused[2];
};
_Static_assert(sizeof(struct record) == 32, "padding would break comparing records as octets");

/* Reads the record at offset of a data section. False when it is malformed, too large to be sound or says nothing of use;
 * fields of a wrong type or value are left unsaid. */
bool record_decode(const uint8_t *data, size_t len, size_t offset, struct record *ret_record);

/* Puts into record what it leaves unsaid and other says. */
void record_merge(struct record *record, const struct record *other);

/* A country that has no location gets its centre; one without a continent its continent. */
void record_place(struct record *record);

/* "51.5,-0.1" in degrees. */
bool location_parse(const char *text, double *ret_latitude, double *ret_longitude);
