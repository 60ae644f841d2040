#include "control/state.h"

#include "base/memory.h"
#include "control/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {[STATE_OVERRIDES] = "overrides.json", [STATE_VERDICTS] = "verdicts.json"};
static const size_t FILE_MAX = (size_t)256 << 20;

static bool write_all(int fd, const char *text, size_t len)
{
    while (len) {
        const ssize_t wrote = write(fd, text, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        text += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

static bool write_synced(const char *path, const char *text, struct error *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return error_set(err, "%s: %s", path, strerror(errno));
    const bool done = write_all(fd, text, strlen(text)) && fsync(fd) == 0;
    if (!done)
        error_set(err, "%s: %s", path, strerror(errno));
    close(fd);
    return done;
}

/* So that the rename itself survives a crash. */
static void sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static bool write_file(const char *folder, const char *name, const char *text, struct error *err)
{
    char *path = mem_format("%s/%s", folder, name), *temp = mem_format("%s/%s.new", folder, name);
    bool done = write_synced(temp, text, err);
    if (done && rename(temp, path) < 0)
        done = error_set(err, "%s: %s", path, strerror(errno));
    if (done)
        sync_folder(folder);
    else
        unlink(temp);
    free(path);
    free(temp);
    return done;
}

bool state_write(const char *folder, enum state_file file, const char *text, struct error *err)
{
    return write_file(folder, names[file], text, err);
}

bool state_open(const char *folder, struct error *err)
{
    struct error why;
    if (!folder_make(folder, 0750, &why))
        return error_set(err, "state: %.400s", why.text);
    if (!write_file(folder, "writable", "", &why))
        return error_set(err, "the state folder cannot be written to: %.400s", why.text);
    char *path = mem_format("%s/writable", folder);
    unlink(path);
    free(path);
    return true;
}

static char *dump(json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    json_decref(json);
    return text ? text : mem_text("{}");
}

static const char *const scopes[] = {[SCOPE_SITE] = "site", [SCOPE_ENDPOINT] = "endpoint", [SCOPE_SERVICE] = "service"};

char *state_overrides_text(const struct overrides *overrides)
{
    json_t *list = json_array();
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override *at = &overrides->items[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "order", order_text(at->order), "scope",
                                              scopes[at->scope], "target", at->target, "reason", at->reason, "who", at->who, "since_s",
                                              (json_int_t)at->since_s, "until_s", (json_int_t)at->until_s, "suspended_until_s",
                                              (json_int_t)at->suspended_until_s));
    }
    return dump(json_pack("{s:i, s:o}", "version", 1, "overrides", list));
}

char *state_verdicts_text(const struct saved *saved, int64_t wall_s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < saved->count; i++) {
        const struct saved_verdict *at = &saved->items[i];
        char addr[ADDR_TEXT];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "host", at->host, "probe", at->probe, "address",
                                              addr_format(&at->target.addr, addr), "port", at->target.port, "verdict",
                                              verdict_text(at->verdict)));
    }
    return dump(json_pack("{s:i, s:I, s:o}", "version", 1, "saved_s", (json_int_t)wall_s, "checks", list));
}

/* The whole file, or NULL: there is none, or (with a warning) it cannot be read. */
static char *read_file(const char *path, struct report *report)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        if (errno != ENOENT)
            report_warning(report, path, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    struct stat of;
    char *text = NULL;
    if (fstat(fileno(file), &of) == 0 && S_ISREG(of.st_mode) && (size_t)of.st_size <= FILE_MAX) {
        text = mem_new((size_t)of.st_size + 1, 1);
        const size_t got = fread(text, 1, (size_t)of.st_size, file);
        text[got] = '\0';
    } else {
        report_warning(report, path, "is no sound file; it is ignored");
    }
    fclose(file);
    return text;
}

static void put_aside(const char *path, bool set_aside, struct report *report, const char *what)
{
    char *bad = mem_format("%s.bad", path);
    if (!set_aside)
        report_warning(report, path, "%s", what);
    else if (rename(path, bad) == 0)
        report_warning(report, path, "%s; moved aside as %s", what, bad);
    else
        report_warning(report, path, "%s; it cannot be moved aside: %s", what, strerror(errno));
    free(bad);
}

/* The list under key of the file, owned by *ret_root. NULL when there is none to take; *ret_path is to be freed in every case. */
static json_t *open_list(const char *folder, enum state_file file, const char *key, bool set_aside, struct report *report,
                         json_t **ret_root, char **ret_path)
{
    *ret_path = mem_format("%s/%s", folder, names[file]);
    *ret_root = NULL;
    char *text = read_file(*ret_path, report);
    if (!text)
        return NULL;
    json_error_t why;
    *ret_root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    free(text);
    json_t *list = json_object_get(*ret_root, key);
    char what[sizeof why.text + 64];
    if (!*ret_root)
        snprintf(what, sizeof what, "unsound JSON in line %d: %s", why.line, why.text);
    else if (json_integer_value(json_object_get(*ret_root, "version")) != 1 || !json_is_array(list))
        snprintf(what, sizeof what, "not a state file of version 1");
    else
        return list;
    put_aside(*ret_path, set_aside, report, what);
    return NULL;
}

static bool copy_text(const json_t *item, const char *key, char *out, size_t room)
{
    const char *text = json_string_value(json_object_get(item, key));
    const size_t len = text ? strlen(text) : room;
    if (len >= room)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

static bool copy_time(const json_t *item, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(item, key);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static bool read_override(const json_t *item, struct override *ret_order)
{
    char order[16], scope[16];
    *ret_order = (struct override){0};
    if (!copy_text(item, "order", order, sizeof order) || !copy_text(item, "scope", scope, sizeof scope))
        return false;
    if (strcmp(order, order_text(ORDER_DRAIN)) != 0 && strcmp(order, order_text(ORDER_DISABLE)) != 0)
        return false;
    ret_order->order = strcmp(order, order_text(ORDER_DRAIN)) == 0 ? ORDER_DRAIN : ORDER_DISABLE;
    size_t i = 0;
    while (i < 3 && strcmp(scope, scopes[i]) != 0)
        i++;
    ret_order->scope = (enum scope)i;
    return i < 3 && copy_text(item, "target", ret_order->target, sizeof ret_order->target) &&
           copy_text(item, "reason", ret_order->reason, sizeof ret_order->reason) &&
           copy_text(item, "who", ret_order->who, sizeof ret_order->who) && copy_time(item, "since_s", &ret_order->since_s) &&
           copy_time(item, "until_s", &ret_order->until_s) && copy_time(item, "suspended_until_s", &ret_order->suspended_until_s);
}

void state_read_overrides(const char *folder, bool set_aside, int64_t wall_s, struct report *report, struct overrides *ret_overrides)
{
    *ret_overrides = (struct overrides){0};
    json_t *root;
    char *path;
    const json_t *list = open_list(folder, STATE_OVERRIDES, "overrides", set_aside, report, &root, &path), *item;
    size_t i, unsound = 0;
    json_array_foreach(list, i, item)
    {
        struct override order;
        if (!read_override(item, &order))
            unsound++;
        else if (!override_ended(&order, wall_s))
            overrides_put(ret_overrides, &order);
    }
    if (unsound)
        put_aside(path, set_aside, report, "some orders are unsound; the others hold");
    json_decref(root);
    free(path);
}

static bool read_verdict(const json_t *item, struct saved *saved)
{
    const char *host = json_string_value(json_object_get(item, "host")), *probe = json_string_value(json_object_get(item, "probe"));
    const char *address = json_string_value(json_object_get(item, "address")), *text = json_string_value(json_object_get(item, "verdict"));
    const json_int_t port = json_integer_value(json_object_get(item, "port"));
    struct hostport target = {.port = (uint16_t)port};
    enum verdict verdict;
    if (!host || !probe || !address || !text || port < 0 || port > UINT16_MAX || !addr_parse(address, &target.addr) ||
        !verdict_from_text(text, &verdict))
        return false;
    saved_add(saved, host, probe, &target, verdict);
    return true;
}

void state_read_verdicts(const char *folder, bool set_aside, int64_t wall_s, struct report *report, struct saved *ret_saved)
{
    *ret_saved = (struct saved){0};
    json_t *root;
    char *path;
    const json_t *list = open_list(folder, STATE_VERDICTS, "checks", set_aside, report, &root, &path), *item;
    const int64_t age_s = wall_s - json_integer_value(json_object_get(root, "saved_s"));
    size_t i, unsound = 0;
    if (list && age_s >= 0 && age_s <= SAVED_MAX_AGE_S)
        json_array_foreach(list, i, item) unsound += !read_verdict(item, ret_saved);
    else if (list)
        report_warning(report, path, "the saved verdicts are too old (or of the future) and are ignored");
    if (unsound)
        put_aside(path, set_aside, report, "some saved verdicts are unsound; the others hold");
    saved_sort(ret_saved);
    json_decref(root);
    free(path);
}
