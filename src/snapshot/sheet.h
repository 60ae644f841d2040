/* The signatures of a steered RRset, one RRSIG set for each selection of its plan: made when the plan is, copied by the query path.
 * Shared by reference count among snapshots whose plan and signatures stay. For snapshot/ and answer/ only. Thread: any, immutable once made. */
#pragma once

#include "model/plan.h"

enum { SHEET_TTL_AT = 6 /* in a record: behind owner pointer, type and class */ };

struct sheet {
    _Atomic unsigned refs;
    struct plan *plan; /* whose selections these are; a reference */
    uint32_t stride;   /* octets for one selection */
    uint16_t keys;     /* RRSIG records for one selection, of equal length */
    int64_t renew_s;   /* when the first should be renewed; wall clock */
    uint8_t octets[];  /* by selection: records, complete but for owner and TTL */
};

struct sheet *sheet_ref(struct sheet *sheet);
/* Frees with the last reference; NULL is allowed. */
void sheet_unref(struct sheet *sheet);

struct snapshot;
struct world;

/* The sheets of snapshot that previous (may be NULL) can lend as they are; of the others it keeps what of them can be copied. */
void sheets_lend(struct snapshot *snapshot, const struct snapshot *previous, int64_t now_s);
void sheets_release(struct snapshot *snapshot);
