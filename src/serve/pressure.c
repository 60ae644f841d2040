#include "serve/pressure.h"

/* Above half, what comes is more than what is answered. The kernel gives room back late, a quarter of the whole at a time: below three eighths the
 * queue may as well be empty. */
static bool is_strained(uint32_t used, uint32_t room)
{
    return used > room / 2;
}

static bool is_quiet(uint32_t used, uint32_t room)
{
    return used < room / 8 * 3;
}

void pressure_look(struct pressure *pressure, uint32_t used, uint32_t room, bool lost, uint64_t now_ms)
{
    if (lost || is_strained(used, room)) {
        if (pressure->level == 0)
            pressure->began_s = (uint32_t)(now_ms / 1000);
        if (pressure->level == 0 || (pressure->level + 1 < PRESSURE_LEVELS && now_ms - pressure->changed_ms >= PRESSURE_RAISE_MS))
            pressure->level++;
        else if (pressure->level + 1 < PRESSURE_LEVELS)
            return; /* the last step has not had its time */
        pressure->changed_ms = now_ms;
    } else if (!is_quiet(used, room)) {
        pressure->changed_ms = now_ms;
    } else if (pressure->level > 0 && now_ms - pressure->changed_ms >= PRESSURE_EASE_MS) {
        pressure->level--;
        pressure->changed_ms = now_ms;
    }
    if (pressure->level > 0)
        pressure->strained_ms = now_ms;
}

bool pressure_learns(const struct pressure *pressure, uint64_t now_ms)
{
    return pressure->level == 0 && (pressure->strained_ms == 0 || now_ms - pressure->strained_ms >= PRESSURE_LEARN_MS);
}

unsigned pressure_share(const struct pressure *pressure, unsigned batch)
{
    const unsigned share = batch >> pressure->level;
    return share > 0 ? share : 1;
}

/* First strangers give way, then what known resolvers ask beyond their usual. */
struct allowance pressure_allowance(const struct pressure *pressure)
{
    static const struct allowance by_level[PRESSURE_LEVELS] = {{4, 16}, {4, 16}, {4, 16}, {4, 16}, {4, 16}, {4, 8}, {2, 4}, {1, 2}, {1, 1}};
    return by_level[pressure->level];
}
