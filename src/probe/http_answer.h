/* What an HTTP server has said, kept within bounds, and what it means. Pure: libcurl brings the octets.
 * Thread: the engine's. Embedded in what the back end keeps. */
#pragma once

#include "health/health.h"
#include "model/probe_config.h"

#include <regex.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 65536, HTTP_BODY_MAX = 65536, HTTP_REGEX_MAX = 4096 };

struct http_answer {
    unsigned status;
    uint32_t retry_after_s;
    int64_t certificate_end_s;
    size_t head_len, body_len; /* octets that have come */
    bool head_full, body_full; /* one more is too many */
    char *body;                /* NULL when nothing looks at it */
    size_t body_room;
};

/* What is to be found in a body. */
struct http_pattern {
    char *text; /* what it was made from; NULL: nothing */
    bool regex;
    regex_t compiled; /* if regex */
};

/* Counts a line of the head; false: too much of it. */
bool http_answer_head(struct http_answer *answer, const char *octets, size_t len);
/* Takes the next octets of the body; false: enough has come. */
bool http_answer_body(struct http_answer *answer, const char *octets, size_t len, bool keep);
/* Frees the body; the answer is empty then. */
void http_answer_release(struct http_answer *answer);

/* What the status, and a body in which something is to be found, say of the endpoint. */
struct observation http_answer_judge(const struct http_answer *answer, const struct probe *probe, const struct http_pattern *pattern);

/* Makes the pattern of the probe ready, if it is not. False: it is no regular expression, which the configuration would not have admitted. */
bool http_pattern_set(struct http_pattern *pattern, const struct http_probe *how);
bool http_pattern_wanted(const struct http_pattern *pattern);
void http_pattern_release(struct http_pattern *pattern);

/* What an error of libcurl's, and the errno behind it, tell about the endpoint. */
enum reason http_reason_of(int curl_code, int why);
