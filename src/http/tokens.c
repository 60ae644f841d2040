#include "http/tokens.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_OCTETS = 32, WORDS = 3 };

struct token {
    char name[TOKEN_NAME_MAX + 1];
    enum role role;
    unsigned char hash[HASH_OCTETS];
};

struct tokens {
    struct token *items;
    size_t count, room;
};

static const char *const role_words[] = {[ROLE_NONE] = "none", [ROLE_VIEW] = "view", [ROLE_OPERATE] = "operate"};

const char *role_text(enum role role)
{
    return role_words[role];
}

bool role_parse(const char *text, enum role *ret_role)
{
    for (enum role role = ROLE_VIEW; role <= ROLE_OPERATE; role++)
        if (strcmp(text, role_words[role]) == 0) {
            *ret_role = role;
            return true;
        }
    return false;
}

bool token_is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const size_t len = strlen(name);
    return len > 0 && len <= TOKEN_NAME_MAX && strspn(name, allowed) == len;
}

static int hex_digit(char at)
{
    if (at >= '0' && at <= '9')
        return at - '0';
    return at >= 'a' && at <= 'f' ? at - 'a' + 10 : -1;
}

static bool hash_parse(const char *text, unsigned char ret_hash[HASH_OCTETS])
{
    if (strlen(text) != (size_t)2 * HASH_OCTETS)
        return false;
    for (size_t i = 0; i < HASH_OCTETS; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_hash[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static void hex_format(const unsigned char *octets, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

/* Up to one word more than a line has; the line is cut up. */
static size_t split(char *line, char *words[WORDS + 1])
{
    size_t count = 0;
    char *rest = line;
    for (char *word; count <= WORDS && (word = strtok_r(rest, " \t\r", &rest));)
        words[count++] = word;
    return count;
}

static bool known(const struct tokens *tokens, const char *name)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->items[i].name, name) == 0)
            return true;
    return false;
}

/* What is told never repeats the third word: it may be a token that stands where its hash should. */
static void take_line(struct tokens *tokens, char *line, const char *place, struct report *report)
{
    char *words[WORDS + 1];
    struct token token = {.role = ROLE_NONE};
    const size_t count = line[0] == '#' ? 0 : split(line, words);
    if (count == 0 || words[0][0] == '#')
        return;
    if (count != WORDS)
        report_error(report, place, "%s, expected NAME ROLE HASH",
                     count < WORDS ? "something is missing" : "there is more than three words");
    else if (!token_is_name(words[0]))
        report_error(report, place, "the name must be 1 to %d letters, digits, \"-\", \"_\" and \".\"", TOKEN_NAME_MAX);
    else if (!role_parse(words[1], &token.role))
        report_error(report, place, "the role must be view or operate");
    else if (!hash_parse(words[2], token.hash))
        report_error(report, place, "the hash must be the SHA-256 of the token, %d small hexadecimal digits", 2 * HASH_OCTETS);
    else if (known(tokens, words[0]))
        report_error(report, place, "the name \"%s\" stands twice", words[0]);
    else if (tokens->count == TOKENS_MAX)
        report_error(report, place, "more than %d tokens", TOKENS_MAX);
    else {
        snprintf(token.name, sizeof token.name, "%s", words[0]);
        tokens->items = mem_grow(tokens->items, &tokens->room, tokens->count + 1, sizeof *tokens->items);
        tokens->items[tokens->count++] = token;
    }
}

struct tokens *tokens_read(const char *path, const char *text, size_t len, struct report *report)
{
    struct tokens *tokens = mem_new(1, sizeof *tokens);
    const size_t before = report->errors;
    if (memchr(text, '\0', len))
        report_error(report, path, "not a text: it has NUL octets");
    char *copy = mem_format("%.*s", (int)len, text), *rest = copy;
    unsigned number = 0;
    for (char *line; report->errors == before && (line = strsep(&rest, "\n"));) {
        char *place = mem_format("%s:%u", path, ++number);
        take_line(tokens, line, place, report);
        free(place);
    }
    free(copy);
    if (report->errors == before)
        return tokens;
    tokens_free(tokens);
    return NULL;
}

/* The whole file; NULL with the reason. The caller frees. */
static char *read_whole(const char *path, size_t *ret_len, struct error *err)
{
    struct stat of;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &of) < 0) {
        error_set(err, "%s", strerror(errno));
    } else if (!S_ISREG(of.st_mode)) {
        error_set(err, "no ordinary file");
    } else if (of.st_mode & S_IWOTH) {
        error_set(err, "everybody may write to it (chmod o-w)");
    } else {
        char *text = mem_new(1, TOKENS_FILE_MAX + 1);
        ssize_t got, len = 0;
        while ((got = read(fd, text + len, (size_t)(TOKENS_FILE_MAX + 1 - len))) > 0)
            len += got;
        close(fd);
        *ret_len = (size_t)len;
        if (got == 0 && len <= TOKENS_FILE_MAX)
            return text;
        error_set(err, "%s", got < 0 ? strerror(errno) : "longer than 256 KiB");
        free(text);
        return NULL;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct tokens *tokens_load(const char *path, struct report *report)
{
    struct error err;
    size_t len = 0;
    char *text = read_whole(path, &len, &err);
    if (!text) {
        report_error(report, path, "%s", err.text);
        return NULL;
    }
    struct tokens *tokens = tokens_read(path, text, len, report);
    free(text);
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    if (tokens)
        free(tokens->items);
    free(tokens);
}

enum role tokens_find(const struct tokens *tokens, const char *token, size_t len, const char **ret_name)
{
    unsigned char hash[HASH_OCTETS];
    const struct token *found = NULL;
    if (!tokens || EVP_Digest(token, len, hash, NULL, EVP_sha256(), NULL) != 1)
        return ROLE_NONE;
    for (size_t i = 0; i < tokens->count; i++) /* all of them, whichever it is */
        if (CRYPTO_memcmp(hash, tokens->items[i].hash, sizeof hash) == 0)
            found = &tokens->items[i];
    if (found)
        *ret_name = found->name;
    return found ? found->role : ROLE_NONE;
}

size_t tokens_count(const struct tokens *tokens)
{
    return tokens->count;
}

const char *tokens_name(const struct tokens *tokens, size_t i)
{
    return tokens->items[i].name;
}

enum role tokens_role(const struct tokens *tokens, size_t i)
{
    return tokens->items[i].role;
}

bool token_make(char ret_token[TOKEN_TEXT], char ret_hash[TOKEN_HASH_TEXT])
{
    unsigned char chance[TOKEN_OCTETS], hash[HASH_OCTETS];
    if (RAND_bytes(chance, sizeof chance) != 1)
        return false;
    memcpy(ret_token, "sst_", 4);
    hex_format(chance, sizeof chance, ret_token + 4);
    OPENSSL_cleanse(chance, sizeof chance);
    if (EVP_Digest(ret_token, TOKEN_TEXT - 1, hash, NULL, EVP_sha256(), NULL) != 1)
        return false;
    hex_format(hash, sizeof hash, ret_hash);
    return true;
}
