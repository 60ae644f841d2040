/* What of a request http/ parses itself: Host, token, tag and query; the octets are cut at NUL into these four. */
#include "http/line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char *names[] = {"dns.example.com."};
    char *copy = malloc(len + 4);
    const char *parts[4];
    size_t at = 0, token_len;
    struct params params;
    memcpy(copy, data, len);
    memset(copy + len, 0, 4);
    for (size_t i = 0; i < 4; i++) {
        parts[i] = copy + at;
        at += strlen(parts[i]) + (at + strlen(parts[i]) < len + 3);
    }
    host_allowed(parts[0], names, 1);
    const char *token = bearer_token(parts[1], &token_len);
    if (token && token_len > strlen(parts[1]))
        abort();
    tag_matches(parts[2], "\"0123\"");
    if (params_parse(parts[3], &params)) {
        for (size_t i = 0; i < params.count; i++)
            if (params_get(&params, params.items[i].key) != params.items[i].value)
                abort();
        params_release(&params);
    }
    free(copy);
    return 0;
}
