#include "control/balance.h"

#include "base/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { PRICES_MAX_AGE_S = 900, FACTOR_MAX_AGE_S = 86400 }; /* callers are others in another hour; what they mean by a query is not */

struct balance {
    struct balancer *balancer;
    uint64_t setup; /* number of the one that all below belongs to */
    bool bound, running, stepped;
    struct held held;
    struct plan_spec *specs; /* by service */
    uint32_t *spec_of_service;
    uint64_t *offered; /* every endpoint: whom a service's record sets lack is no matter of room */
    struct fullness *sites, *clusters;
    struct flow *flows;
    struct calls *calls; /* by flow, after the step */
    struct balance_input input;
    struct site_balance *report; /* by site, of the last step that ended */
    uint64_t reported;           /* number of its setup; 0: none */
};

struct balance *balance_new(void)
{
    struct balance *balance = mem_new(1, sizeof *balance);
    balance->balancer = balancer_new();
    return balance;
}

static void unbind(struct balance *balance)
{
    if (!balance->bound)
        return;
    held_release(&balance->held);
    free(balance->specs);
    free(balance->spec_of_service);
    free(balance->offered);
    free(balance->sites);
    free(balance->clusters);
    free(balance->flows);
    free(balance->calls);
    balance->calls = NULL;
    balance->bound = false;
}

void balance_free(struct balance *balance)
{
    if (balance == NULL)
        return;
    unbind(balance);
    free(balance->report);
    balancer_free(balance->balancer);
    free(balance);
}

static struct plan_spec spec_of(const struct balance *balance, size_t number)
{
    const struct service *service = &world_config(balance->held.world)->services[number];
    return (struct plan_spec){.purpose = PLAN_TARGETS,
                              .service = (uint32_t)number,
                              .policy = service->policy,
                              .srv = service->srv,
                              .on_all_down = service->on_all_down,
                              .targets = 1,
                              .transport = -1,
                              .sites = service->sites,
                              .site_count = service->site_count,
                              .offered = balance->offered};
}

static void make_specs(struct balance *balance)
{
    const struct config *config = world_config(balance->held.world);
    const size_t words = (config->endpoint_count + 63) / 64;
    balance->offered = mem_new(words, sizeof *balance->offered);
    memset(balance->offered, 0xff, words * sizeof *balance->offered);
    balance->specs = mem_new(config->service_count, sizeof *balance->specs);
    balance->spec_of_service = mem_new(config->service_count, sizeof *balance->spec_of_service);
    for (size_t i = 0; i < config->service_count; i++) {
        balance->specs[i] = spec_of(balance, i);
        balance->spec_of_service[i] = (uint32_t)i;
    }
}

static void make_fullness(struct balance *balance, const struct meters *meters)
{
    const struct config *config = world_config(balance->held.world);
    double *capacities = mem_new(config->site_count, sizeof *capacities);
    balance_capacities(place_policy(balance->held.place), &balance->held.state, capacities);
    balance->sites = mem_new(config->site_count, sizeof *balance->sites);
    balance->clusters = mem_new(config->cluster_count, sizeof *balance->clusters);
    for (size_t i = 0; i < config->site_count; i++)
        balance->sites[i] = (struct fullness){.capacity = capacities[i], .load = meters->site_use[i]};
    for (size_t i = 0; i < config->cluster_count; i++)
        balance->clusters[i] = (struct fullness){.capacity = limits_calls(&config->clusters[i].limits, config->balance.hold_ms),
                                                 .load = meters->cluster_use[i]};
    free(capacities);
}

/* Longer than that a change is not waited for. */
static uint32_t longest_ttl_ms(const struct config *config)
{
    uint32_t ttl_s = 1;
    for (size_t i = 0; i < config->service_count; i++)
        if (config->services[i].ttl_s > ttl_s)
            ttl_s = config->services[i].ttl_s;
    return ttl_s * 1000;
}

void balance_take(struct balance *balance, const struct setup *setup, struct flow *flows, size_t flow_count)
{
    const struct config *config = world_config(setup->world);
    unbind(balance);
    balance->setup = setup->number;
    held_init(&balance->held, setup);
    balance->bound = balance->running = true;
    make_specs(balance);
    make_fullness(balance, &setup->meters);
    balance->flows = flows;
    balance->input = (struct balance_input){
        .policy = place_policy(setup->place),
        .state = &balance->held.state,
        .specs = balance->specs,
        .spec_count = config->service_count,
        .spec_of_service = balance->spec_of_service,
        .flows = flows,
        .flow_count = flow_count,
        .sites = balance->sites,
        .clusters = balance->clusters,
        .ttl_ms = longest_ttl_ms(config),
    };
}

void balance_step(struct balance *balance, uint64_t now_ms)
{
    balancer_step(balance->balancer, &balance->input, now_ms);
    balance->calls = mem_new(balance->input.flow_count, sizeof *balance->calls);
    balancer_weigh(balance->balancer, &balance->input, balance->calls);
}

bool balance_give(struct balance *balance, struct setup *setup)
{
    balance->running = false;
    balance->stepped = true;
    if (balance->setup != setup->number)
        return false;
    const struct config *config = world_config(setup->world);
    static const uint32_t none_m[SITES_MAX];
    const uint32_t *prices_m = config->balance.enabled ? balancer_prices(balance->balancer) : none_m;
    const size_t len = config->site_count * sizeof *prices_m;
    free(balance->report);
    balance->report = mem_copy(balancer_report(balance->balancer), config->site_count * sizeof *balance->report);
    balance->reported = setup->number;
    const bool changed = memcmp(setup->prices_m, prices_m, len) != 0;
    memcpy(setup->prices_m, prices_m, len);
    return changed;
}

const struct site_balance *balance_report(const struct balance *balance, const struct setup *setup)
{
    return balance->reported == setup->number ? balance->report : NULL;
}

bool balance_look(const struct balance *balance, struct balance_view *ret_view)
{
    if (!balance->stepped || balance->running)
        return false;
    *ret_view = (struct balance_view){.input = &balance->input,
                                      .calls = balance->calls,
                                      .held = &balance->held,
                                      .measured = balancer_calls_per_query(balance->balancer) > 0};
    return true;
}

char *balance_save(const struct balance *balance, int64_t wall_s)
{
    if (balance->running || !balance->stepped)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < balancer_quotes(balance->balancer); i++) {
        uint32_t price_m;
        const char *name = balancer_quote(balance->balancer, i, &price_m);
        if (price_m > 0)
            json_array_append_new(list, json_pack("{s:s, s:I}", "name", name, "price_m", (json_int_t)price_m));
    }
    json_t *root = json_pack("{s:i, s:I, s:f, s:o}", "version", 1, "saved_s", (json_int_t)wall_s, "calls_per_query",
                             balancer_calls_per_query(balance->balancer), "prices", list);
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}

static bool take_price(struct balance *balance, const json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const json_t *price = json_object_get(item, "price_m");
    if (!name || !json_is_integer(price) || json_integer_value(price) < 0 || json_integer_value(price) > UINT32_MAX)
        return false;
    balancer_restore(balance->balancer, name, (uint32_t)json_integer_value(price));
    return true;
}

bool balance_restore(struct balance *balance, const char *text, int64_t wall_s, struct error *err)
{
    json_error_t why;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return error_set(err, "line %d: %.150s", why.line, why.text);
    const json_t *list = json_object_get(root, "prices"), *saved = json_object_get(root, "saved_s");
    const double per_query = json_number_value(json_object_get(root, "calls_per_query"));
    bool sound = json_is_array(list) && json_is_integer(saved) && per_query >= 0 && per_query < 1e9;
    if (!sound)
        error_set(err, "no list of prices with its time");
    const int64_t age_s = sound ? wall_s - json_integer_value(saved) : 0;
    for (size_t i = 0; sound && age_s >= 0 && age_s <= PRICES_MAX_AGE_S && i < json_array_size(list); i++)
        if (!take_price(balance, json_array_get(list, i)))
            sound = error_set(err, "prices[%zu] is no price", i);
    if (sound && age_s >= 0 && age_s <= FACTOR_MAX_AGE_S)
        balancer_set_calls_per_query(balance->balancer, per_query);
    json_decref(root);
    return sound;
}

void balance_begin(const struct balance *balance, struct setup *setup)
{
    const struct config *config = world_config(setup->world);
    for (size_t i = 0; config->balance.enabled && i < balancer_quotes(balance->balancer); i++) {
        uint32_t price_m;
        const int site = config_site(config, balancer_quote(balance->balancer, i, &price_m));
        if (site >= 0)
            setup->prices_m[site] = price_m;
    }
}
