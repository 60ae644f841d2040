#include "control/beliefs.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MIN_MS = 5000, RENEW_MIN_MS = 10000 };

static bool overridden(const struct endpoint *endpoint, const struct probe *probe, struct addr *ret_addr)
{
    *ret_addr = probe->address.family != FAMILY_NONE ? probe->address : endpoint->address;
    return ret_addr->family != FAMILY_NONE;
}

static bool in_service(const struct service *service, uint8_t site)
{
    return memchr(service->sites, site, service->site_count) != NULL;
}

/* Whom callers of the endpoint think to speak to, and so what its certificate must be for (RFC 5922 4): the domain of the service, not the host. */
static char *domain_of(const struct config *config, const struct endpoint *endpoint, const struct probe *probe)
{
    if (probe->tls.name)
        return probe->tls.name;
    for (size_t i = 0; i < config->service_count; i++)
        if (in_service(&config->services[i], endpoint->site))
            return config->services[i].name;
    return endpoint->host;
}

static void add_check(struct beliefs *beliefs, size_t *room, size_t endpoint, uint16_t number, const struct addr *addr)
{
    const struct config *config = beliefs->config;
    const struct probe *probe = &config->probes[number];
    beliefs->checks = mem_grow(beliefs->checks, room, beliefs->check_count + 1, sizeof *beliefs->checks);
    beliefs->checks[beliefs->check_count++] = (struct checkup){
        .probe = number,
        .check = {.host = config->endpoints[endpoint].host,
                  .site = config->sites[config->endpoints[endpoint].site].name,
                  .endpoint = (uint16_t)endpoint,
                  .probe = *probe,
                  .domain = domain_of(config, &config->endpoints[endpoint], probe),
                  .target = {.addr = *addr, .port = probe->port}},
    };
}

/* A probe's own address wins over the endpoint's, and that over the host's in the zone files. */
static void add_checks(struct beliefs *beliefs, size_t *room, const struct world *world, size_t number)
{
    const struct config *config = beliefs->config;
    const struct endpoint *endpoint = &config->endpoints[number];
    const struct addr *addrs;
    const size_t addr_count = world_addresses(world, number, &addrs);
    for (size_t i = 0; i < addr_count; i++)
        beliefs->families[number] |= addrs[i].family == FAMILY_V4 ? 1 : 2;
    for (size_t p = 0; p < endpoint->probe_count; p++) {
        const struct probe *probe = &config->probes[endpoint->probes[p]];
        struct addr elsewhere;
        if (overridden(endpoint, probe, &elsewhere))
            add_check(beliefs, room, number, endpoint->probes[p], &elsewhere);
        else
            for (size_t i = 0; i < addr_count; i++)
                add_check(beliefs, room, number, endpoint->probes[p], &addrs[i]);
    }
}

/* A named check stands for itself: its subject is no endpoint, its host its name, which no host can be as it lacks the dot. */
static void add_named_check(struct beliefs *beliefs, size_t *room, size_t number)
{
    const struct named_check *named = &beliefs->config->judgement.checks[number];
    const struct probe *probe = &beliefs->config->probes[named->probe];
    beliefs->checks = mem_grow(beliefs->checks, room, beliefs->check_count + 1, sizeof *beliefs->checks);
    beliefs->checks[beliefs->check_count++] = (struct checkup){
        .probe = named->probe,
        .check = {.host = named->name,
                  .domain = probe->tls.name,
                  .endpoint = (uint16_t)(beliefs->config->endpoint_count + number),
                  .probe = *probe,
                  .target = {.addr = named->address.family != FAMILY_NONE ? named->address : probe->address,
                             .port = named->port ? named->port : probe->port}},
    };
}

static int by_identity(const void *left, const void *right)
{
    const struct checkup *a = *(struct checkup *const *)left, *b = *(struct checkup *const *)right;
    return identity_order(a->check.host, a->check.probe.name, &a->check.target, b->check.host, b->check.probe.name, &b->check.target);
}

static struct checkup **sorted(const struct beliefs *beliefs)
{
    struct checkup **all = mem_new(beliefs->check_count + 1, sizeof(struct checkup *));
    for (size_t i = 0; i < beliefs->check_count; i++)
        all[i] = &beliefs->checks[i];
    qsort(all, beliefs->check_count, sizeof(struct checkup *), by_identity);
    return all;
}

static void carry(struct beliefs *beliefs, struct checkup *to, const struct beliefs *previous, const struct checkup *from)
{
    to->health = from->health;
    to->last = from->last;
    to->at_ms = from->at_ms;
    to->count = from->count;
    to->warned_end_s = from->warned_end_s;
    beliefs->successors[from - previous->checks] = (uint32_t)(to - beliefs->checks);
    beliefs->health[to->check.endpoint] = previous->health[from->check.endpoint];
}

/* Begins with what a sibling's endpoint was believed to be by the way that the check looks at, or as a whole where nothing looked at that way:
 * else a probe that was renamed would bring the dead back until it has failed often enough. */
static void inherit(struct beliefs *beliefs, struct checkup *to, const struct beliefs *previous, const struct checkup *sibling,
                    uint64_t now_ms)
{
    const struct endpoint_health *believed = &previous->health[sibling->check.endpoint];
    const struct facet *ways = believed->of[to->check.target.addr.family == FAMILY_V6];
    to->check.saved = believed->overall;
    for (unsigned transport = TRANSPORT_COUNT; transport-- > 0;)
        if (to->check.probe.speaks >> transport & 1 && ways[transport].probed)
            to->check.saved = ways[transport].verdict;
    health_init(&to->health, to->check.saved, now_ms);
    beliefs->health[to->check.endpoint] = *believed;
}

/* A check of the same host next to where this one would stand in the order of identity; NULL: there is none at all. */
static const struct checkup *find_sibling(struct checkup *const *sorted_checks, size_t count, size_t at, const char *host)
{
    if (at < count && strcmp(sorted_checks[at]->check.host, host) == 0)
        return sorted_checks[at];
    return at > 0 && strcmp(sorted_checks[at - 1]->check.host, host) == 0 ? sorted_checks[at - 1] : NULL;
}

/* Both sides in order of identity, walked side by side. */
static void carry_over(struct beliefs *beliefs, const struct beliefs *previous, uint64_t now_ms)
{
    beliefs->successors = mem_new(previous->check_count + 1, sizeof *beliefs->successors);
    beliefs->successor_count = previous->check_count;
    memset(beliefs->successors, 0xff, previous->check_count * sizeof *beliefs->successors);
    struct checkup **to = sorted(beliefs), **from = sorted(previous);
    for (size_t i = 0, j = 0; i < beliefs->check_count; i++) {
        while (j < previous->check_count && by_identity(&from[j], &to[i]) < 0)
            j++;
        const struct checkup *sibling = find_sibling(from, previous->check_count, j, to[i]->check.host);
        if (j < previous->check_count && by_identity(&from[j], &to[i]) == 0)
            carry(beliefs, to[i], previous, from[j]);
        else if (sibling)
            inherit(beliefs, to[i], previous, sibling, now_ms);
    }
    free(to);
    free(from);
}

/* One part for each way that the check speaks for. */
static size_t add_parts(const struct checkup *at, unsigned voice, enum family family, struct health_part *parts)
{
    size_t count = 0;
    for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
        if (at->check.probe.speaks >> transport & 1)
            parts[count++] = (struct health_part){.family = family, .transport = transport, .health = &at->health, .probe = voice};
    return count;
}

static bool is_moved(const struct beliefs *beliefs, size_t subject, const struct checkup *at)
{
    struct addr elsewhere;
    return subject < beliefs->config->endpoint_count && overridden(&beliefs->config->endpoints[subject], &at->check.probe, &elsewhere);
}

/* A probe sent elsewhere than to the host's own addresses speaks for every family the host has. */
static size_t make_parts(const struct beliefs *beliefs, size_t endpoint, struct health_part *parts)
{
    size_t count = 0;
    unsigned voice = 0;
    for (uint32_t i = beliefs->first[endpoint]; i < beliefs->first[endpoint + 1]; i++) {
        const struct checkup *at = &beliefs->checks[i];
        voice += i > beliefs->first[endpoint] &&
                 strcmp(at->check.probe.name, at[-1].check.probe.name) != 0; /* a probe's checks are neighbours */
        unsigned families = is_moved(beliefs, endpoint, at) ? beliefs->families[endpoint] : 0;
        if (!families)
            families = at->check.target.addr.family == FAMILY_V4 ? 1 : 2;
        for (unsigned f = 0; f < 2; f++)
            if (families & 1u << f)
                count += add_parts(at, voice, f ? FAMILY_V6 : FAMILY_V4, parts + count);
    }
    return count;
}

static void compose(struct beliefs *beliefs, size_t endpoint)
{
    const size_t checks = beliefs->first[endpoint + 1] - beliefs->first[endpoint];
    struct health_part *parts = mem_new(2 * TRANSPORT_COUNT * checks + 1, sizeof *parts);
    const unsigned need = endpoint < beliefs->config->endpoint_count ? beliefs->config->endpoints[endpoint].need : NEED_ALL;
    beliefs->health[endpoint] = health_compose(parts, make_parts(beliefs, endpoint, parts), need);
    free(parts);
}

/* As compose(), and since_ms tells when overall really changed. */
static void recompose(struct beliefs *beliefs, size_t endpoint, uint64_t now_ms)
{
    const struct endpoint_health before = beliefs->health[endpoint];
    compose(beliefs, endpoint);
    struct endpoint_health *health = &beliefs->health[endpoint];
    if (before.since_ms)
        health->since_ms = health->overall == before.overall ? before.since_ms : now_ms;
    else if (!health->since_ms)
        health->since_ms = now_ms;
}

static uint64_t ago(uint64_t now_ms, uint64_t age_ms)
{
    return now_ms > age_ms ? now_ms - age_ms : 1; /* 0 says never */
}

/* Ages were counted to the moment of saving. */
static struct damping restore_damping(const struct saved_verdict *was, uint64_t since_saved_ms, uint64_t now_ms)
{
    return (struct damping){
        .falls = was->falls,
        .rose_ms = was->rose_age_ms ? ago(now_ms, was->rose_age_ms + since_saved_ms) : 0,
        .held_until_ms = was->hold_ms > since_saved_ms ? now_ms + was->hold_ms - since_saved_ms : 0,
    };
}

static void begin(struct beliefs *beliefs, struct checkup *at, const struct saved *saved, uint64_t now_ms)
{
    const struct saved_verdict *was = saved ? saved_find(saved, at->check.host, at->check.probe.name, &at->check.target) : NULL;
    if (was) {
        at->check.saved = was->verdict;
        at->check.since_ms = ago(now_ms, was->age_ms + saved->age_ms);
        at->check.damping = restore_damping(was, saved->age_ms, now_ms);
        beliefs->saved_count++;
    }
    check_begin(&at->check, &at->health, now_ms);
}

void beliefs_init(struct beliefs *beliefs, const struct world *world, const struct beliefs *previous, const struct saved *saved,
                  uint64_t now_ms)
{
    const struct config *config = world_config(world);
    const size_t endpoints = config->endpoint_count;
    *beliefs = (struct beliefs){.config = config,
                                .generation = previous ? previous->generation + 1 : 1,
                                .subject_count = endpoints + config->judgement.check_count};
    beliefs->first = mem_new(beliefs->subject_count + 1, sizeof *beliefs->first);
    beliefs->families = mem_new(endpoints + 1, 1);
    beliefs->health = mem_new(beliefs->subject_count + 1, sizeof *beliefs->health);
    size_t room = 0;
    for (size_t i = 0; i < endpoints; i++) {
        add_checks(beliefs, &room, world, i);
        beliefs->first[i + 1] = (uint32_t)beliefs->check_count;
    }
    for (size_t i = endpoints; i < beliefs->subject_count; i++) {
        add_named_check(beliefs, &room, i - endpoints);
        beliefs->first[i + 1] = (uint32_t)beliefs->check_count;
    }
    for (size_t i = 0; i < beliefs->check_count; i++)
        begin(beliefs, &beliefs->checks[i], saved, now_ms);
    if (previous)
        carry_over(beliefs, previous, now_ms);
    for (size_t i = 0; i < beliefs->subject_count; i++)
        recompose(beliefs, i, now_ms);
}

void beliefs_release(struct beliefs *beliefs)
{
    free(beliefs->checks);
    free(beliefs->first);
    free(beliefs->families);
    free(beliefs->successors);
    free(beliefs->health);
}

void beliefs_install(const struct beliefs *beliefs, const struct trust *trust, struct probe_engine *engine)
{
    struct check *checks = mem_new(beliefs->check_count + 1, sizeof *checks);
    for (size_t i = 0; i < beliefs->check_count; i++) {
        checks[i] = beliefs->checks[i].check;
        checks[i].tls = trust_of(trust, beliefs->checks[i].probe);
    }
    probe_engine_set(engine, checks, beliefs->check_count, beliefs->generation);
    free(checks);
}

static bool same_choice(const struct endpoint_health *a, const struct endpoint_health *b)
{
    for (unsigned f = 0; f < 2; f++)
        for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
            if (a->of[f][t].verdict != b->of[f][t].verdict || a->of[f][t].probed != b->of[f][t].probed ||
                a->of[f][t].held != b->of[f][t].held)
                return false;
    return a->overall == b->overall && a->held == b->held && a->doubt == b->doubt;
}

/* A result of the set before may still come in after a reload; the engine keeps what it learned, so it must not be lost here. */
static struct checkup *addressee(struct beliefs *beliefs, const struct check_result *result)
{
    uint32_t index = result->check;
    if (result->generation + 1 == beliefs->generation)
        index = index < beliefs->successor_count ? beliefs->successors[index] : UINT32_MAX;
    else if (result->generation != beliefs->generation)
        return NULL;
    return index < beliefs->check_count ? &beliefs->checks[index] : NULL;
}

const struct checkup *beliefs_addressee(const struct beliefs *beliefs, const struct check_result *result)
{
    return addressee((struct beliefs *)beliefs, result);
}

bool beliefs_take(struct beliefs *beliefs, const struct check_result *result, uint16_t *ret_endpoint, struct endpoint_health *ret_before)
{
    struct checkup *at = addressee(beliefs, result);
    if (!at)
        return false;
    at->health = result->health;
    at->last = result->last;
    at->at_ms = result->at_ms;
    at->count = result->count;
    *ret_endpoint = at->check.endpoint;
    *ret_before = beliefs->health[at->check.endpoint];
    recompose(beliefs, at->check.endpoint, result->at_ms);
    return !same_choice(ret_before, &beliefs->health[at->check.endpoint]);
}

bool beliefs_stop(struct beliefs *beliefs, uint64_t now_ms)
{
    bool changed = false;
    for (size_t i = 0; i < beliefs->check_count; i++)
        changed |= health_stop(&beliefs->checks[i].health, REASON_STOPPED, now_ms);
    for (size_t i = 0; i < beliefs->subject_count; i++)
        recompose(beliefs, i, now_ms);
    return changed;
}

static bool is_old(const struct checkup *at, uint64_t behind_since_ms, uint64_t now_ms)
{
    const uint64_t last_ms = at->count ? at->at_ms : behind_since_ms;
    const uint64_t limit_ms = 3 * ((uint64_t)at->check.probe.interval_ms + at->check.probe.timeout_ms);
    return now_ms > last_ms && now_ms - last_ms > (limit_ms > RENEW_MIN_MS ? limit_ms : RENEW_MIN_MS);
}

size_t beliefs_expire(struct beliefs *beliefs, uint64_t behind_since_ms, uint64_t now_ms)
{
    size_t expired = 0;
    for (size_t i = 0; i < beliefs->check_count; i++) {
        struct checkup *at = &beliefs->checks[i];
        const bool reported = at->check.probe.type == PROBE_PUSH; /* it says itself how long it holds */
        if (reported || at->health.verdict == VERDICT_UNKNOWN || !is_old(at, behind_since_ms, now_ms))
            continue;
        health_stop(&at->health, REASON_BEHIND, now_ms);
        recompose(beliefs, at->check.endpoint, now_ms);
        expired++;
    }
    return expired;
}

bool beliefs_settled(const struct beliefs *beliefs)
{
    for (size_t i = 0; i < beliefs->check_count; i++) {
        const struct checkup *at = &beliefs->checks[i];
        if (at->health.verdict == VERDICT_UNKNOWN && at->count < at->check.probe.fall)
            return false;
    }
    return true;
}

uint64_t beliefs_window_ms(const struct beliefs *beliefs)
{
    uint64_t slowest = 0;
    for (size_t i = 0; i < beliefs->config->probe_count; i++) {
        const struct probe *probe = &beliefs->config->probes[i];
        const uint64_t takes = (uint64_t)probe->interval_ms * probe->fall + probe->timeout_ms + probe->confirm_ms;
        slowest = takes > slowest ? takes : slowest;
    }
    return 2 * slowest > WINDOW_MIN_MS ? 2 * slowest : WINDOW_MIN_MS;
}

static uint64_t age(uint64_t now_ms, uint64_t at_ms)
{
    return at_ms == 0 ? 0 : now_ms > at_ms ? now_ms - at_ms : 1;
}

void beliefs_save(const struct beliefs *beliefs, uint64_t now_ms, struct saved *ret_saved)
{
    *ret_saved = (struct saved){0};
    for (size_t i = 0; i < beliefs->check_count; i++) {
        const struct checkup *at = &beliefs->checks[i];
        const struct damping *damping = &at->health.damping;
        if (at->health.verdict == VERDICT_UNKNOWN)
            continue;
        saved_add(ret_saved, &(struct saved_verdict){
                                 .host = at->check.host,
                                 .probe = at->check.probe.name,
                                 .target = at->check.target,
                                 .verdict = at->health.verdict,
                                 .age_ms = age(now_ms, at->health.since_ms),
                                 .falls = health_falls(&at->health, &at->check.probe, now_ms),
                                 .rose_age_ms = age(now_ms, damping->rose_ms),
                                 .hold_ms = damping->held_until_ms > now_ms ? damping->held_until_ms - now_ms : 0,
                             });
    }
}
