#include "control/trust.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct trust {
    struct tls_client **clients; /* by probe */
    size_t count;
};

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_files(const struct probe_tls *a, const struct probe_tls *b)
{
    return a->verify == b->verify && same_text(a->ca, b->ca) && same_text(a->certificate, b->certificate) && same_text(a->key, b->key);
}

/* Probes that differ in nothing of it share what is loaded: a bundle of authorities is large. */
static struct tls_client *find_loaded(const struct trust *trust, const struct config *config, size_t probe)
{
    for (size_t i = 0; i < probe; i++)
        if (trust->clients[i] && same_files(&config->probes[i].tls, &config->probes[probe].tls))
            return tls_client_ref(trust->clients[i]);
    return NULL;
}

static bool load_one(struct trust *trust, const struct config *config, size_t number, struct report *report)
{
    const struct probe *probe = &config->probes[number];
    const char *key;
    struct error err;
    if (!tls_client_wanted(probe))
        return true;
    trust->clients[number] = find_loaded(trust, config, number);
    if (!trust->clients[number])
        trust->clients[number] = tls_client_load(&probe->tls, &key, &err);
    return trust->clients[number] || report_error(report, config->path, "probes.%s.%s: %s", probe->name, key, err.text);
}

struct trust *trust_load(const struct config *config, struct report *report)
{
    struct trust *trust = mem_new(1, sizeof *trust);
    *trust = (struct trust){.clients = mem_new(config->probe_count + 1, sizeof *trust->clients), .count = config->probe_count};
    bool sound = true;
    for (size_t i = 0; i < config->probe_count; i++)
        sound &= load_one(trust, config, i, report);
    if (sound)
        return trust;
    trust_free(trust);
    return NULL;
}

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    for (size_t i = 0; i < trust->count; i++)
        tls_client_unref(trust->clients[i]);
    free(trust->clients);
    free(trust);
}

struct tls_client *trust_of(const struct trust *trust, size_t probe)
{
    return trust->clients[probe];
}
