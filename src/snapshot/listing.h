/* The records of a steered answer: what a selection is in octets. The query path writes them into answers, the signer signs what is written, by the
 * same function, so that no answer can hold another RRset than the signed one. For snapshot/ and answer/ only. Thread: any. */
#pragma once

#include "snapshot/hot.h"

/* What the answer section of a steered answer may fill: 512 octets less an OPT with the longest ECS. The same for every client, so that all see
 * one RRset (the phones that cannot take more decide, see docs/query-path.md). */
enum { STEERED_BUDGET = UDP_DEFAULT - OPT_LEN - 24, QUESTION_TAIL = 4 /* type and class */ };

struct listing {
    struct writer *w; /* of the whole message */
    const struct steered *set;
    uint16_t owner; /* the pointer to the name that owns the records */
    uint32_t ttl_s;
    size_t limit; /* octets that the message may have at most before its OPT */
    /* Results. */
    size_t start;   /* offset of the first record */
    unsigned count; /* records */
    bool cut;       /* the limit, not the budget, kept a record out */
    bool whole;     /* this answer makes no sense in part */
    unsigned target_count;
    struct {
        uint16_t endpoint, at; /* offset of the target in an SRV record */
    } targets[TARGETS_MAX];
};

/* Appends the records of plan's selection. */
void list_selection(struct listing *list, const struct plan *plan, const struct selection *selection);
