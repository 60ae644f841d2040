/* Pages in the Prometheus text exposition format, version 0.0.4: families of series, each with HELP and TYPE, values, labels escaped. Pure. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    char *text; /* heap; NULL while empty */
    size_t len, room;
};

enum series_type { SERIES_COUNTER, SERIES_GAUGE, SERIES_HISTOGRAM };
const char *series_type_text(enum series_type type);

/* Begins a family: all its series follow. help is of one line. */
void page_family(struct page *page, const char *name, enum series_type type, const char *help);

/* One label and its value; any octets but those that are not UTF-8, which are the caller's to avoid. */
struct label {
    const char *name, *value;
};

enum { LABELS_MAX = 4 };

/* A sample of name with labels (ended by one without a name, or LABELS_MAX of them). Whole values up to 2^53 are exact. */
void page_sample(struct page *page, const char *name, const struct label labels[LABELS_MAX], double value);

/* What has been counted by size. bounds: ascending; counts: one for each bound and one for what is larger than all. */
struct histogram {
    const double *bounds;
    size_t bound_count;
    const uint64_t *counts; /* not summed up */
    double sum;
};
/* The series _bucket (with the label le), _sum and _count. labels: at most LABELS_MAX - 1. */
void page_histogram(struct page *page, const char *name, const struct label labels[LABELS_MAX], const struct histogram *histogram);

/* The text, ended by a zero, which the caller frees; the page is empty again. */
char *page_take(struct page *page, size_t *ret_len);
