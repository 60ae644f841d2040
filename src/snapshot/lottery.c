#include "snapshot/lottery.h"

#include "base/memory.h"

struct lottery *lottery_new(const struct prefix *prefixes, size_t count)
{
    if (count == 0)
        return NULL;
    struct lottery *lottery = mem_new(1, sizeof *lottery);
    for (size_t i = 0; i < count && lottery->count < LOTTERY_MAX; i++) {
        if (lottery_has(lottery, &prefixes[i].addr, prefixes[i].len))
            continue;
        size_t at = lottery_home(&prefixes[i].addr);
        while (lottery->slots[at].addr.family != FAMILY_NONE)
            at = (at + 1) % LOTTERY_SLOTS;
        lottery->slots[at] = prefixes[i];
        lottery->count++;
    }
    return lottery;
}
