/* One master file -> entries: what stands on one line or inside one pair of parentheses (RFC 1035 5.1), as tokens.
 * Comments are gone and escapes are normal: what needs none is the plain character, all else is \DDD, so that those who read a token
 * never meet a hostile escape. `\#` (RFC 3597 5) alone stays as it is. Everything is bounded.
 * Thread: the loader's. The lexer owns the open file and the tokens of the last entry. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENTRY_TEXT_MAX = 300000, /* RDATA of 65535 octets as text, each octet escaped, and some room */
};

struct token {
    uint32_t start; /* in struct entry's text, ends with NUL */
    bool quoted;
    bool joined; /* a string right behind a word, without a blank: the value of an SvcParam */
};

struct entry {
    char *text;
    struct token *tokens;
    size_t count, len; /* tokens, octets of text */
    bool blank_owner;  /* the line began with a blank */
    uint32_t line;     /* of the first token */
};

struct lexer {
    int fd;
    uint8_t *buffer;
    size_t at, filled;
    uint32_t line;
    bool ended; /* end of file or a read error: nothing more to read */
    int read_errno;
    struct entry entry;
    size_t text_room, token_room;
};

enum lex {
    LEX_ENTRY,
    LEX_END,
    LEX_WRONG, /* err and entry.line say what and where; the next call goes on with the next line */
    LEX_FATAL, /* the same, but this is no text or cannot be read: do not go on */
};

/* Opens the file; err holds no file name. After false nothing is to be released. */
bool lexer_open(struct lexer *lexer, const char *path, struct error *err);
void lexer_close(struct lexer *lexer);
enum lex lexer_next(struct lexer *lexer, struct error *err);

static inline const char *token_text(const struct entry *entry, size_t i)
{
    return entry->text + entry->tokens[i].start;
}
