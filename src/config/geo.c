/* The group geo. */
#include "config/tables.h"

#include "base/memory.h"

static const struct key database_item = {.kind = KIND_PATH, RANGE(1, 4095)};
static const struct key prefer_site = {.kind = KIND_SITE, .size = sizeof(uint8_t)};

static const struct key prefer_keys[] = {
    {.name = "country", .kind = KIND_COUNTRY, KEY_AT(struct prefer, code)},
    {.name = "continent", .kind = KIND_CONTINENT, KEY_AT(struct prefer, code)},
    {.name = "asn", .kind = KIND_WHOLE, KEY_AT(struct prefer, asn), RANGE(1, 4294967294.0)},
    {.name = "sites",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct prefer, sites, site_count),
     .item = &prefer_site,
     RANGE(1, SITES_MAX)},
};

static void check_prefer(struct loader *loader, const config_setting_t *group, void *item)
{
    struct prefer *prefer = item;
    const bool country = config_setting_get_member(group, "country"), continent = config_setting_get_member(group, "continent"),
               asn = config_setting_get_member(group, "asn");
    if (country + continent + asn != 1) {
        tell(loader, group, "has %d of country, continent and asn, expected exactly one of them", country + continent + asn);
        return;
    }
    prefer->kind = country ? PREFER_COUNTRY : continent ? PREFER_CONTINENT : PREFER_ASN;
    if (asn ? prefer->asn == 0 : prefer->code[0] == 0)
        return;
    char *name = asn ? mem_format("AS%u", prefer->asn) : mem_format("%s %s", country ? "country" : "continent", prefer->code);
    declare(loader, SPACE_PREFER, "the preference of", source_hold(loader->source, name), 0, group);
}

const struct table prefer_table = {.path = "geo.prefer[]", TABLE_KEYS(prefer_keys), .check = check_prefer};

static const struct key geo_keys[] = {
    {.name = "databases", .kind = KIND_LIST, KEY_LIST(struct geo_config, databases, database_count), .item = &database_item, RANGE(0, 16)},
    {.name = "nets", .kind = KIND_PATH, KEY_AT(struct geo_config, nets), RANGE(1, 4095)},
    {.name = "prefer", .kind = KIND_LIST, KEY_LIST(struct geo_config, prefer, prefer_count), .table = &prefer_table, RANGE(0, 10000)},
};

const struct table geo_table = {.path = "geo", TABLE_KEYS(geo_keys)};
