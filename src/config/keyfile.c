/* Files of TSIG secrets: base64 alone, or the key clauses that BIND's tsig-keygen writes. */
#include "config/tables.h"

#include "base/base64.h"
#include "base/memory.h"
#include "config/dnsname.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10, WORD_MAX_LEN = 512 };

/* The whole file, ending in NUL, or NULL with the reason told. */
static char *read_whole(struct loader *loader, const config_setting_t *at, const char *path)
{
    struct stat of = {0};
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const bool opened = fd >= 0 && fstat(fd, &of) == 0;
    char *text = NULL;
    if (!opened)
        tell(loader, at, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(of.st_mode))
        tell(loader, at, "%s is no regular file", path);
    else if (of.st_mode & S_IROTH)
        warn(loader, at, "everybody on this machine can read the secret in %s: chmod o-r", path);
    if (opened && S_ISREG(of.st_mode)) {
        text = mem_new(FILE_MAX + 1, 1);
        const ssize_t len = read(fd, text, FILE_MAX);
        if (len < 0)
            tell(loader, at, "cannot read %s: %s", path, strerror(errno));
        text[len > 0 ? len : 0] = 0;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

/* Past blanks and comments of all three kinds. */
static const char *skip_blanks(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at == '#' || (at[0] == '/' && at[1] == '/'))
            at += strcspn(at, "\n");
        else if (at[0] == '/' && at[1] == '*' && strstr(at + 2, "*/"))
            at = strstr(at + 2, "*/") + 2;
        else
            return at;
    }
}

/* The next word, text in quotes or one of { } ;. False at the end, or when it is too long. */
static bool next_word(const char **at, char word[WORD_MAX_LEN])
{
    const char *from = skip_blanks(*at);
    const bool quoted = *from == '"';
    from += quoted;
    size_t len = quoted ? strcspn(from, "\"") : strcspn(from, " \t\r\n{};\"");
    if (!quoted && len == 0 && *from)
        len = 1;
    if ((len == 0 && !quoted) || len >= WORD_MAX_LEN || (quoted && !from[len]))
        return false;
    memcpy(word, from, len);
    word[len] = 0;
    *at = from + len + quoted;
    return true;
}

/* What a clause says; texts are "" when missing. */
struct clause {
    char algorithm[WORD_MAX_LEN], secret[WORD_MAX_LEN];
};

/* The statements between { and }. */
static bool read_clause(const char **at, struct clause *clause)
{
    char word[WORD_MAX_LEN];
    *clause = (struct clause){0};
    if (!next_word(at, word) || strcmp(word, "{") != 0)
        return false;
    while (next_word(at, word) && strcmp(word, "}") != 0) {
        char *value = strcmp(word, "algorithm") == 0 ? clause->algorithm : strcmp(word, "secret") == 0 ? clause->secret : NULL;
        if (!value || !next_word(at, value) || !next_word(at, word) || strcmp(word, ";") != 0)
            return false;
    }
    return strcmp(word, "}") == 0;
}

/* The clause of this name: 1 when it is there, 0 when not, -1 when this is no file of clauses. */
static int find_clause(const char *text, const char *name, struct clause *clause)
{
    char word[WORD_MAX_LEN], of[DNS_NAME_TEXT];
    while (next_word(&text, word)) {
        if (strcmp(word, ";") == 0)
            continue;
        if (strcmp(word, "key") != 0 || !next_word(&text, word) || dns_name_read(word, of) != NULL || !read_clause(&text, clause))
            return -1;
        if (strcmp(of, name) == 0)
            return 1;
    }
    return 0;
}

static bool take_algorithm(struct loader *loader, const config_setting_t *at, const char *name, struct tsig_key *key, bool given)
{
    const struct table *table = &key_table;
    const char *const *choices = NULL;
    for (size_t i = 0; i < table->count; i++)
        if (table->keys[i].choices)
            choices = table->keys[i].choices;
    for (unsigned i = 0; choices[i]; i++)
        if (strcasecmp(choices[i], name) == 0) {
            const bool same = !given || key->algorithm == i;
            key->algorithm = i;
            return same || tell(loader, at, "the key in %s is for %s, another algorithm than here", key->file, choices[i]);
        }
    return tell(loader, at, "the key in %s has the algorithm \"%s\", expected one of those of keys[].algorithm", key->file, name);
}

static bool take_secret(struct loader *loader, const config_setting_t *at, const char *text, size_t len, struct tsig_key *key)
{
    uint8_t octets[TSIG_SECRET_MAX];
    const size_t count = base64_decode(text, len, octets, sizeof octets);
    if (count == 0)
        return tell(loader, at, "%s holds no secret of 1 to %d octets in base64 for the key %s", key->file, TSIG_SECRET_MAX, key->name);
    key->secret = (struct tsig_secret){.octets = mem_copy(octets, count), .len = count};
    explicit_bzero(octets, sizeof octets);
    return true;
}

static bool take_text(struct loader *loader, const config_setting_t *at, const char *text, struct tsig_key *key, bool algorithm_given)
{
    struct clause clause;
    const int found = find_clause(text, key->name, &clause);
    if (found == 0 && *skip_blanks(text))
        return tell(loader, at, "%s holds no key \"%s\"", key->file, key->name);
    if (found == 1)
        return take_algorithm(loader, at, clause.algorithm, key, algorithm_given) &&
               take_secret(loader, at, clause.secret, strlen(clause.secret), key);
    text += strspn(text, " \t\r\n");
    const size_t len = strcspn(text, " \t\r\n");
    return take_secret(loader, at, text, text[len + strspn(text + len, " \t\r\n")] ? 0 : len, key);
}

bool read_key_file(struct loader *loader, const config_setting_t *at, struct tsig_key *key, bool algorithm_given)
{
    char *text = read_whole(loader, at, key->file);
    if (text == NULL)
        return false;
    const bool taken = take_text(loader, at, text, key, algorithm_given);
    explicit_bzero(text, FILE_MAX);
    free(text);
    return taken;
}
