#include "base/memory.h"
#include "geo/geo.h"
#include "geo/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_source(struct geo_place *place, const char *name)
{
    const size_t used = strlen(place->source);
    snprintf(place->source + used, sizeof place->source - used, "%s%s", used ? ", " : "", name);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool adds_to(const struct record *record, const struct record *other)
{
    struct record both = *record;
    record_merge(&both, other);
    return memcmp(&both, record, sizeof both) != 0;
}

static void set_network(struct geo_place *place, const struct addr *addr, unsigned length)
{
    place->network = (struct prefix){.addr = *addr, .len = (uint8_t)length};
    addr_mask(&place->network.addr, length);
}

static void fill_place(struct geo_place *place, const struct record *record)
{
    struct record placed = *record;
    record_place(&placed);
    place->known = placed.has_location;
    place->latitude = placed.latitude;
    place->longitude = placed.longitude;
    place->asn = placed.asn;
    memcpy(place->country, placed.country, sizeof placed.country);
    memcpy(place->continent, placed.continent, sizeof placed.continent);
}

/* Merges as the walk does and notes who contributed. The network is that of the first who says something; where nobody does,
 * the largest of which that is certain. */
static void place_from(const struct sources *sources, const struct addr *addr, const struct said *said, struct geo_place *place)
{
    const struct net *net = nets_find(&sources->nets, addr);
    struct record record = *(const struct record *)pool_row(&sources->records, said[0].record);
    unsigned certain = said[0].depth;
    if (net) {
        snprintf(place->source, sizeof place->source, "%s:%u", sources->config->geo.nets, net->line);
        set_network(place, addr, net->prefix.len);
    }
    for (size_t i = 1; i <= sources->database_count; i++) {
        const struct record *other = pool_row(&sources->records, said[i].record);
        if (!said[i].asked || record.whole)
            continue;
        certain = said[i].depth > certain ? said[i].depth : certain;
        if (!adds_to(&record, other))
            continue;
        if (place->source[0] == '\0')
            set_network(place, addr, said[i].depth);
        add_source(place, base_name(sources->databases[i - 1].path));
        record_merge(&record, other);
    }
    if (place->source[0] == '\0')
        set_network(place, addr, certain);
    fill_place(place, &record);
}

bool geo_locate(const struct config *config, const struct addr *addr, struct geo_place *ret_place, struct error *err)
{
    struct sources sources;
    struct report report;
    report_init(&report);
    *ret_place = (struct geo_place){0};
    struct said *said = mem_new(config->geo.database_count + 1, sizeof *said);
    bool sound = sources_open(&sources, config, true, &report);
    if (!sound)
        error_set(err, "%s", report.findings[0].text);
    sound = sound && sources_follow(&sources, addr, said, err);
    if (sound)
        place_from(&sources, addr, said, ret_place);
    free(said);
    sources_close(&sources);
    report_release(&report);
    return sound;
}
