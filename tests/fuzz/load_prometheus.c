/* Any octets as a selector and a page, parted by the first newline: what is found is finite, and nothing is counted that is not there. */
#include "base/invariant.h"
#include "load/prometheus.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    const size_t len = newline ? (size_t)(newline - data) : 0;
    char text[2 * SELECTOR_TEXT];
    struct selector selector;
    struct error err = {""};
    if (!newline || len >= sizeof text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    if (!selector_parse(text, &selector, &err)) {
        invariant(err.text[0]);
        return 0;
    }
    const struct page_sum sum = prometheus_read((const char *)newline + 1, size - len - 1, &selector);
    size_t lines = 1;
    for (size_t i = len + 1; i < size; i++)
        lines += data[i] == '\n';
    invariant(sum.series + sum.ignored <= lines && sum.bad <= lines);
    invariant(sum.series || (sum.sum == 0 && !sum.stamped));
    invariant(isfinite(sum.stamp));
    return 0;
}
