#include "geo/sources.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static bool open_nets(struct sources *sources, const char *path, struct report *report)
{
    struct error err;
    char *text;
    struct stamp *stamp = &sources->stamps[sources->stamp_count++];
    if (!source_text(path, &text, stamp, &err))
        return report_error(report, path, "%s", err.text);
    const bool whole = strlen(text) == stamp->size;
    const bool sound = whole ? nets_parse(&sources->nets, text, path, sources->config, report)
                             : report_error(report, path, "is no text file: it has a NUL octet");
    free(text);
    return sound;
}

static bool open_database(struct sources *sources, const char *path, bool every_asn, struct report *report)
{
    struct error err;
    struct database *database = &sources->databases[sources->database_count];
    const struct geo_config *rules = every_asn ? NULL : &sources->config->geo;
    if (!database_open(database, path, rules, &sources->stamps[sources->stamp_count++], &err))
        return report_error(report, path, "%s", err.text);
    sources->database_count++;
    return true;
}

bool sources_open(struct sources *sources, const struct config *config, bool every_asn, struct report *report)
{
    const struct geo_config *geo = &config->geo;
    *sources = (struct sources){.config = config};
    sources->databases = mem_new(geo->database_count, sizeof *sources->databases);
    sources->stamps = mem_new(geo->database_count + 1, sizeof *sources->stamps);
    records_init(&sources->records);
    nets_init(&sources->nets);
    bool sound = true;
    for (size_t i = 0; i < geo->database_count; i++)
        sound &= open_database(sources, geo->databases[i], every_asn, report);
    if (geo->nets)
        sound &= open_nets(sources, geo->nets, report);
    if (sound)
        nets_index(&sources->nets, &sources->records);
    return sound;
}

void sources_close(struct sources *sources)
{
    for (size_t i = 0; i < sources->database_count; i++)
        database_close(&sources->databases[i]);
    free(sources->databases);
    free(sources->stamps);
    nets_release(&sources->nets);
    pool_release(&sources->records);
    *sources = (struct sources){0};
}
