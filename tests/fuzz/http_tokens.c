/* The file of tokens: whatever it holds, it is taken whole or told what is wrong with it. */
#include "http/tokens.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct report report;
    const char *name = NULL;
    report_init(&report);
    struct tokens *tokens = tokens_read("t", (const char *)data, len, &report);
    if (!tokens == !report.errors)
        abort();
    if (tokens_find(tokens, (const char *)data, len, &name) != ROLE_NONE && !name)
        abort();
    for (size_t i = 0; tokens && i < tokens_count(tokens); i++)
        if (!token_is_name(tokens_name(tokens, i)) || tokens_role(tokens, i) == ROLE_NONE)
            abort();
    tokens_free(tokens);
    report_release(&report);
    return 0;
}
