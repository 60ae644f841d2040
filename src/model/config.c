#include "model/config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void free_server(struct server_config *server)
{
    free(server->listen);
    free(server->control);
    free(server->state);
    free(server->id);
    free(server->version);
    free(server->tls.listen);
    free(server->tls.certificate);
    free(server->tls.key);
    free(server->cookies.file);
    free(server->rate_limit.allow);
}

static void free_http(struct http_config *http)
{
    for (size_t i = 0; i < http->host_count; i++)
        free(http->hosts[i]);
    free(http->hosts);
    free(http->listen);
    free(http->certificate);
    free(http->key);
    free(http->tokens);
}

static void free_taps(struct config *config)
{
    free(config->dnstap.file);
    free(config->dnstap.socket);
    free(config->dnstap.identity);
    free(config->dnstap.version);
    free(config->query_log.file);
}

static void free_geo(struct geo_config *geo)
{
    for (size_t i = 0; i < geo->database_count; i++)
        free(geo->databases[i]);
    free(geo->databases);
    free(geo->nets);
    for (size_t i = 0; i < geo->prefer_count; i++)
        free(geo->prefer[i].sites);
    free(geo->prefer);
}

static void free_keys(struct config *config)
{
    for (size_t i = 0; i < config->key_count; i++) {
        struct tsig_key *key = &config->keys[i];
        if (key->secret.octets)
            explicit_bzero(key->secret.octets, key->secret.len);
        free(key->secret.octets);
        free(key->name);
        free(key->file);
    }
    free(config->keys);
}

static void free_zones(struct config *config)
{
    for (size_t i = 0; i < config->zone_count; i++) {
        struct zone_config *zone = &config->zones[i];
        free(zone->name);
        free(zone->file);
        free(zone->primary.tls_name);
        free(zone->primary.tls_ca);
        free(zone->transfer.allow);
        free(zone->transfer.keys);
        free(zone->transfer.notify);
        free(zone->dnssec.keys);
    }
    free(config->zones);
}

static void free_probes(struct config *config)
{
    for (size_t i = 0; i < config->probe_count; i++)
        probe_release(&config->probes[i]);
    free(config->probes);
}

static void load_source_release(struct load_source *source)
{
    char *const texts[] = {source->name, source->url,           source->body,       source->metric, source->path,
                           source->user, source->password_file, source->token_file, source->ca,     source->file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; i < source->command_count; i++)
        free(source->command[i]);
    free(source->command);
}

static void free_loads(struct config *config)
{
    for (size_t i = 0; i < config->load_source_count; i++)
        load_source_release(&config->load_sources[i]);
    free(config->load_sources);
    for (size_t i = 0; i < config->cluster_count; i++) {
        free(config->clusters[i].name);
        free(config->clusters[i].endpoints);
    }
    free(config->clusters);
}

static void free_needs(struct needs *needs)
{
    for (size_t i = 0; i < needs->depend_count; i++) {
        free(needs->depends[i].service);
        free(needs->depends[i].label);
    }
    free(needs->depends);
}

static void free_judgement(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->check_count; i++)
        free(judgement->checks[i].name);
    for (size_t i = 0; i < judgement->set_count; i++)
        free(judgement->sets[i]);
    free(judgement->checks);
    free(judgement->sets);
}

static void free_sites(struct config *config)
{
    for (size_t i = 0; i < config->site_count; i++) {
        free(config->sites[i].name);
        free(config->sites[i].region);
        free_needs(&config->sites[i].needs);
    }
    for (size_t i = 0; i < config->endpoint_count; i++)
        free(config->endpoints[i].host);
    free(config->sites);
    free(config->endpoints);
}

static void free_services(struct config *config)
{
    for (size_t i = 0; i < config->service_count; i++) {
        free(config->services[i].name);
        free(config->services[i].label);
        free(config->services[i].sites);
    }
    free(config->services);
}

static void free_hook(struct hook_config *hook)
{
    for (size_t i = 0; i < hook->command_count; i++)
        free(hook->command[i]);
    for (size_t i = 0; i < hook->header_count; i++)
        free(hook->headers[i]);
    char *const texts[] = {hook->name, hook->url, hook->secret_file, hook->ca};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(hook->on);
    free(hook->command);
    free(hook->headers);
}

struct config *config_ref(struct config *config)
{
    atomic_fetch_add_explicit(&config->more_refs, 1, memory_order_relaxed);
    return config;
}

void config_unref(struct config *config)
{
    if (config == NULL || atomic_fetch_sub_explicit(&config->more_refs, 1, memory_order_acq_rel) > 0)
        return;
    free(config->path);
    free_server(&config->server);
    free_geo(&config->geo);
    free_http(&config->http);
    free_taps(config);
    free_keys(config);
    free_zones(config);
    free_probes(config);
    free_sites(config);
    free_services(config);
    free_loads(config);
    free_judgement(&config->judgement);
    free(config->audit.file);
    for (size_t i = 0; i < config->hook_count; i++)
        free_hook(&config->hooks[i]);
    free(config->hooks);
    free(config);
}

/* Case-insensitive, one final dot ignored. */
static bool same_host(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    la -= la > 1 && a[la - 1] == '.';
    lb -= lb > 1 && b[lb - 1] == '.';
    return la == lb && strncasecmp(a, b, la) == 0;
}

int config_site(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->site_count; i++)
        if (strcmp(config->sites[i].name, name) == 0)
            return (int)i;
    return -1;
}

int config_endpoint(const struct config *config, const char *host)
{
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (same_host(config->endpoints[i].host, host))
            return (int)i;
    return -1;
}

int config_cluster(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->cluster_count; i++)
        if (strcmp(config->clusters[i].name, name) == 0)
            return (int)i;
    return -1;
}

int config_service(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (same_host(config->services[i].name, name))
            return (int)i;
    return -1;
}

const char *policy_text(enum policy_kind policy)
{
    static const char *const texts[] = {"nearest", "ordered", "weighted"};
    return texts[policy];
}

const char *srv_mode_text(enum srv_mode mode)
{
    return mode == SRV_RANKED ? "ranked" : "weighted";
}

const char *all_down_text(enum all_down choice)
{
    static const char *const texts[] = {"serve-all", "static", "empty"};
    return texts[choice];
}
