/* Who may do what over HTTP: a file of lines NAME ROLE HASH, where HASH is the SHA-256 of a token; the token itself is kept nowhere.
 * Thread: a loaded set is never changed and may be read in any; it belongs to whoever loaded it. */
#pragma once

#include "base/error.h"
#include "base/report.h"

#include <stddef.h>

enum role { ROLE_NONE, ROLE_VIEW, ROLE_OPERATE };

enum {
    TOKEN_NAME_MAX = 63,
    TOKEN_OCTETS = 32,                     /* of chance in a token */
    TOKEN_TEXT = 4 + 2 * TOKEN_OCTETS + 1, /* "sst_", hexadecimal, NUL */
    TOKEN_HASH_TEXT = 2 * 32 + 1,          /* SHA-256, hexadecimal, NUL */
    TOKENS_MAX = 1000,
    TOKENS_FILE_MAX = 256 * 1024,
};

struct tokens;

/* Reads the file. NULL when anything in it is wrong, all of which goes to report as "PATH:LINE: ...". Free with tokens_free(). */
struct tokens *tokens_load(const char *path, struct report *report);
/* The same of a text, as if it stood in the file path. */
struct tokens *tokens_read(const char *path, const char *text, size_t len, struct report *report);
void tokens_free(struct tokens *tokens);

/* The role of this token, in a time that does not tell how much of it is right; ret_name (valid as long as tokens) is whose it is. ROLE_NONE, and
 * ret_name untouched: nobody's. tokens may be NULL. */
enum role tokens_find(const struct tokens *tokens, const char *token, size_t len, const char **ret_name);

/* One after the other, for lists. */
size_t tokens_count(const struct tokens *tokens);
const char *tokens_name(const struct tokens *tokens, size_t i);
enum role tokens_role(const struct tokens *tokens, size_t i);

/* 1 to 63 of letters, digits, "-", "_" and ".". */
bool token_is_name(const char *name);
/* "view", "operate"; "none". */
const char *role_text(enum role role);
bool role_parse(const char *text, enum role *ret_role);

/* A new token, and the hash to keep of it. False: the system gives no chance. */
bool token_make(char ret_token[TOKEN_TEXT], char ret_hash[TOKEN_HASH_TEXT]);
