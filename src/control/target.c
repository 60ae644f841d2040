#include "control/target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char service_prefix[] = "service:";

static void fill(const struct config *config, enum scope scope, int index, struct target *ret_target)
{
    *ret_target = (struct target){.scope = scope, .index = index};
    if (scope == SCOPE_SITE)
        snprintf(ret_target->text, sizeof ret_target->text, "%s", config->sites[index].name);
    else if (scope == SCOPE_SERVICE)
        snprintf(ret_target->text, sizeof ret_target->text, "%s%s", service_prefix, config->services[index].name);
    else
        snprintf(ret_target->text, sizeof ret_target->text, "%s/%s", config->sites[config->endpoints[index].site].name,
                 config->endpoints[index].host);
}

static bool same_host(const char *host, const char *text)
{
    const size_t len = strlen(text), bare = len && text[len - 1] == '.' ? len - 1 : len;
    return strncasecmp(host, text, bare) == 0 && strcmp(host + bare, ".") == 0;
}

/* Whether host begins with the labels of text. */
static bool begins(const char *host, const char *text)
{
    const size_t len = strlen(text);
    return len && strncasecmp(host, text, len) == 0 && host[len] == '.';
}

/* The part before the slash as a site; -1 when there is none. */
static int site_before(const struct config *config, const char *text, const char *slash)
{
    char name[TARGET_TEXT];
    if ((size_t)(slash - text) >= sizeof name)
        return -1;
    memcpy(name, text, (size_t)(slash - text));
    name[slash - text] = '\0';
    return config_site(config, name);
}

static int find_host(const struct config *config, int site, const char *host, bool (*match)(const char *, const char *), size_t *ret_count)
{
    const struct site *of = &config->sites[site];
    int found = -1;
    *ret_count = 0;
    for (int i = of->first_endpoint; i < of->first_endpoint + of->endpoint_count; i++)
        if (match(config->endpoints[i].host, host)) {
            found = found < 0 ? i : found;
            ++*ret_count;
        }
    return found;
}

bool target_exact(const struct config *config, const char *text, struct target *ret_target)
{
    const char *slash = strchr(text, '/');
    enum scope scope = SCOPE_SITE;
    int index = -1;
    size_t count;
    if (strncmp(text, service_prefix, sizeof service_prefix - 1) == 0) {
        scope = SCOPE_SERVICE;
        index = config_service(config, text + sizeof service_prefix - 1);
    } else if (slash) {
        scope = SCOPE_ENDPOINT;
        const int site = site_before(config, text, slash);
        index = site < 0 ? -1 : find_host(config, site, slash + 1, same_host, &count);
    } else {
        index = config_site(config, text);
    }
    if (index >= 0)
        fill(config, scope, index, ret_target);
    return index >= 0;
}

static bool no_such_site(const struct config *config, const char *text, size_t len, struct error *err)
{
    char known[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < config->site_count && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", config->sites[i].name);
    const char *more = at >= sizeof known ? " ..." : "";
    return error_set(err, "there is no site \"%.*s\"; the sites are %s%s (a target is SITE, SITE/HOST or service:NAME)",
                     (int)(len > 100 ? 100 : len), text, known, more);
}

static bool resolve_host(const struct config *config, int site, const char *host, struct target *ret_target, struct error *err)
{
    size_t count;
    const int index = find_host(config, site, host, begins, &count);
    if (count == 0)
        return error_set(err, "site %s has no endpoint \"%.100s\"", config->sites[site].name, host);
    if (count > 1)
        return error_set(err, "\"%.100s\" could be any of %zu endpoints of site %s: give more of the name", host, count,
                         config->sites[site].name);
    fill(config, SCOPE_ENDPOINT, index, ret_target);
    return true;
}

bool target_resolve(const struct config *config, const char *text, struct target *ret_target, struct error *err)
{
    if (target_exact(config, text, ret_target))
        return true;
    if (strncmp(text, service_prefix, sizeof service_prefix - 1) == 0)
        return error_set(err, "there is no service \"%.100s\"", text + sizeof service_prefix - 1);
    const char *slash = strchr(text, '/');
    if (slash) {
        const int site = site_before(config, text, slash);
        return site < 0 ? no_such_site(config, text, (size_t)(slash - text), err) : resolve_host(config, site, slash + 1, ret_target, err);
    }
    const int endpoint = config_endpoint(config, text);
    if (endpoint >= 0)
        return error_set(err, "\"%.100s\" is an endpoint: write %s/%s", text, config->sites[config->endpoints[endpoint].site].name,
                         config->endpoints[endpoint].host);
    if (config_service(config, text) >= 0)
        return error_set(err, "\"%.100s\" is a service: write service:%.100s", text, text);
    return no_such_site(config, text, strlen(text), err);
}
