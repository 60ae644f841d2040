/* What a reload may change of the listener: who may do what, by which names it is asked, and its certificate. Made in any thread, never changed afterwards,
 * handed over whole. */
#pragma once

#include "base/report.h"
#include "http/tokens.h"
#include "model/http_config.h"
#include "serve/credentials.h"

struct access {
    struct tokens *tokens;           /* NULL: none */
    struct credentials *credentials; /* NULL: no TLS */
    int64_t certificate_end_s;
    bool loopback_view, public_status;
    char **hosts;
    size_t host_count;
};

/* Reads the token file and the certificate. NULL when one of them cannot be used, which report tells. */
struct access *access_load(const struct http_config *config, struct report *report);
void access_free(struct access *access);
