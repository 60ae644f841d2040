#include "collect/content.h"

#include "collect/json.h"
#include "load/prometheus.h"

#include <math.h>

static bool read_metric(const char *text, size_t len, const char *metric, bool sum, struct load_sample *ret_sample, struct error *err)
{
    struct selector selector;
    if (!selector_parse(metric, &selector, err))
        return false;
    const struct page_sum page = prometheus_read(text, len, &selector);
    if (page.bad)
        return error_set(err, "line %zu of the page is malformed", page.bad);
    if (page.series == 0)
        return error_set(err, "%s %s", page.ignored ? "the page has no finite value of" : "the page has no series of", metric);
    if (page.series > 1 && !sum)
        return error_set(err, "%zu series fit: name more labels, or say sum = true", page.series);
    *ret_sample = (struct load_sample){.value = page.sum, .stamped = page.stamped, .stamp = page.stamp};
    return true;
}

/* Whatever the configuration and the page have put into it. */
static bool make_printable(struct error *err)
{
    for (char *at = err->text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return false;
}

void content_release(struct content *content)
{
    json_close(content->json);
    content->json = NULL;
}

static bool read_json(struct content *content, const char *path, double *ret_value, struct error *err)
{
    if (!content->json && !content->not_json.text[0])
        content->json = json_open(content->text, content->len, &content->not_json);
    if (!content->json)
        return error_set(err, "%s", content->not_json.text);
    return json_find(content->json, path, ret_value, err);
}

bool content_read(struct content *content, const char *metric, const char *path, bool sum, struct load_sample *ret_sample,
                  struct error *err)
{
    bool done;
    *ret_sample = (struct load_sample){.value = 0};
    if (metric)
        done = read_metric(content->text, content->len, metric, sum, ret_sample, err);
    else if (path)
        done = read_json(content, path, &ret_sample->value, err);
    else
        done = number_read(content->text, content->len, &ret_sample->value) || error_set(err, "it is not a number");
    if (done && !(isfinite(ret_sample->value) && ret_sample->value >= 0))
        done = error_set(err, "the value is negative or not finite");
    return done || make_printable(err);
}
