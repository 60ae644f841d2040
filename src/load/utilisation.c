#include "load/utilisation.h"

static const double percent = 100;

void amounts_add(struct amounts *amounts, enum load_unit unit, const struct reading *reading, uint64_t now_ms)
{
    struct amount *amount = &amounts->of[unit];
    const double trust = reading_trust(reading, now_ms);
    if (trust <= 0 || (amount->trust > 0 && amount->value >= reading->smoothed))
        return;
    *amount = (struct amount){.value = reading->smoothed, .raw = reading->raw, .trust = trust, .at_ms = reading->at_ms};
}

/* What a part weighs among the others in a unit. Where a capacity is not said of each, all weigh the same. */
static double weight_of(const struct part *part, enum load_unit unit, struct limits whole)
{
    if (unit == LOAD_CPS)
        return whole.cps ? part->limits.cps : 1;
    return whole.calls ? part->limits.calls : 1;
}

static struct amount amount_of_parts(const struct part *parts, size_t count, enum load_unit unit, struct limits whole)
{
    double all = 0, known = 0, trusted = 0, value = 0, raw = 0;
    uint64_t at_ms = 0;
    for (size_t i = 0; i < count; i++) {
        const struct amount *amount = &parts[i].amounts.of[unit];
        const double weight = weight_of(&parts[i], unit, whole), share = unit == LOAD_PERCENT ? weight : 1;
        all += weight;
        if (amount->trust <= 0)
            continue;
        known += weight;
        trusted += weight * amount->trust;
        value += share * amount->value;
        raw += share * amount->raw;
        at_ms = amount->at_ms > at_ms ? amount->at_ms : at_ms;
    }
    if (known <= 0)
        return (struct amount){.trust = 0};
    const double rest = unit == LOAD_PERCENT ? 1 / known : all / known;
    return (struct amount){.value = value * rest, .raw = raw * rest, .trust = trusted / all, .at_ms = at_ms};
}

struct limits limits_of_parts(struct limits own, const struct part *parts, size_t count)
{
    uint64_t calls = 0, cps = 0;
    bool all_calls = count > 0, all_cps = count > 0;
    for (size_t i = 0; i < count; i++) {
        calls += parts[i].limits.calls;
        cps += parts[i].limits.cps;
        all_calls = all_calls && parts[i].limits.calls;
        all_cps = all_cps && parts[i].limits.cps;
    }
    calls = calls < UINT32_MAX ? calls : UINT32_MAX;
    cps = cps < UINT32_MAX ? cps : UINT32_MAX;
    return (struct limits){.calls = own.calls ? own.calls : (uint32_t)(all_calls ? calls : 0),
                           .cps = own.cps ? own.cps : (uint32_t)(all_cps ? cps : 0)};
}

struct amounts amounts_of_parts(const struct part *parts, size_t count)
{
    const struct limits whole = limits_of_parts((struct limits){.calls = 0}, parts, count);
    struct amounts amounts;
    for (unsigned unit = 0; unit < LOAD_UNITS; unit++)
        amounts.of[unit] = amount_of_parts(parts, count, unit, whole);
    return amounts;
}

struct amounts amounts_prefer(const struct amounts *own, const struct amounts *of_parts)
{
    struct amounts amounts;
    for (unsigned unit = 0; unit < LOAD_UNITS; unit++)
        amounts.of[unit] = own->of[unit].trust > 0 ? own->of[unit] : of_parts->of[unit];
    return amounts;
}

struct utilisation utilisation_of(const struct amounts *amounts, struct limits limits)
{
    const double full[LOAD_UNITS] = {[LOAD_CALLS] = limits.calls, [LOAD_CPS] = limits.cps, [LOAD_PERCENT] = percent};
    struct utilisation use = {.trust = 0};
    for (unsigned unit = 0; unit < LOAD_UNITS; unit++) {
        const struct amount *amount = &amounts->of[unit];
        if (amount->trust <= 0 || full[unit] <= 0)
            continue;
        use.at_ms = amount->at_ms > use.at_ms ? amount->at_ms : use.at_ms;
        if (amount->raw / full[unit] > use.raw)
            use.raw = amount->raw / full[unit];
        if (use.trust > 0 && amount->value / full[unit] <= use.ratio)
            continue;
        use.ratio = amount->value / full[unit];
        use.trust = amount->trust;
    }
    use.calls = use.ratio * (limits.calls ? limits.calls : limits.cps);
    return use;
}
