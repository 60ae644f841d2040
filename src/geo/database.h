/* One mmdb file, open on an unchangeable copy, as a binary tree to walk. The only use of libmaxminddb.
 * Thread: the owner's. Closed by the owner. */
#pragma once

#include "base/addr.h"
#include "geo/record.h"
#include "geo/source.h"
#include "geo/tables.h"
#include "model/config.h"

#include <maxminddb.h>

/* Where a source stands on a walk: a node of its tree, or (with this bit) the number of what it says of all below. */
#define CURSOR_DONE 0x80000000u

/* Said, but of no consequence: keeps a database with a hundred thousand ASNs down to a handful of records (RFC 7300 reserves it). */
#define ASN_OTHER UINT32_MAX

struct database {
    const char *path;               /* the caller's, as are the rules */
    const struct geo_config *rules; /* an ASN that none of them names is noted as ASN_OTHER; NULL: every ASN is kept */
    MMDB_s mmdb;
    struct map numbers; /* data offset -> record number, so that each record is decoded once */
    bool useful;        /* a record has said something of use */
    bool asn_only;      /* no record says anything but an ASN (see database_survey) */
};

/* The records that all sources of one compilation share; number 0 says nothing. */
void records_init(struct pool *records);

bool database_open(struct database *database, const char *path, const struct geo_config *rules, struct stamp *ret_stamp, struct error *err);
void database_close(struct database *database);

/* Where a walk of this family starts. */
bool database_start(struct database *database, enum family family, struct pool *records, uint32_t *ret_cursor, struct error *err);

/* The two cursors below a node. */
bool database_step(struct database *database, uint32_t node, struct pool *records, uint32_t ret_children[2], struct error *err);

/* Where the whole tree has nothing but ASNs, says so in asn_only; gives up at the first record with more. */
bool database_survey(struct database *database, struct error *err);
