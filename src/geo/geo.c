#include "geo/geo.h"

#include "base/memory.h"
#include "base/progress.h"
#include "geo/sources.h"

#include <stdlib.h>

/* A file it was made from, as it was then, when a change was last told, and at the last look. */
struct watch {
    char *path;
    struct stamp made, told, seen;
};

static const struct stamp none;

struct geo {
    struct trie trie;
    struct classes classes;
    struct areas *areas; /* NULL: none */
    struct watch *watches;
    size_t watch_count;
};

static void watch_files(struct geo *geo, const struct sources *sources)
{
    const struct geo_config *config = &sources->config->geo;
    geo->watches = mem_new(sources->stamp_count, sizeof *geo->watches);
    for (; geo->watch_count < sources->stamp_count; geo->watch_count++) {
        const size_t i = geo->watch_count;
        const char *path = i < config->database_count ? config->databases[i] : config->nets;
        const struct stamp made = sources->stamps[i];
        geo->watches[i] = (struct watch){.path = mem_text(path), .made = made, .told = made, .seen = made};
    }
}

struct geo *geo_compile(const struct config *config, struct report *report)
{
    return geo_compile_areas(config, NULL, report);
}

struct geo *geo_compile_areas(const struct config *config, const struct areas *areas, struct report *report)
{
    struct sources sources;
    struct geo *geo = mem_new(1, sizeof *geo);
    geo->areas = areas && areas->count ? mem_copy(areas, sizeof *areas) : NULL;
    progress_begin("reading geo data", 0);
    bool sound = sources_open(&sources, config, false, report);
    sound = sound && sources_compile(&sources, geo->areas, &geo->trie, &geo->classes, report);
    if (sound)
        watch_files(geo, &sources);
    sources_close(&sources);
    if (sound)
        return geo;
    geo_free(geo);
    return NULL;
}

void geo_free(struct geo *geo)
{
    if (geo == NULL)
        return;
    for (size_t i = 0; i < geo->watch_count; i++)
        free(geo->watches[i].path);
    free(geo->watches);
    free((void *)geo->trie.nodes);
    free((void *)geo->trie.top);
    free((void *)geo->classes.orders);
    free((void *)geo->classes.bands);
    free((void *)geo->classes.places);
    free((void *)geo->classes.marks);
    free(geo->areas);
    free(geo);
}

const struct areas *geo_areas(const struct geo *geo)
{
    return geo->areas;
}

const struct trie *geo_trie(const struct geo *geo)
{
    return &geo->trie;
}

const struct classes *geo_classes(const struct geo *geo)
{
    return &geo->classes;
}

bool geo_changed(struct geo *geo)
{
    bool changed = false, quiet = true;
    for (size_t i = 0; i < geo->watch_count; i++) {
        struct watch *watch = &geo->watches[i];
        const struct stamp now = stamp_of(watch->path);
        changed |= !stamp_equal(&now, &watch->told);
        /* A missing file is one that is just being replaced. */
        quiet &= stamp_equal(&now, &watch->seen) && !stamp_equal(&now, &none);
        watch->seen = now;
    }
    if (!changed || !quiet)
        return false;
    for (size_t i = 0; i < geo->watch_count; i++)
        geo->watches[i].told = geo->watches[i].seen;
    return true;
}

const char *geo_missing(const struct geo *geo)
{
    for (size_t i = 0; i < geo->watch_count; i++)
        if (stamp_equal(&geo->watches[i].seen, &none))
            return geo->watches[i].path;
    return NULL;
}

bool geo_outdated(const struct geo *geo)
{
    for (size_t i = 0; i < geo->watch_count; i++) {
        const struct stamp now = stamp_of(geo->watches[i].path);
        if (!stamp_equal(&now, &geo->watches[i].made))
            return true;
    }
    return false;
}
