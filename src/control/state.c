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

static const char *const names[] = {
    [STATE_OVERRIDES] = "overrides.json", [STATE_VERDICTS] = "verdicts.json", [STATE_SECRETS] = "cookie-secrets.json",
    [STATE_SERIALS] = "serials.json",     [STATE_PRICES] = "prices.json",     [STATE_HABITS] = "habits.json"};
static const uint64_t AGE_MAX_MS = UINT64_C(3650) * 24 * 3600 * 1000;
static const uint64_t ID_MAX = UINT64_C(1) << 53;
enum { FALLS_MAX = 1000 };
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

static bool write_synced(const char *path, mode_t mode, const char *text, struct error *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
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

bool state_write_file(const char *folder, const char *name, mode_t mode, const char *text, struct error *err)
{
    char *path = mem_format("%s/%s", folder, name), *temp = mem_format("%s/%s.new", folder, name);
    bool done = write_synced(temp, mode, text, err);
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
    return state_write_file(folder, names[file], file == STATE_SECRETS ? 0600 : 0640, text, err);
}

bool state_open(const char *folder, struct error *err)
{
    struct error why;
    if (!folder_make(folder, 0750, &why))
        return error_set(err, "state: %.400s", why.text);
    if (!state_write_file(folder, "writable", 0640, "", &why))
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

static const char *const scopes[] = {
    [SCOPE_SITE] = "site", [SCOPE_ENDPOINT] = "endpoint", [SCOPE_SERVICE] = "service", [SCOPE_CALLERS] = "callers"};
enum { SCOPES = sizeof scopes / sizeof *scopes };

char *state_overrides_text(const struct overrides *overrides)
{
    json_t *list = json_array();
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override *at = &overrides->items[i];
        json_t *item =
            json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "id", (json_int_t)at->id, "order", order_text(at->order), "scope",
                      scopes[at->scope], "target", at->target, "reason", at->reason, "who", at->who, "since_s", (json_int_t)at->since_s,
                      "until_s", (json_int_t)at->until_s, "suspended_until_s", (json_int_t)at->suspended_until_s);
        if (at->order == ORDER_SWITCH)
            json_object_set_new(item, "to", json_string(at->to));
        if (at->from_s)
            json_object_update_new(item, json_pack("{s:I, s:b}", "from_s", (json_int_t)at->from_s, "planned", at->planned));
        json_array_append_new(list, item);
    }
    return dump(json_pack("{s:i, s:I, s:o}", "version", 1, "last_id", (json_int_t)overrides->last_id, "overrides", list));
}

char *state_verdicts_text(const struct saved *saved, int64_t wall_s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < saved->count; i++) {
        const struct saved_verdict *at = &saved->items[i];
        char addr[ADDR_TEXT];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:i, s:I, s:I}", "host", at->host, "probe", at->probe,
                                              "address", addr_format(&at->target.addr, addr), "port", at->target.port, "verdict",
                                              verdict_text(at->verdict), "age_ms", (json_int_t)at->age_ms, "falls", (int)at->falls,
                                              "rose_age_ms", (json_int_t)at->rose_age_ms, "hold_ms", (json_int_t)at->hold_ms));
    }
    json_t *ramps = json_array();
    for (size_t i = 0; i < saved->ramp_count; i++)
        json_array_append_new(ramps, json_pack("{s:s, s:I}", "name", saved->ramps[i].name, "age_ms", (json_int_t)saved->ramps[i].age_ms));
    return dump(json_pack("{s:i, s:I, s:o, s:o}", "version", 1, "saved_s", (json_int_t)wall_s, "checks", list, "ramps", ramps));
}

char *state_secrets_text(const struct own_secrets *own)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < own->keys.count; i++) {
        char text[SECRET_TEXT];
        json_array_append_new(list, json_string(secret_format(&own->keys.keys[i], text)));
    }
    return dump(json_pack("{s:i, s:I, s:o}", "version", 1, "made_s", (json_int_t)own->made_s, "secrets", list));
}

char *state_serials_text(const struct serials *serials)
{
    json_t *list = json_array();
    for (size_t i = 0; i < serials->count; i++) {
        const struct zone_serial *at = &serials->items[i];
        char print[17];
        snprintf(print, sizeof print, "%016" PRIx64, at->print);
        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "zone", at->name, "serial", (json_int_t)at->serial, "print", print));
    }
    return dump(json_pack("{s:i, s:o}", "version", 1, "serials", list));
}

/* The whole file, or NULL. */
static char *read_file(const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        error_set(err, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    struct stat of;
    char *text = NULL;
    if (fstat(fileno(file), &of) == 0 && S_ISREG(of.st_mode) && (size_t)of.st_size <= FILE_MAX) {
        text = mem_new((size_t)of.st_size + 1, 1);
        const size_t got = fread(text, 1, (size_t)of.st_size, file);
        text[got] = '\0';
    } else {
        error_set(err, "is no sound file");
    }
    fclose(file);
    return text;
}

enum aside { ASIDE_NOT, ASIDE_MOVE, ASIDE_COPY };

/* A copy (by a link) leaves the file in place: should the process end before it is written anew, what is sound in it is still there. */
static void put_aside(const char *path, enum aside how, struct report *report, const char *what)
{
    char *bad = mem_format("%s.bad", path);
    if (how == ASIDE_NOT)
        report_warning(report, path, "%s", what);
    else if ((how == ASIDE_COPY && (unlink(bad) == 0 || errno == ENOENT) && link(path, bad) == 0) || rename(path, bad) == 0)
        report_warning(report, path, "%s; kept aside as %s", what, bad);
    else
        report_warning(report, path, "%s; it cannot be kept aside: %s", what, strerror(errno));
    free(bad);
}

/* The file's JSON with an array under key, or NULL. */
static json_t *parse_file(const char *path, const char *key, struct error *err)
{
    char *text = read_file(path, err);
    if (!text)
        return NULL;
    json_error_t why;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!root)
        error_set(err, "unsound JSON in line %d: %s", why.line, why.text);
    if (!root || (json_integer_value(json_object_get(root, "version")) == 1 && json_is_array(json_object_get(root, key))))
        return root;
    error_set(err, "not a state file of version 1");
    json_decref(root);
    return NULL;
}

/* False: there is something that cannot be read. The list under key is owned by *ret_root, and NULL when there is none to take; *ret_path is to be
 * freed in every case. */
static bool open_list(const char *folder, enum state_file file, const char *key, bool set_aside, struct report *report, json_t **ret_root,
                      json_t **ret_list, char **ret_path)
{
    struct error err;
    *ret_root = NULL;
    *ret_path = mem_format("%s/%s", folder, names[file]);
    const bool there = access(*ret_path, F_OK) == 0 || errno != ENOENT;
    if (there && !(*ret_root = parse_file(*ret_path, key, &err)))
        put_aside(*ret_path, set_aside ? ASIDE_MOVE : ASIDE_NOT, report, err.text);
    *ret_list = json_object_get(*ret_root, key);
    return !there || *ret_root;
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

/* Files of older releases lack it: 0. */
static bool read_number(const json_t *item, const char *key, uint64_t most, uint64_t *ret_number)
{
    const json_t *value = json_object_get(item, key);
    const json_int_t number = json_integer_value(value);
    *ret_number = (uint64_t)number;
    return !value || (json_is_integer(value) && number >= 0 && (uint64_t)number <= most);
}

/* What an order has beside a target, an end and who gave it; files of older releases lack all of it. */
static bool read_more(const json_t *item, struct override *ret_order)
{
    uint64_t from_s;
    if (!read_number(item, "id", ID_MAX, &ret_order->id) || !read_number(item, "from_s", INT64_MAX, &from_s))
        return false;
    ret_order->from_s = (int64_t)from_s;
    ret_order->planned = json_is_true(json_object_get(item, "planned"));
    return ret_order->order != ORDER_SWITCH || (copy_text(item, "to", ret_order->to, sizeof ret_order->to) && ret_order->to[0]);
}

static bool read_override(const json_t *item, struct override *ret_order)
{
    char order[16], scope[16];
    *ret_order = (struct override){0};
    if (!copy_text(item, "order", order, sizeof order) || !copy_text(item, "scope", scope, sizeof scope))
        return false;
    if (!order_parse(order, &ret_order->order))
        return false;
    size_t i = 0;
    while (i < SCOPES && strcmp(scope, scopes[i]) != 0)
        i++;
    ret_order->scope = (enum scope)i;
    if ((ret_order->order == ORDER_SWITCH) != (ret_order->scope == SCOPE_CALLERS) || !read_more(item, ret_order))
        return false;
    if (ret_order->order == ORDER_FAIL && ret_order->scope != SCOPE_SITE)
        return false;
    return i < SCOPES && copy_text(item, "target", ret_order->target, sizeof ret_order->target) &&
           copy_text(item, "reason", ret_order->reason, sizeof ret_order->reason) &&
           copy_text(item, "who", ret_order->who, sizeof ret_order->who) && copy_time(item, "since_s", &ret_order->since_s) &&
           copy_time(item, "until_s", &ret_order->until_s) && copy_time(item, "suspended_until_s", &ret_order->suspended_until_s);
}

static int by_beginning(const void *a, const void *b)
{
    const struct override *x = a, *y = b;
    return x->from_s != y->from_s ? (x->from_s > y->from_s) - (x->from_s < y->from_s) : (x->id > y->id) - (x->id < y->id);
}

/* What should have begun while nobody was there begins now, and then is newer than all that was in force. */
static void put_planned(struct overrides *planned, struct overrides *overrides)
{
    if (planned->count)
        qsort(planned->items, planned->count, sizeof *planned->items, by_beginning);
    for (size_t i = 0; i < planned->count; i++) {
        if (overrides_by_id(overrides, planned->items[i].id))
            planned->items[i].id = 0;
        overrides_put(overrides, &planned->items[i]);
    }
    overrides_release(planned);
}

bool state_read_overrides(const char *folder, bool set_aside, uint64_t now_ms, int64_t wall_s, struct report *report,
                          struct overrides *ret_overrides)
{
    *ret_overrides = (struct overrides){0};
    json_t *root, *list, *item;
    char *path;
    const bool readable = open_list(folder, STATE_OVERRIDES, "overrides", set_aside, report, &root, &list, &path);
    size_t i, unsound = 0;
    struct overrides planned = {0};
    uint64_t last_id;
    if (read_number(root, "last_id", ID_MAX, &last_id))
        ret_overrides->last_id = last_id;
    json_array_foreach(list, i, item)
    {
        struct override order;
        const bool sound = read_override(item, &order);
        const bool was_planned = sound && order.planned;
        unsound += !sound;
        override_from_wall(&order, now_ms, wall_s);
        if (sound && overrides_by_id(ret_overrides, order.id))
            order.id = 0;
        if (sound && !override_ended(&order, now_ms))
            overrides_put(was_planned ? &planned : ret_overrides, &order);
    }
    put_planned(&planned, ret_overrides);
    if (unsound)
        put_aside(path, set_aside ? ASIDE_COPY : ASIDE_NOT, report, "some orders are unsound; the others hold");
    json_decref(root);
    free(path);
    return readable && !unsound;
}

static bool read_damping(const json_t *item, struct saved_verdict *ret_item)
{
    uint64_t falls;
    const bool sound = read_number(item, "age_ms", AGE_MAX_MS, &ret_item->age_ms) && read_number(item, "falls", FALLS_MAX, &falls) &&
                       read_number(item, "rose_age_ms", AGE_MAX_MS, &ret_item->rose_age_ms) &&
                       read_number(item, "hold_ms", AGE_MAX_MS, &ret_item->hold_ms);
    ret_item->falls = sound ? (unsigned)falls : 0;
    return sound;
}

static bool read_verdict(const json_t *item, struct saved *saved)
{
    const char *host = json_string_value(json_object_get(item, "host")), *probe = json_string_value(json_object_get(item, "probe"));
    const char *address = json_string_value(json_object_get(item, "address")), *text = json_string_value(json_object_get(item, "verdict"));
    const json_int_t port = json_integer_value(json_object_get(item, "port"));
    if (!host || !probe || !address || !text || port < 0 || port > UINT16_MAX)
        return false;
    struct saved_verdict read = {.host = mem_text(host), .probe = mem_text(probe), .target.port = (uint16_t)port};
    const bool sound = addr_parse(address, &read.target.addr) && verdict_from_text(text, &read.verdict) && read_damping(item, &read);
    if (sound)
        saved_add(saved, &read);
    free(read.host);
    free(read.probe);
    return sound;
}

static bool read_ramp(const json_t *item, struct saved *saved)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    uint64_t age_ms;
    if (!name || !read_number(item, "age_ms", AGE_MAX_MS, &age_ms))
        return false;
    saved_add_ramp(saved, name, age_ms);
    return true;
}

static size_t read_checks_and_ramps(const json_t *root, const json_t *checks, struct saved *saved)
{
    size_t i, unsound = 0;
    json_t *item;
    json_array_foreach(checks, i, item) unsound += !read_verdict(item, saved);
    json_array_foreach(json_object_get(root, "ramps"), i, item) unsound += !read_ramp(item, saved);
    return unsound;
}

void state_read_verdicts(const char *folder, bool set_aside, int64_t wall_s, struct report *report, struct saved *ret_saved)
{
    *ret_saved = (struct saved){0};
    json_t *root, *list;
    char *path;
    open_list(folder, STATE_VERDICTS, "checks", set_aside, report, &root, &list, &path);
    const int64_t age_s = wall_s - json_integer_value(json_object_get(root, "saved_s"));
    size_t unsound = 0;
    ret_saved->age_ms = age_s > 0 ? (uint64_t)age_s * 1000 : 0;
    if (list && age_s >= 0 && age_s <= SAVED_MAX_AGE_S)
        unsound = read_checks_and_ramps(root, list, ret_saved);
    else if (list)
        report_warning(report, path, "the saved verdicts are too old (or of the future) and are ignored");
    if (unsound)
        put_aside(path, set_aside ? ASIDE_MOVE : ASIDE_NOT, report, "some saved verdicts are unsound; the others hold");
    saved_sort(ret_saved);
    json_decref(root);
    free(path);
}

void state_read_secrets(const char *folder, bool set_aside, struct report *report, struct own_secrets *ret_own)
{
    json_t *root, *list, *item;
    char *path;
    *ret_own = (struct own_secrets){0};
    open_list(folder, STATE_SECRETS, "secrets", set_aside, report, &root, &list, &path);
    bool sound = json_array_size(list) <= SIPHASH_KEYS_MAX && (!root || copy_time(root, "made_s", &ret_own->made_s));
    size_t i;
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        sound = sound && text && secret_parse(text, &ret_own->keys.keys[ret_own->keys.count++]);
    }
    if (!sound) {
        put_aside(path, set_aside ? ASIDE_MOVE : ASIDE_NOT, report, "unsound cookie secrets; new ones are made");
        *ret_own = (struct own_secrets){0};
    }
    json_decref(root);
    free(path);
}

static bool read_serial(const json_t *item, struct serials *serials)
{
    const char *name = json_string_value(json_object_get(item, "zone")), *print = json_string_value(json_object_get(item, "print"));
    const json_t *serial = json_object_get(item, "serial");
    char *end = NULL;
    const uint64_t value = print ? strtoull(print, &end, 16) : 0;
    if (!name || !print || *print == '\0' || *end || !json_is_integer(serial) || json_integer_value(serial) < 0 ||
        json_integer_value(serial) > UINT32_MAX)
        return false;
    serials_put(serials, name, (uint32_t)json_integer_value(serial), value);
    return true;
}

void state_read_serials(const char *folder, struct report *report, struct serials *ret_serials)
{
    json_t *root, *list, *item;
    char *path;
    open_list(folder, STATE_SERIALS, "serials", false, report, &root, &list, &path);
    size_t i, unsound = 0;
    json_array_foreach(list, i, item) unsound += !read_serial(item, ret_serials);
    if (unsound)
        report_warning(report, path, "some serials of signed zones are unsound: theirs begin anew with the zone file's");
    json_decref(root);
    free(path);
}

static char *read_text(const char *folder, enum state_file file)
{
    struct error err;
    char *path = mem_format("%s/%s", folder, names[file]), *text = read_file(path, &err);
    free(path);
    return text;
}

char *state_read_prices(const char *folder)
{
    return read_text(folder, STATE_PRICES);
}

char *state_read_habits(const char *folder)
{
    return read_text(folder, STATE_HABITS);
}
