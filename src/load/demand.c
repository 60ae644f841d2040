#include "load/demand.h"

#include "base/memory.h"
#include "load/rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 1024 }; /* classes that demand of unknown class is put to */

struct demand {
    uint32_t half_life_ms;
    uint64_t closed_ms; /* 0: no interval has begun */
    double known;
    struct rates flows;    /* key: service, class */
    struct rates prefixes; /* key: family, length, octets */
};

/* Long enough to be calm at some answers a second, short against how demand changes with the day, and against what calls last. */
uint32_t demand_half_life_ms(uint32_t hold_ms)
{
    enum { LEAST_MS = 2000, MOST_MS = 30000, IN_A_CALL = 6 };
    const uint32_t part_ms = hold_ms / IN_A_CALL;
    return part_ms < LEAST_MS ? LEAST_MS : part_ms < MOST_MS ? part_ms : MOST_MS;
}

struct demand *demand_new(uint32_t half_life_ms)
{
    struct demand *demand = mem_new(1, sizeof *demand);
    demand->half_life_ms = half_life_ms;
    rates_init(&demand->flows, DEMAND_FLOWS);
    rates_init(&demand->prefixes, DEMAND_PREFIXES);
    return demand;
}

void demand_set_half_life(struct demand *demand, uint32_t half_life_ms)
{
    demand->half_life_ms = half_life_ms;
}

void demand_free(struct demand *demand)
{
    if (demand == NULL)
        return;
    rates_release(&demand->flows);
    rates_release(&demand->prefixes);
    free(demand);
}

static void flow_key(uint32_t service, uint32_t class, uint8_t ret_key[RATE_KEY])
{
    memset(ret_key, 0, RATE_KEY);
    memcpy(ret_key, &service, sizeof service);
    memcpy(ret_key + sizeof service, &class, sizeof class);
}

static struct flow flow_of(const struct rate *item, double scale)
{
    struct flow flow = {.rate = item->rate * scale};
    memcpy(&flow.service, item->key, sizeof flow.service);
    memcpy(&flow.class, item->key + sizeof flow.service, sizeof flow.class);
    return flow;
}

static void prefix_key(const struct prefix *prefix, uint8_t ret_key[RATE_KEY])
{
    memset(ret_key, 0, RATE_KEY);
    ret_key[0] = (uint8_t)prefix->addr.family;
    ret_key[1] = prefix->len;
    memcpy(ret_key + 2, prefix->addr.bytes, addr_octets(prefix->addr.family));
}

static struct prefix prefix_of(const struct rate *item)
{
    struct prefix prefix = {.addr = {.family = item->key[0]}, .len = item->key[1]};
    memcpy(prefix.addr.bytes, item->key + 2, addr_octets(prefix.addr.family));
    return prefix;
}

void demand_add(struct demand *demand, const struct demand_cell *cell, double weight)
{
    uint8_t key[RATE_KEY];
    flow_key(cell->service, cell->class, key);
    rates_item(&demand->flows, key)->fresh += cell->count * weight;
    if (cell->votes == 0)
        return;
    prefix_key(&cell->candidate, key);
    rates_item(&demand->prefixes, key)->fresh += cell->votes * weight;
}

void demand_lose(struct demand *demand, double answers)
{
    demand->flows.rest.fresh += answers;
}

void demand_close(struct demand *demand, uint64_t now_ms)
{
    const uint64_t took_ms = demand->closed_ms && now_ms > demand->closed_ms ? now_ms - demand->closed_ms : 0;
    if (took_ms == 0) {
        demand->closed_ms = demand->closed_ms ? demand->closed_ms : now_ms;
        return;
    }
    const double alpha = 1 - exp2(-(double)took_ms / demand->half_life_ms);
    demand->closed_ms = now_ms;
    demand->known += alpha * (1 - demand->known);
    rates_close(&demand->flows, alpha, (double)took_ms / 1000);
    rates_close(&demand->prefixes, alpha, (double)took_ms / 1000);
}

double demand_known(const struct demand *demand)
{
    return demand->known;
}

/* The rates begin at 0; this takes out of them that they do. */
static double correction(const struct demand *demand)
{
    return demand->known > 0 ? 1 / demand->known : 0;
}

double demand_rate(const struct demand *demand)
{
    return rates_sum(&demand->flows) * correction(demand);
}

static int by_flow(const void *left, const void *right)
{
    const struct flow *a = left, *b = right;
    if (a->rate != b->rate)
        return a->rate > b->rate ? -1 : 1;
    if (a->service != b->service)
        return a->service < b->service ? -1 : 1;
    return a->class < b->class ? -1 : a->class > b->class;
}

/* Shares of all addresses by class, largest first, at most so many (and PLACES_MOST); their rates add up to 1. */
static struct flow *shares_of_places(const struct classes *classes, size_t most, size_t *ret_count)
{
    struct flow *shares = mem_new(classes->count, sizeof *shares);
    double sum = 0;
    size_t count = 0;
    for (uint32_t i = 0; classes->places && i < classes->count; i++)
        if (classes->places[i].weight > 0)
            shares[count++] = (struct flow){.class = i, .rate = (double)classes->places[i].weight};
    if (count == 0)
        shares[count++] = (struct flow){.class = classes->unknown, .rate = 1};
    qsort(shares, count, sizeof *shares, by_flow);
    most = most > PLACES_MOST ? PLACES_MOST : most > 0 ? most : 1;
    *ret_count = count < most ? count : most;
    for (size_t i = 0; i < *ret_count; i++)
        sum += shares[i].rate;
    for (size_t i = 0; i < *ret_count; i++)
        shares[i].rate /= sum;
    return shares;
}

/* Adds demand of a service whose classes are not known. */
static size_t spread(const struct flow *shares, size_t share_count, uint32_t service, double rate, struct flow *ret)
{
    for (size_t i = 0; i < share_count; i++)
        ret[i] = (struct flow){service, shares[i].class, shares[i].rate * rate};
    return share_count;
}

/* By service, of what is known by class. */
static double *rates_of_services(const struct demand *demand, size_t services, double *ret_sum)
{
    double *rates = mem_new(services + 1, sizeof *rates);
    *ret_sum = 0;
    for (size_t i = 0; i < demand->flows.count; i++) {
        const struct flow flow = flow_of(&demand->flows.items[i], 1);
        if (flow.service < services) {
            rates[flow.service] += flow.rate;
            *ret_sum += flow.rate;
        }
    }
    return rates;
}

/* The same class twice is once. */
static size_t join_flows(struct flow *flows, size_t count)
{
    struct rates joined;
    rates_init(&joined, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[RATE_KEY];
        flow_key(flows[i].service, flows[i].class, key);
        rates_item(&joined, key)->rate += flows[i].rate;
    }
    for (size_t i = 0; i < joined.count; i++)
        flows[i] = flow_of(&joined.items[i], 1);
    count = joined.count;
    rates_release(&joined);
    return count;
}

struct flow *demand_flows(const struct demand *demand, const struct classes *classes, size_t services, size_t *ret_count,
                          bool *ret_measured)
{
    double known_sum, *by_service = rates_of_services(demand, services, &known_sum);
    size_t share_count;
    struct flow *shares = shares_of_places(classes, services ? DEMAND_FLOWS / services : 1, &share_count);
    struct flow *flows = mem_new(demand->flows.count + services * share_count + 1, sizeof *flows);
    const double scale = correction(demand);
    double rest = demand->flows.rest.rate * scale;
    *ret_count = 0;
    *ret_measured = known_sum > 0;
    for (size_t i = 0; *ret_measured && i < demand->flows.count; i++) {
        const struct flow flow = flow_of(&demand->flows.items[i], scale);
        if (flow.service < services && flow.class < classes->count)
            flows[(*ret_count)++] = flow;
        else
            rest += flow.rate;
    }
    for (uint32_t i = 0; i < services; i++) {
        const double rate = !*ret_measured ? 1.0 / (double)services : rest * by_service[i] / known_sum;
        if (rate > 0)
            *ret_count += spread(shares, share_count, i, rate, flows + *ret_count);
    }
    *ret_count = join_flows(flows, *ret_count);
    qsort(flows, *ret_count, sizeof *flows, by_flow);
    free(by_service);
    free(shares);
    return flows;
}

static int by_heavy(const void *left, const void *right)
{
    const struct heavy *a = left, *b = right;
    if (a->rate != b->rate)
        return a->rate > b->rate ? -1 : 1;
    return memcmp(a->prefix.addr.bytes, b->prefix.addr.bytes, sizeof a->prefix.addr.bytes);
}

size_t demand_heavy(const struct demand *demand, double share, struct heavy *ret, size_t most)
{
    const double all = demand_rate(demand), scale = correction(demand);
    struct heavy *found = mem_new(demand->prefixes.count + 1, sizeof *found);
    size_t count = 0;
    for (size_t i = 0; i < demand->prefixes.count; i++) {
        const double rate = demand->prefixes.items[i].rate * scale;
        if (all > 0 && rate >= share * all)
            found[count++] = (struct heavy){prefix_of(&demand->prefixes.items[i]), rate, rate / all};
    }
    qsort(found, count, sizeof *found, by_heavy);
    count = count < most ? count : most;
    memcpy(ret, found, count * sizeof *ret);
    free(found);
    return count;
}

void demand_renumber(struct demand *demand, const uint32_t *service_to, size_t services, const uint32_t *class_to, size_t classes)
{
    const struct rates old = demand->flows;
    rates_init(&demand->flows, DEMAND_FLOWS);
    demand->flows.rest = old.rest;
    for (size_t i = 0; i < old.count; i++) {
        const struct flow flow = flow_of(&old.items[i], 1);
        const uint32_t service = flow.service < services ? service_to[flow.service] : DEMAND_GONE;
        const uint32_t class = flow.class < classes ? class_to[flow.class] : DEMAND_GONE;
        if (service == DEMAND_GONE)
            continue;
        uint8_t key[RATE_KEY];
        flow_key(service, class, key);
        struct rate *to = class == DEMAND_GONE ? &demand->flows.rest : rates_item(&demand->flows, key);
        to->rate += old.items[i].rate;
        to->fresh += old.items[i].fresh;
    }
    free(old.items);
    free(old.slots);
}
