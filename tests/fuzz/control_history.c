/* Any octets as the audit file and an older one: read page by page with lines left out, never worse; what was read can be written, and is then read alike. */
#include "base/invariant.h"
#include "control/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEEP = 1 };
static char folder[] = "/tmp/sipsteer-fuzz-XXXXXX", path[64], older[64];

static void remove_folder(void)
{
    unlink(path);
    unlink(older);
    rmdir(folder);
}

static void make_folder(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    invariant(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/audit.jsonl", folder);
    snprintf(older, sizeof older, "%s.1", path);
    atexit(remove_folder);
}

static void put(const char *name, const void *octets, size_t len)
{
    FILE *file = fopen(name, "w");
    invariant(file);
    fwrite(octets, 1, len, file);
    fclose(file);
}

static void survives_writing(const json_t *event)
{
    char *line = history_line(event);
    invariant(line);
    json_t *again = history_parse(line, strlen(line) - 1);
    invariant(strlen(line) > HISTORY_LINE_MOST || json_equal(again, event));
    json_decref(again);
    free(line);
}

static void page_through(struct history_query query)
{
    for (bool more = true; more;) {
        struct history history;
        struct error err;
        uint64_t last = query.before;
        size_t i;
        json_t *event;
        history_init(&history, &query);
        invariant(history_read(&history, &query, path, KEEP, 4096, &err));
        invariant(json_array_size(history.events) <= query.limit);
        json_array_foreach(history.events, i, event)
        {
            const uint64_t id = (uint64_t)json_integer_value(json_object_get(event, "id"));
            invariant(id < last && history_fits(&query, event));
            last = id;
            survives_writing(event);
        }
        more = history.more && history.next < query.before;
        query.before = history.next;
        json_decref(history_json(&history));
        history_release(&history);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct history_query query;
    make_folder();
    put(path, data, size / 2);
    put(older, data + size / 2, size - size / 2);
    history_last_id(path, KEEP);
    history_query_init(&query);
    query.limit = 3;
    page_through(query);
    query.kinds = "order";
    query.target = "lon";
    page_through(query);
    return 0;
}
