/* What of a request is parsed here: the Host it names, the token it brings, its query. Pure, bounded. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { PARAMS_MAX = 16, PARAMS_TEXT_MAX = 4096 /* octets, as they came */ };

/* The Host (or authority) of a request, with a port or without: an IP address, "localhost", or one of the names (with a final dot, small letters). Any
 * other is asked by a page elsewhere whose name was made to lead here (DNS rebinding). NULL: there is none, as HTTP/1.0 allows. */
bool host_allowed(const char *host, char *const *names, size_t count);

/* The token of an Authorization header, "Bearer TOKEN"; NULL when it is of another kind. */
const char *bearer_token(const char *authorization, size_t *ret_len);

/* Whether If-None-Match holds this tag (with its quotes), or "*". header may be NULL. */
bool tag_matches(const char *header, const char *tag);

/* A query, key=value&..., decoded. Texts are in `held`. */
struct params {
    char *held;
    struct {
        const char *key, *value;
    } items[PARAMS_MAX];
    size_t count;
};

/* False: too long, too many keys, a key twice, a key without value, a bad %-escape, or a control character; nothing to release. text may be NULL. */
bool params_parse(const char *text, struct params *ret_params);
void params_release(struct params *params);
/* The value of the key, or NULL. */
const char *params_get(const struct params *params, const char *key);
