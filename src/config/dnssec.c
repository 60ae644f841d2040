/* The group dnssec of a zone. */
#include "config/tables.h"

#include <stdlib.h>

static const char *const denials[] = {"nsec", "nsec3", NULL};
static const char *const sync_modes[] = {"keys", "delete", NULL};

_Static_assert(DENIAL_NSEC == 1 && DENIAL_NSEC3 == 2, "denials[] is in the order of enum denial");
_Static_assert(SYNC_KEYS == 0 && SYNC_DELETE == 1, "sync_modes[] is in the order of enum sync_mode");

#define MINUTES(count) ((count)*60e3)
#define HOURS(count) ((count)*3600e3)

static const struct key dnssec_keys[] = {
    {.name = "keys", .kind = KIND_PATH, KEY_AT(struct dnssec_config, keys), RANGE(1, 4095), .fallback = "keys"},
    {.name = "denial",
     .kind = KIND_CHOICE,
     KEY_AT(struct dnssec_config, denial),
     .choices = denials,
     .least = DENIAL_NSEC,
     .fallback = "nsec"},
    {.name = "cds", .kind = KIND_CHOICE, KEY_AT(struct dnssec_config, cds), .choices = sync_modes, .fallback = "keys"},
    {.name = "validity",
     .kind = KIND_DURATION,
     KEY_AT(struct dnssec_config, validity_s),
     .unit_ms = 1000,
     RANGE(MINUTES(1), HOURS(24 * 365)),
     .fallback = "14d"},
    {.name = "refresh",
     .kind = KIND_DURATION,
     KEY_AT(struct dnssec_config, refresh_s),
     .unit_ms = 1000,
     RANGE(MINUTES(0.5), HOURS(24 * 180)),
     .fallback = "5d"},
};

static void check_dnssec(struct loader *loader, const config_setting_t *group, void *item)
{
    struct dnssec_config *dnssec = item;
    if (group == NULL) { /* only defaults: the zone is not signed */
        free(dnssec->keys);
        *dnssec = (struct dnssec_config){.denial = DENIAL_NONE};
        return;
    }
    const config_setting_t *refresh = config_setting_get_member(group, "refresh"), *validity = config_setting_get_member(group, "validity");
    if (dnssec->refresh_s >= dnssec->validity_s)
        tell(loader, refresh ? refresh : validity, "refresh is %us and validity %us, expected a refresh below the validity",
             dnssec->refresh_s, dnssec->validity_s);
}

const struct table dnssec_table = {.path = "zones[].dnssec", TABLE_KEYS(dnssec_keys), .check = check_dnssec};
