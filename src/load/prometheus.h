/* Pages in the Prometheus text format (version 0.0.4, and what OpenMetrics adds): the series that a selector names. Lines of other metrics are not
 * looked at, so a page may hold what we do not know; a line of the metric that is malformed is told. Pure. Thread: any. */
#pragma once

#include "model/selector.h"

struct page_sum {
    double sum;     /* over all series */
    size_t series;  /* with a finite value */
    size_t ignored; /* +Inf, -Inf and NaN */
    size_t bad;     /* the line number of the first malformed one; 0: none */
    bool stamped;   /* at least one has a timestamp, */
    double stamp;   /* the largest, in the page's own unit (milliseconds or, in OpenMetrics, seconds) */
};

struct page_sum prometheus_read(const char *page, size_t len, const struct selector *selector);
