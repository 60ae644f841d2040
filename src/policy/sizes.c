#include "policy/sizes.h"

enum basis basis_of(const struct config *config, size_t first, size_t count)
{
    bool calls = true, cps = true;
    for (size_t i = first; i < first + count; i++) {
        calls &= config->endpoints[i].limits.calls > 0;
        cps &= config->endpoints[i].limits.cps > 0;
    }
    return calls ? BASIS_CALLS : cps ? BASIS_CPS : BASIS_WEIGHT;
}

uint64_t endpoint_size(const struct endpoint *endpoint, enum basis basis)
{
    const uint64_t size = basis == BASIS_CALLS ? endpoint->limits.calls : basis == BASIS_CPS ? endpoint->limits.cps : endpoint->weight;
    return size > 0 ? size : 1;
}
