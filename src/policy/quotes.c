/* What a balancer keeps between steps, by name: it outlives reloads and restarts. */
#include "policy/balancer.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct balancer *balancer_new(void)
{
    struct balancer *balancer = mem_new(1, sizeof *balancer);
    balancer->calibration = calibration_new();
    return balancer;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void balancer_free(struct balancer *balancer)
{
    if (balancer == NULL)
        return;
    calibration_free(balancer->calibration);
    free_names(balancer->names, balancer->quote_count);
    free(balancer->quotes_m);
    free(balancer);
}

static char *quote_name(const struct config *config, size_t number)
{
    return number < config->site_count ? mem_text(config->sites[number].name)
                                       : mem_format("cluster %s", config->clusters[number - config->site_count].name);
}

static size_t find_name(char **names, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && strcmp(names[at], name) != 0)
        at++;
    return at;
}

static bool is_bound(const struct balancer *balancer, const struct config *config)
{
    if (!balancer->bound || balancer->site_count != config->site_count ||
        balancer->quote_count != config->site_count + config->cluster_count)
        return false;
    for (size_t i = 0; i < balancer->quote_count; i++) {
        const char *name = balancer->names[i];
        const bool is_site = i < config->site_count;
        if (strcmp(is_site ? name : name + strlen("cluster "),
                   is_site ? config->sites[i].name : config->clusters[i - config->site_count].name) != 0)
            return false;
    }
    return true;
}

/* What belongs to sites moves to their new numbers. */
static void renumber(struct balancer *balancer, const struct balancer *old, char **names, size_t site_count)
{
    uint8_t new_of[SITES_MAX];
    memset(new_of, NO_SITE, sizeof new_of);
    memset(balancer->learned, 0, sizeof balancer->learned);
    memset(balancer->prices_m, 0, sizeof balancer->prices_m);
    for (size_t i = 0; i < SITES_MAX; i++)
        balancer->out_left[i] = balancer->back_left[i] = 1;
    for (size_t i = 0; i < (old->bound ? old->site_count : old->quote_count); i++) {
        const size_t to = find_name(names, site_count, old->names[i]);
        if (to == site_count)
            continue;
        balancer->prices_m[to] = old->stepped ? old->prices_m[i] : old->quotes_m[i];
        if (!old->bound) /* restored: any number of names, of which nothing but prices is known */
            continue;
        new_of[i] = (uint8_t)to;
        balancer->learned[to] = old->learned[i];
        balancer->out_left[to] = old->out_left[i];
        balancer->back_left[to] = old->back_left[i];
    }
    if (old->bound)
        calibration_renumber(balancer->calibration, new_of);
}

void balancer_bind(struct balancer *balancer, const struct config *config)
{
    if (is_bound(balancer, config))
        return;
    const struct balancer old = *balancer;
    const size_t count = config->site_count + config->cluster_count;
    char **names = mem_new(count, sizeof *names);
    uint32_t *quotes_m = mem_new(count, sizeof *quotes_m);
    for (size_t i = 0; i < count; i++) {
        names[i] = quote_name(config, i);
        const size_t from = find_name(old.names, old.quote_count, names[i]);
        quotes_m[i] = from < old.quote_count ? old.quotes_m[from] : 0;
    }
    renumber(balancer, &old, names, config->site_count);
    free_names(old.names, old.quote_count);
    free(old.quotes_m);
    balancer->names = names;
    balancer->quotes_m = quotes_m;
    balancer->site_count = config->site_count;
    balancer->quote_count = count;
    balancer->bound = true;
    balancer->shape = 0;
}

size_t balancer_quotes(const struct balancer *balancer)
{
    return balancer->quote_count;
}

const char *balancer_quote(const struct balancer *balancer, size_t number, uint32_t *ret_price_m)
{
    *ret_price_m = balancer->quotes_m[number];
    return balancer->names[number];
}

void balancer_restore(struct balancer *balancer, const char *name, uint32_t price_m)
{
    const size_t at = find_name(balancer->names, balancer->quote_count, name);
    size_t name_room = balancer->quote_count, room = balancer->quote_count;
    if (at == balancer->quote_count) {
        balancer->names = mem_grow(balancer->names, &name_room, at + 1, sizeof *balancer->names);
        balancer->quotes_m = mem_grow(balancer->quotes_m, &room, at + 1, sizeof *balancer->quotes_m);
        balancer->names[balancer->quote_count++] = mem_text(name);
    }
    balancer->quotes_m[at] = price_m < PRICE_MAX_M ? price_m : PRICE_MAX_M;
    balancer->bound = false; /* what is known under this name is numbered at the next step */
}

double balancer_calls_per_query(const struct balancer *balancer)
{
    return calibration_factor(balancer->calibration);
}

void balancer_set_calls_per_query(struct balancer *balancer, double calls)
{
    calibration_set_factor(balancer->calibration, calls);
}

const uint32_t *balancer_prices(const struct balancer *balancer)
{
    return balancer->stepped ? balancer->prices_m : NULL;
}

const struct site_balance *balancer_report(const struct balancer *balancer)
{
    return balancer->stepped ? balancer->reports : NULL;
}
