#include "config/tables.h"

#include "base/memory.h"
#include "base/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGESTING_MAX = 200 }; /* findings; after so many nobody reads suggestions, and what they cost adds up */

/* "file:line: sites[2].endpoints[0]" of a setting, with a key of it if child is not NULL. The caller frees. */
static char *place_of(struct loader *loader, const config_setting_t *setting, const char *child)
{
    char *path = mem_text(child ? child : "");
    for (const config_setting_t *at = setting; !config_setting_is_root(at); at = config_setting_parent(at)) {
        const char *part = *path && *path != '[' ? "." : "";
        char *longer = config_setting_name(at) ? mem_format("%s%s%s", config_setting_name(at), part, path)
                                               : mem_format("[%d]%s%s", config_setting_index(at), part, path);
        free(path);
        path = longer;
    }
    char *line = source_place(loader->source, config_setting_source_line(setting));
    char *place = *path ? mem_format("%s: %s", line, path) : mem_text(line);
    free(path);
    free(line);
    return place;
}

static void add_finding(struct loader *loader, const config_setting_t *at, const char *child, bool error, const char *format, va_list args)
{
    struct report *report = loader->report;
    if (report->count > ERRORS_TOLD_MAX)
        return;
    if (report->count == ERRORS_TOLD_MAX) {
        report_error(report, NULL, "%s: there is more that is not told", loader->config->path);
        return;
    }
    char *place = place_of(loader, at, child), *what = NULL;
    if (vasprintf(&what, format, args) < 0)
        abort();
    if (error)
        report_error(report, place, "%s", what);
    else
        report_warning(report, place, "%s", what);
    free(what);
    free(place);
}

bool tell(struct loader *loader, const config_setting_t *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(loader, setting, NULL, true, format, args);
    va_end(args);
    return false;
}

bool tell_key(struct loader *loader, const config_setting_t *group, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(loader, group, key, true, format, args);
    va_end(args);
    return false;
}

void warn(struct loader *loader, const config_setting_t *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(loader, setting, NULL, false, format, args);
    va_end(args);
}

bool declare(struct loader *loader, uint32_t space, const char *what, const char *name, uint32_t number, const config_setting_t *at)
{
    if (name == NULL)
        return false; /* it was wrong, which has been told */
    const struct name_entry entry = {.text = name, .len = (uint32_t)strlen(name), .space = space, .number = number, .origin = at};
    const struct name_entry *first = names_add(&loader->names, &entry);
    if (first == NULL)
        return true;
    char *place = place_of(loader, first->origin, NULL);
    tell(loader, at, "%s \"%s\" stands twice, first at %s", what, name, place);
    free(place);
    return false;
}

const char *suggest(const struct loader *loader, uint32_t space, const char *written)
{
    return loader->report->count < SUGGESTING_MAX ? names_nearest(&loader->names, space, written) : NULL;
}

static const char *nearest_key(const struct table *table, const char *written)
{
    const char *near = NULL;
    for (size_t i = 0; i < table->count; i++)
        near = closer_name(written, near, table->keys[i].name);
    return near;
}

static void tell_unknown(struct loader *loader, const struct table *table, const config_setting_t *setting)
{
    const char *near = nearest_key(table, config_setting_name(setting));
    if (near) {
        tell(loader, setting, "unknown key, did you mean \"%s\"?", near);
        return;
    }
    char *known = mem_text("");
    for (size_t i = 0; i < table->count; i++) {
        char *longer = mem_format("%s%s%s", known, i ? ", " : "", table->keys[i].name);
        free(known);
        known = longer;
    }
    tell(loader, setting, "unknown key, expected one of %s", known);
    free(known);
}

static void check_unknown(struct loader *loader, const struct table *table, const config_setting_t *group)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        bool known = config_setting_name(setting)[0] == REPEATED_KEY; /* told by the scan */
        for (size_t k = 0; k < table->count && !known; k++)
            known = strcmp(config_setting_name(setting), table->keys[k].name) == 0;
        if (!known)
            tell_unknown(loader, table, setting);
    }
}

static bool wrong_type(struct loader *loader, const struct key *key, const config_setting_t *setting)
{
    char *expected = describe_expected(key);
    tell(loader, setting, "expected %s", expected);
    free(expected);
    return false;
}

static bool is_group(struct loader *loader, const config_setting_t *setting)
{
    return config_setting_is_group(setting) || tell(loader, setting, "expected a group, { ... }");
}

static void wrong_count(struct loader *loader, const struct key *key, const config_setting_t *setting, int count)
{
    char *expected = describe_expected(key);
    tell(loader, setting, "%d items, expected %s", count, expected);
    free(expected);
}

static void *field(void *into, size_t at)
{
    return (char *)into + at;
}

static void read_pair(struct loader *loader, const struct key *key, const config_setting_t *setting, void *into)
{
    if (setting && (!config_setting_is_list(setting) || config_setting_length(setting) != 2)) {
        wrong_type(loader, key, setting);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct key *item = &key->item[i];
        const struct value value = {setting ? config_setting_get_elem(setting, i) : NULL, item->fallback};
        if (setting || item->fallback)
            scalar_read(loader, item, value, field(into, item->at));
    }
}

/* Where the next item of a list goes: a place of the table's own, or behind those read so far. */
static void *item_place(struct loader *loader, const struct key *key, void *into)
{
    if (key->table && key->table->place)
        return key->table->place(loader, into);
    const size_t count = *(size_t *)field(into, key->count_at);
    char *items = key->fixed ? field(into, key->at) : *(char **)field(into, key->at);
    return items + count * key->size;
}

static void read_group_item(struct loader *loader, const struct key *key, const config_setting_t *item, void *into)
{
    if (!is_group(loader, item))
        return;
    void *place = item_place(loader, key, into);
    if (place == NULL)
        return;
    if (!key->table->place)
        ++*(size_t *)field(into, key->count_at);
    schema_read(loader, key->table, item, place);
}

static void read_scalar_item(struct loader *loader, const struct key *key, struct value item, void *into)
{
    if (!scalar_read(loader, key->item, item, item_place(loader, key, into)))
        return;
    ++*(size_t *)field(into, key->count_at);
    const enum kind kind = key->item->kind;
    if (item.setting &&
        (kind == KIND_SITE || kind == KIND_PROBE || kind == KIND_PATH || kind == KIND_KEY || kind == KIND_LOAD || kind == KIND_ENDPOINT))
        declare(loader, SPACE_LIST + loader->lists, describe_kind(kind), config_setting_get_string(item.setting), 0, item.setting);
}

/* The default of a list of scalars: "a, b". */
static void read_fallback_list(struct loader *loader, const struct key *key, void *into)
{
    if (key->fallback == NULL)
        return;
    char *copy = mem_text(key->fallback), *rest = copy, *item;
    size_t count = 1;
    for (const char *at = copy; (at = strchr(at, ',')); at++)
        count++;
    *(void **)field(into, key->at) = mem_new(count, key->size);
    while ((item = strsep(&rest, ",")))
        read_scalar_item(loader, key, (struct value){.text = item + strspn(item, " ")}, into);
    free(copy);
}

static void read_list(struct loader *loader, const struct key *key, const config_setting_t *setting, void *into)
{
    if (setting == NULL) {
        read_fallback_list(loader, key, into);
        return;
    }
    const bool map = key->kind == KIND_MAP;
    if (map ? !config_setting_is_group(setting) : !config_setting_is_list(setting)) {
        wrong_type(loader, key, setting);
        return;
    }
    int count = config_setting_length(setting);
    if (count < (int)key->least || count > (int)key->most)
        wrong_count(loader, key, setting, count);
    if (count > (int)key->most)
        count = (int)key->most;
    if (!key->fixed && !(key->table && key->table->place))
        *(void **)field(into, key->at) = mem_new((size_t)count, key->size);
    loader->lists++;
    for (int i = 0; i < count; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
        if (map && config_setting_name(item)[0] == REPEATED_KEY)
            continue;
        if (key->table)
            read_group_item(loader, key, item, into);
        else
            read_scalar_item(loader, key, (struct value){.setting = item}, into);
    }
}

static void read_key(struct loader *loader, const struct key *key, const config_setting_t *setting, void *into)
{
    switch (key->kind) {
    case KIND_PAIR: read_pair(loader, key, setting, into); break;
    case KIND_LIST:
    case KIND_MAP: read_list(loader, key, setting, into); break;
    case KIND_GROUP:
        if (setting == NULL || is_group(loader, setting))
            schema_read(loader, key->table, setting, field(into, key->at));
        break;
    default:
        if (setting || key->fallback)
            scalar_read(loader, key, (struct value){setting, key->fallback}, field(into, key->at));
    }
}

void schema_read(struct loader *loader, const struct table *table, const config_setting_t *group, void *into)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct key *key = &table->keys[i];
        const config_setting_t *setting = group ? config_setting_get_member(group, key->name) : NULL;
        if (setting == NULL && key->required) {
            char *expected = describe_expected(key);
            tell_key(loader, group, key->name, "missing, expected %s", expected);
            free(expected);
            continue;
        }
        read_key(loader, key, setting, into);
    }
    if (group)
        check_unknown(loader, table, group);
    if (table->check)
        table->check(loader, group, into);
}
