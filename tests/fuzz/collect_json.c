/* Any octets as a path and a document, parted by the first newline, and as what a source of any kind has answered: a finite number that is not negative,
 * or a printable reason. */
#include "base/invariant.h"
#include "collect/content.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(const char *text, size_t len, const char *metric, const char *path)
{
    struct load_sample sample;
    struct error err = {""};
    struct content content = {.text = text, .len = len};
    const bool done = content_read(&content, metric, path, true, &sample, &err);
    content_release(&content);
    if (done) {
        invariant(isfinite(sample.value) && sample.value >= 0);
        return;
    }
    invariant(err.text[0]);
    for (const char *at = err.text; *at; at++)
        invariant(*at >= ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    const size_t len = newline ? (size_t)(newline - data) : 0;
    char path[1024];
    if (!newline || len == 0 || len >= sizeof path)
        return 0;
    memcpy(path, data, len);
    path[len] = '\0';
    const char *text = (const char *)newline + 1;
    read_as(text, size - len - 1, NULL, path);
    read_as(text, size - len - 1, path, NULL);
    read_as(text, size - len - 1, NULL, NULL);
    return 0;
}
