#include "control/drill_files.h"

#include "base/memory.h"
#include "control/drill_report.h"
#include "control/folder.h"
#include "control/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_report(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return len > 5 && len < DRILL_ID_TEXT + 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* Their names begin with the time, so that the oldest come first. Returns how many; the caller frees each and the list. */
static size_t list_files(const char *folder, struct dirent ***ret_entries)
{
    const int count = scandir(folder, ret_entries, is_report, alphasort);
    if (count < 0)
        *ret_entries = NULL;
    return count < 0 ? 0 : (size_t)count;
}

static void free_list(struct dirent **entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static bool is_named(const json_t *report, const char *file)
{
    const char *id = json_string_value(json_object_get(report, "id"));
    return id && strncmp(id, file, strlen(id)) == 0 && strcmp(file + strlen(id), ".json") == 0;
}

static void read_one(const char *folder, const char *name, json_t *list, struct report *report)
{
    char *path = mem_format("%s/%s", folder, name);
    json_error_t why;
    json_t *read = json_load_file(path, JSON_REJECT_DUPLICATES, &why), *summary = read ? drill_summary(read) : NULL;
    if (summary && is_named(read, name))
        json_array_append(list, read);
    else
        report_warning(report, path, "is no report of a drill%s%s", read ? "" : ": ", read ? "" : why.text);
    json_decref(summary);
    json_decref(read);
    free(path);
}

json_t *drill_files_read(const char *state, size_t most, struct report *report)
{
    char *folder = mem_format("%s/drills", state);
    struct dirent **entries;
    const size_t count = list_files(folder, &entries);
    json_t *list = json_array();
    for (size_t i = count > most ? count - most : 0; i < count; i++)
        read_one(folder, entries[i]->d_name, list, report);
    free_list(entries, count);
    free(folder);
    return list;
}

static void prune(const char *folder, size_t keep)
{
    struct dirent **entries;
    const size_t count = list_files(folder, &entries);
    for (size_t i = 0; i + keep < count; i++) {
        char *path = mem_format("%s/%s", folder, entries[i]->d_name);
        unlink(path);
        free(path);
    }
    free_list(entries, count);
}

bool drill_file_write(const char *state, const char *id, const char *text, size_t keep, struct error *err)
{
    char *folder = mem_format("%s/drills", state), *name = mem_format("%s.json", id);
    const bool done = folder_make(folder, 0750, err) && state_write_file(folder, name, 0640, text, err);
    if (done)
        prune(folder, keep);
    free(name);
    free(folder);
    return done;
}
