#include "dnssec/keyfile.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "dns/name.h"
#include "dnssec/coding.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 100 }; /* for a tag that no other key has */

/* --- files */

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t wrote = write(fd, text, left);
        if (wrote < 0 && errno != EINTR)
            return false;
        text += wrote > 0 ? wrote : 0;
        left -= wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd) == 0;
}

/* To be freed. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? mem_format("%.*s", (int)(slash > path ? slash - path : 1), path) : mem_text(".");
}

/* The daemon, which is not root, must be able to read what root makes. */
static bool give_away(int fd, const char *path)
{
    struct stat stat_of;
    char *folder = folder_of(path);
    const bool known = stat(folder, &stat_of) == 0;
    free(folder);
    return geteuid() != 0 || (known && fchown(fd, stat_of.st_uid, stat_of.st_gid) == 0);
}

/* Who could read the file before still can, but for others where a new one is not for them; a new one goes to the folder's owner. */
static bool set_access(int fd, const char *path, mode_t mode)
{
    struct stat old, made;
    if (stat(path, &old) != 0)
        return errno == ENOENT && give_away(fd, path) && fchmod(fd, mode) == 0;
    if (fstat(fd, &made) != 0)
        return false;
    const bool same = made.st_uid == old.st_uid && made.st_gid == old.st_gid;
    const mode_t kept = old.st_mode & (mode & S_IROTH ? 0777 : 0770);
    return (same || fchown(fd, old.st_uid, old.st_gid) == 0) && fchmod(fd, kept) == 0;
}

/* Without it a rename may be undone by a power cut. */
static bool sync_folder(const char *path)
{
    char *folder = folder_of(path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    const bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

/* Replaces the file, or makes it with this mode. */
static bool put_file(const char *path, const char *text, mode_t mode, struct error *err)
{
    char *new_path = mem_format("%s.new", path);
    unlink(new_path); /* left behind by one that did not end well */
    const int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = fd >= 0 && set_access(fd, path, mode) && write_all(fd, text);
    done = (fd < 0 || close(fd) == 0) && done && rename(new_path, path) == 0 && sync_folder(path);
    if (!done) {
        error_set(err, "%s: %s", path, strerror(errno));
        unlink(new_path);
    }
    free(new_path);
    return done;
}

static void wipe_text(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

/* To be wiped and freed; NULL with err set. */
static char *get_file(const char *path, struct error *err)
{
    char *text = mem_new(KEY_TEXT_MAX + 1, 1);
    FILE *file = fopen(path, "re");
    const size_t len = file ? fread(text, 1, KEY_TEXT_MAX, file) : 0;
    const bool whole = file && len < KEY_TEXT_MAX && !ferror(file);
    if (!whole)
        error_set(err, "%s: %s", path, file ? "no text of less than 64 KiB" : strerror(errno));
    if (file)
        fclose(file);
    if (whole)
        return text;
    wipe_text(text);
    return NULL;
}

/* --- texts */

static char *append(char *text, char *more)
{
    char *longer = mem_format("%s%s", text, more);
    wipe_text(text);
    wipe_text(more);
    return longer;
}

static char *append_times(char *text, const int64_t times[KEY_TIMES], bool comments)
{
    char digits[KEY_TIME_TEXT], words[64];
    for (unsigned i = 0; i < KEY_TIMES; i++) {
        if (times[i] == KEY_NEVER)
            continue;
        const time_t time = (time_t)times[i];
        struct tm tm;
        key_time_text(times[i], digits);
        if (!comments)
            text = append(text, mem_format("%s: %s\n", key_time_name(i), digits));
        else if (gmtime_r(&time, &tm) && strftime(words, sizeof words, "%a %b %e %H:%M:%S %Y", &tm))
            text = append(text, mem_format("; %s: %s (%s)\n", key_time_name(i), digits, words));
    }
    return text;
}

static char *private_head(const struct algorithm *algorithm, const struct private_fields *fields)
{
    char *text = mem_format("Private-key-format: v1.3\nAlgorithm: %u (%s)\n", algorithm->number, algorithm->name);
    for (unsigned i = 0; algorithm->fields[i]; i++) {
        char *value = base64_text(fields->field[i].octets, fields->field[i].len);
        text = append(text, mem_format("%s: %s\n", algorithm->fields[i], value));
        wipe_text(value);
    }
    return text;
}

static char *public_head(const char *name, const struct key *key)
{
    return mem_format("; This is a %s-signing key, keyid %u, for %s\n", key->flags & KEY_FLAG_SEP ? "key" : "zone", key->tag, name);
}

static char *record_text(const char *name, const struct key *key)
{
    char *value = base64_text(key->dnskey + 4, key->dnskey_len - 4u);
    char *text = mem_format("%s %u IN DNSKEY %u 3 %u %s\n", name, key->ttl_s, key->flags, key->algorithm->number, value);
    free(value);
    return text;
}

/* --- new keys */

static bool generate(const struct key_plan *plan, struct key *ret, struct private_fields *ret_fields, struct error *err)
{
    size_t len;
    *ret = (struct key){.algorithm = plan->algorithm, .flags = plan->flags, .ttl_s = plan->ttl_s};
    if (!pair_generate(plan->algorithm, ret_fields, ret->dnskey + 4, &len))
        return error_set(err, "OpenSSL could not make a key of algorithm %s", plan->algorithm->name);
    put_u16(ret->dnskey, plan->flags);
    ret->dnskey[2] = 3;
    ret->dnskey[3] = plan->algorithm->number;
    ret->dnskey_len = (uint16_t)(4 + len);
    ret->tag = key_tag(ret->dnskey, ret->dnskey_len);
    return true;
}

/* Validators try every key of a tag: no two should share one. The algorithm does not matter, so that DS records are told apart at a glance. */
static bool tag_taken(const char *folder, const char *name, unsigned tag)
{
    static const unsigned numbers[] = {ALGORITHM_RSASHA256, ALGORITHM_ECDSAP256SHA256, ALGORITHM_ECDSAP384SHA384, ALGORITHM_ED25519};
    bool taken = false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !taken; i++) {
        char *path = mem_format("%s/K%s+%03u+%05u.key", folder, name, numbers[i], tag);
        taken = access(path, F_OK) == 0;
        free(path);
    }
    return taken;
}

static bool write_files(const char *path, const char *name, const struct key *key, const struct private_fields *fields,
                        const int64_t times[KEY_TIMES], struct error *err)
{
    char *public_path = mem_format("%s.key", path), *private_path = mem_format("%s.private", path);
    char *public_text = append(append_times(public_head(name, key), times, true), record_text(name, key));
    char *private_text = append_times(private_head(key->algorithm, fields), times, false);
    /* The private one first: a key is there when its .key file is. */
    const bool done = put_file(private_path, private_text, 0600, err) && put_file(public_path, public_text, 0644, err);
    wipe_text(private_text);
    free(public_text);
    free(private_path);
    free(public_path);
    return done;
}

bool keyfile_create(const char *folder, const uint8_t *apex, const struct key_plan *plan, char **ret_path, struct error *err)
{
    char name[NAME_TEXT];
    struct key key;
    struct private_fields fields;
    unsigned tries = 0;
    name_to_text(apex, name);
    bool done = true;
    do
        done = generate(plan, &key, &fields, err);
    while (done && tag_taken(folder, name, key.tag) && ++tries < TRIES);
    if (done && tries == TRIES)
        done = error_set(err, "%s: found no tag that no other key has", folder);
    char *path = done ? mem_format("%s/K%s+%03u+%05u", folder, name, key.algorithm->number, key.tag) : NULL;
    done = done && write_files(path, name, &key, &fields, plan->times, err);
    private_fields_wipe(&fields);
    if (done)
        *ret_path = path;
    else
        free(path);
    return done;
}

/* --- timings */

static bool is_time_line(const char *line)
{
    line += strspn(line, "; ");
    for (unsigned i = 0; i < KEY_TIMES; i++) {
        const size_t len = strlen(key_time_name(i));
        if (strncmp(line, key_time_name(i), len) == 0 && line[len] == ':')
            return true;
    }
    return false;
}

/* The lines that tell no time. comments: only those that are comments, or only those that are none. */
static char *other_lines(const char *text, bool comments)
{
    char *kept = mem_new(strlen(text) + 2, 1), *at = kept;
    for (size_t len; *text; text += len) {
        len = strcspn(text, "\n") + (strchr(text, '\n') != NULL);
        if (is_time_line(text) || (*text == ';') != comments)
            continue;
        memcpy(at, text, len);
        at += len;
    }
    if (at > kept && at[-1] != '\n')
        *at = '\n';
    return kept;
}

bool keyfile_set_times(const char *path, const int64_t times[KEY_TIMES], struct error *err)
{
    char *public_path = mem_format("%s.key", path), *private_path = mem_format("%s.private", path);
    char *private_text = get_file(private_path, err), *public_text = private_text ? get_file(public_path, err) : NULL;
    bool done = false;
    if (public_text) {
        char *private_new = append_times(other_lines(private_text, false), times, false);
        char *public_new = append(append_times(other_lines(public_text, true), times, true), other_lines(public_text, false));
        /* The private file's timings are those that count. */
        done = put_file(private_path, private_new, 0600, err) && put_file(public_path, public_new, 0644, err);
        wipe_text(private_new);
        free(public_new);
    }
    wipe_text(private_text);
    free(public_text);
    free(private_path);
    free(public_path);
    return done;
}
