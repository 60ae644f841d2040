#include "control/outgoing.h"

#include <string.h>

const struct addr *outgoing_source(const struct config *config, uint8_t family)
{
    static const uint8_t any[16];
    for (size_t i = 0; i < config->server.listen_count; i++) {
        const struct addr *addr = &config->server.listen[i].addr;
        if (addr->family == family)
            return memcmp(addr->bytes, any, sizeof any) == 0 ? NULL : addr;
    }
    return NULL;
}
