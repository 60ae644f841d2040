#include "dnssec/folder.h"

#include "base/memory.h"
#include "dns/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands open at fd, to be wiped and freed; NULL with the finding told. */
static char *read_open(int fd, const char *path, struct report *report)
{
    struct stat stat;
    char *text = mem_new(KEY_TEXT_MAX + 1, 1);
    size_t len = 0;
    ssize_t got = -1;
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        while (len < KEY_TEXT_MAX && (got = read(fd, text + len, KEY_TEXT_MAX - len)) > 0)
            len += (size_t)got;
    if (got == 0 && memchr(text, '\0', len) == NULL)
        return text;
    report_error(report, path, "%s", got < 0 ? "no file that can be read" : "no text of at most 64 KiB");
    OPENSSL_cleanse(text, KEY_TEXT_MAX);
    free(text);
    return NULL;
}

static char *read_text(const char *path, bool secret, struct report *report)
{
    struct stat stat;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold the reading up */
    if (fd < 0) {
        report_error(report, path, "%s", strerror(errno));
        return NULL;
    }
    if (secret && fstat(fd, &stat) == 0 && stat.st_mode & (S_IROTH | S_IWOTH))
        report_warning(report, path, "everybody may read this private key: chmod 600 it, and replace the key if others use this machine");
    char *text = read_open(fd, path, report);
    close(fd);
    return text;
}

static void free_text(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

/* The key whose files begin with path. */
static bool read_key(struct key *ret, const char *path, const uint8_t *apex, size_t apex_len, struct report *report)
{
    struct error err;
    char *public_path = mem_format("%s.key", path), *private_path = mem_format("%s.private", path);
    char *public_text = read_text(public_path, false, report), *private_text = read_text(private_path, true, report);
    const bool both = public_text && private_text, sound = both && key_read(ret, public_text, private_text, apex, apex_len, &err);
    if (both && !sound)
        report_error(report, path, "%s", err.text);
    free_text(public_text);
    free_text(private_text);
    free(public_path);
    free(private_path);
    return sound;
}

/* "Ksip.example.com.+": the zones of a configuration hold no letters that BIND would write otherwise in a file name. */
static size_t file_prefix(const uint8_t *apex, char out[NAME_TEXT + 2])
{
    char name[NAME_TEXT];
    return (size_t)snprintf(out, NAME_TEXT + 2, "K%s+", name_to_text(apex, name));
}

static bool is_key_file(const char *name, const char *prefix, size_t prefix_len)
{
    const size_t len = strlen(name);
    return len > prefix_len + 4 && strncmp(name, prefix, prefix_len) == 0 && strcmp(name + len - 4, ".key") == 0;
}

static void take(struct keys *keys, const char *folder, const char *name, const uint8_t *apex, size_t apex_len, struct report *report)
{
    char *path = mem_format("%s/%.*s", folder, (int)strlen(name) - 4, name);
    if (read_key(&keys->items[keys->count], path, apex, apex_len, report))
        keys->paths[keys->count++] = path;
    else
        free(path);
}

bool keys_read(struct keys *ret, const char *folder, const uint8_t *apex, size_t apex_len, struct report *report)
{
    char prefix[NAME_TEXT + 2];
    struct dirent **entries;
    const size_t before = report->errors, prefix_len = file_prefix(apex, prefix);
    *ret = (struct keys){.count = 0};
    const int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0)
        return report_error(report, folder, "the folder of the keys: %s%s", strerror(errno),
                            errno == ENOENT ? "; sipsteer keys ZONE generate makes it" : "");
    for (int i = 0; i < count; i++) {
        if (!is_key_file(entries[i]->d_name, prefix, prefix_len))
            ;
        else if (ret->count < KEYS_MAX)
            take(ret, folder, entries[i]->d_name, apex, apex_len, report);
        else if (report->errors == before)
            report_error(report, folder, "more than %d keys of one zone: move the files of deleted keys away", KEYS_MAX);
        free(entries[i]);
    }
    free(entries);
    if (report->errors == before)
        return true;
    keys_release(ret);
    return false;
}

void keys_release(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        key_release(&keys->items[i]);
        free(keys->paths[i]);
    }
    keys->count = 0;
}
