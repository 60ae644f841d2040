#include "http/access.h"

#include "base/memory.h"

#include <stdlib.h>

static bool load_tokens(struct access *access, const struct http_config *config, struct report *report)
{
    if (config->tokens)
        access->tokens = tokens_load(config->tokens, report);
    return !config->tokens || access->tokens;
}

static bool load_certificate(struct access *access, const struct http_config *config, struct report *report)
{
    struct error err;
    if (!config->certificate)
        return true;
    access->credentials = credentials_load(config->certificate, config->key, CREDENTIALS_HTTP, &err);
    if (!access->credentials)
        return report_error(report, "http", "%s", err.text);
    access->certificate_end_s = credentials_end_s(access->credentials);
    return true;
}

struct access *access_load(const struct http_config *config, struct report *report)
{
    struct access *access = mem_new(1, sizeof *access);
    *access = (struct access){.loopback_view = config->loopback_view, .public_status = config->public_status};
    access->hosts = mem_new(config->host_count + 1, sizeof *access->hosts);
    for (; access->host_count < config->host_count; access->host_count++)
        access->hosts[access->host_count] = mem_text(config->hosts[access->host_count]);
    const bool tokens = load_tokens(access, config, report), certificate = load_certificate(access, config, report);
    if (tokens && certificate)
        return access;
    access_free(access);
    return NULL;
}

void access_free(struct access *access)
{
    if (!access)
        return;
    for (size_t i = 0; i < access->host_count; i++)
        free(access->hosts[i]);
    free(access->hosts);
    tokens_free(access->tokens);
    credentials_free(access->credentials);
    free(access);
}
