/* The list checks, what sites depend on, and the group safety. */
#include "base/memory.h"
#include "config/tables.h"

#include <stdlib.h>
#include <string.h>

static const char *const takes[] = {"site", "service", "label", NULL};

_Static_assert(TAKES_SITE == 0 && TAKES_SERVICE == 1 && TAKES_LABEL == 2, "takes[] is in the order of enum takes");

static const struct key check_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct named_check, name)},
    {.name = "probe", .kind = KIND_PROBE, .required = true, KEY_AT(struct named_check, probe)},
    {.name = "address", .kind = KIND_ADDRESS, KEY_AT(struct named_check, address), .shown = "the probe's"},
    {.name = "port", .kind = KIND_WHOLE, KEY_AT(struct named_check, port), RANGE(1, 65535), .shown = "the probe's"},
};

static void check_check(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct config *config = loader->config;
    const struct named_check *check = item;
    declare(loader, SPACE_CHECK, "check", check->name, (uint32_t)(check - config->judgement.checks),
            config_setting_get_member(group, "name"));
    if (check->address.family == FAMILY_NONE && check->probe < config->probe_count &&
        config->probes[check->probe].address.family == FAMILY_NONE && !config_setting_get_member(group, "address"))
        tell_key(loader, group, "address", "missing, expected an IP address, as probe \"%s\" has none", config->probes[check->probe].name);
}

const struct table check_table = {.path = "checks[]", TABLE_KEYS(check_keys), .check = check_check};

static const struct key depend_keys[] = {
    {.name = "check", .kind = KIND_CHECK, .required = true, KEY_AT(struct depend, check)},
    {.name = "takes", .kind = KIND_CHOICE, KEY_AT(struct depend, takes), .choices = takes, .fallback = "site"},
    {.name = "service", .kind = KIND_HOST, KEY_AT(struct depend, service)},
    {.name = "label", .kind = KIND_TEXT, KEY_AT(struct depend, label), RANGE(1, 255)},
};

static void check_partner(struct loader *loader, const config_setting_t *group, const char *key, const struct depend *depend,
                          enum takes with)
{
    const config_setting_t *at = config_setting_get_member(group, key);
    if (depend->takes == with && at == NULL)
        tell_key(loader, group, key, "missing, expected the %s of what falls with the check", with == TAKES_SERVICE ? "name" : "label");
    if (depend->takes != with && at)
        tell(loader, at, "stands without takes = \"%s\"", takes[with]);
}

static void check_depend(struct loader *loader, const config_setting_t *group, void *item)
{
    struct depend *depend = item;
    depend->number = (uint16_t)loader->config->judgement.depend_count++;
    check_partner(loader, group, "service", depend, TAKES_SERVICE);
    check_partner(loader, group, "label", depend, TAKES_LABEL);
}

const struct table depend_table = {.path = "sites[].depends[]", TABLE_KEYS(depend_keys), .check = check_depend};

static const struct key safety_keys[] = {
    {.name = "max_down", .kind = KIND_WHOLE, KEY_AT(struct safety_config, max_down), RANGE(1, 100), .fallback = "100"},
    {.name = "keep_sites", .kind = KIND_WHOLE, KEY_AT(struct safety_config, keep_sites), RANGE(0, SITES_MAX), .fallback = "0"},
};

const struct table safety_table = {.path = "safety", TABLE_KEYS(safety_keys)};

static bool concerns(const struct depend *depend, const struct service *service)
{
    if (depend->takes == TAKES_SERVICE)
        return depend->service && service->name && strcmp(depend->service, service->name) == 0;
    return depend->takes == TAKES_LABEL && depend->label && service->label && strcmp(depend->label, service->label) == 0;
}

/* Whether any service is meant; the places are for messages. */
static void check_target(struct loader *loader, const config_setting_t *root, size_t site, size_t number)
{
    const struct config *config = loader->config;
    const struct depend *depend = &config->sites[site].needs.depends[number];
    if (depend->takes == TAKES_SITE || !(depend->takes == TAKES_SERVICE ? depend->service : depend->label))
        return;
    for (size_t i = 0; i < config->service_count; i++)
        if (concerns(depend, &config->services[i]))
            return;
    const config_setting_t *at = config_setting_get_elem(config_setting_get_member(root, "sites"), (unsigned)site);
    at = at ? config_setting_get_member(at, "depends") : NULL;
    at = at ? config_setting_get_elem(at, (unsigned)number) : NULL;
    if (at)
        tell_key(loader, at, takes[depend->takes], "\"%s\": there is no such service%s",
                 depend->takes == TAKES_SERVICE ? depend->service : depend->label, depend->takes == TAKES_LABEL ? " (by its label)" : "");
}

/* The bits of the depends that concern the service; false if none does. */
static bool collect(const struct config *config, const struct service *service, uint64_t *bits)
{
    bool any = false;
    for (size_t i = 0; i < service->site_count; i++) {
        const struct needs *needs = &config->sites[service->sites[i]].needs;
        for (size_t k = 0; k < needs->depend_count; k++) {
            const struct depend *depend = &needs->depends[k];
            if (!concerns(depend, service))
                continue;
            bits[depend->number / 64] |= (uint64_t)1 << depend->number % 64;
            any = true;
        }
    }
    return any;
}

/* One set for all services that depend on the same, so that they can share plans. */
static const uint64_t *share(struct judgement *judgement, size_t *room, const uint64_t *bits)
{
    const size_t len = (judgement->depend_count + 63) / 64 * sizeof *bits;
    for (size_t i = 0; i < judgement->set_count; i++)
        if (memcmp(judgement->sets[i], bits, len) == 0)
            return judgement->sets[i];
    judgement->sets = mem_grow(judgement->sets, room, judgement->set_count + 1, sizeof *judgement->sets);
    return judgement->sets[judgement->set_count++] = mem_copy(bits, len);
}

void link_depends(struct loader *loader, const config_setting_t *root)
{
    struct config *config = loader->config;
    const size_t words = (config->judgement.depend_count + 63) / 64;
    size_t room = 0;
    if (words == 0)
        return;
    for (size_t i = 0; i < config->site_count; i++)
        for (size_t k = 0; k < config->sites[i].needs.depend_count; k++)
            check_target(loader, root, i, k);
    for (size_t i = 0; i < config->service_count; i++) {
        uint64_t *bits = mem_new(words, sizeof *bits);
        if (collect(config, &config->services[i], bits))
            config->services[i].depends = share(&config->judgement, &room, bits);
        free(bits);
    }
}
