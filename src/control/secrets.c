#include "control/secrets.h"

#include "base/invariant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_ROOM = 256 };

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool secret_parse(const char *text, struct siphash_key *ret_key)
{
    if (strlen(text) != 2 * SIPHASH_KEY)
        return false;
    for (unsigned i = 0; i < SIPHASH_KEY; i++) {
        const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_key->octets[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

const char *secret_format(const struct siphash_key *key, char out[SECRET_TEXT])
{
    for (unsigned i = 0; i < SIPHASH_KEY; i++)
        snprintf(out + 2 * i, 3, "%02x", key->octets[i]);
    return out;
}

static bool read_line(char *line, const char *path, unsigned number, struct report *report, struct siphash_keys *keys)
{
    struct siphash_key key;
    line[strcspn(line, "#\r\n")] = '\0';
    char *text = line + strspn(line, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t", text[len - 1]))
        text[--len] = '\0';
    if (len == 0)
        return true;
    if (!secret_parse(text, &key))
        return report_error(report, path, "line %u: expected a secret of %d hexadecimal digits", number, 2 * SIPHASH_KEY);
    if (keys->count == SIPHASH_KEYS_MAX)
        return report_error(report, path, "line %u: more than %d secrets", number, SIPHASH_KEYS_MAX);
    for (unsigned i = 0; i < keys->count; i++)
        if (memcmp(&keys->keys[i], &key, sizeof key) == 0)
            return report_error(report, path, "line %u: this secret stands twice", number);
    keys->keys[keys->count++] = key;
    return true;
}

/* A folder, a device or a pipe would not end, or never begin. */
static FILE *open_plain(const char *path, struct report *report)
{
    struct stat of;
    FILE *file = stat(path, &of) == 0 && !S_ISREG(of.st_mode) ? (errno = EINVAL, NULL) : fopen(path, "re");
    if (!file)
        report_error(report, path, "the cookie secrets cannot be read: %s", strerror(errno));
    else if (of.st_mode & (S_IROTH | S_IWOTH))
        report_warning(report, path, "everybody on this machine can read the cookie secrets (mode %03o)", of.st_mode & 0777);
    return file;
}

bool secrets_read(const char *path, struct report *report, struct siphash_keys *ret_keys)
{
    char line[LINE_ROOM];
    bool sound = true;
    *ret_keys = (struct siphash_keys){0};
    FILE *file = open_plain(path, report);
    if (!file)
        return false;
    for (unsigned number = 1; sound && fgets(line, sizeof line, file); number++)
        sound = read_line(line, path, number, report, ret_keys);
    sound = sound && (!ferror(file) || report_error(report, path, "the cookie secrets cannot be read: %s", strerror(errno)));
    fclose(file);
    return sound && (ret_keys->count > 0 || report_error(report, path, "no secret, expected 1 to %d", SIPHASH_KEYS_MAX));
}

bool own_secrets_due(const struct own_secrets *own, int64_t wall_s)
{
    const int64_t age_s = wall_s - own->made_s;
    return own->keys.count == 0 || age_s >= SECRETS_ROLL_S;
}

void own_secrets_mind_clock(struct own_secrets *own, int64_t wall_s)
{
    if (own->made_s > wall_s)
        own->made_s = wall_s;
}

void own_secrets_renew(struct own_secrets *own, int64_t wall_s)
{
    if (own->keys.count > 0)
        own->keys.keys[1] = own->keys.keys[0];
    own->keys.count = own->keys.count > 0 ? 2 : 1;
    invariant(getentropy(own->keys.keys[0].octets, SIPHASH_KEY) == 0);
    own->made_s = wall_s;
}
