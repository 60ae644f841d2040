/* Adding to the faults. Inside this folder only. Thread: the caller's. */
#pragma once

#include "delegation/delegation.h"

/* The same fault at several stations is one, with all of them. station NULL: it is nobody's in particular. */
void fault_add(struct faults *faults, const char *code, bool grave, const struct station *station, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether it holds now: times are serial numbers around now (RFC 4034 3.1.5). */
bool signature_past(const struct rrsig_seen *seen, int64_t now_s);
bool signature_future(const struct rrsig_seen *seen, int64_t now_s);

/* Each of these adds what is wrong there. */
void judge_parents(struct survey *survey, struct faults *faults);
void judge_keys(struct survey *survey, int64_t now_s, struct faults *faults);
void judge_servers(struct survey *survey, int64_t now_s, struct faults *faults);
