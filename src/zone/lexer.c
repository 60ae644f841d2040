#include "zone/lexer.h"

#include "base/memory.h"
#include "zone/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, END = -1 };

bool lexer_open(struct lexer *lexer, const char *path, struct error *err)
{
    struct stat about;
    /* Not blocking: a named pipe in place of the file must not hold up the daemon. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, "cannot be read: %s", strerror(errno));
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        error_set(err, S_ISDIR(about.st_mode) ? "is a directory, a master file was expected" : "is not a regular file");
        close(fd);
        return false;
    }
    *lexer = (struct lexer){.fd = fd, .buffer = mem_new(BUFFER, 1), .line = 1};
    return true;
}

void lexer_close(struct lexer *lexer)
{
    close(lexer->fd);
    free(lexer->buffer);
    free(lexer->entry.text);
    free(lexer->entry.tokens);
}

static bool fill(struct lexer *lexer)
{
    ssize_t got;
    if (lexer->ended)
        return false;
    do
        got = read(lexer->fd, lexer->buffer, BUFFER);
    while (got < 0 && errno == EINTR);
    lexer->at = 0;
    lexer->filled = got > 0 ? (size_t)got : 0;
    lexer->ended = got <= 0;
    lexer->read_errno = got < 0 ? errno : 0;
    return got > 0;
}

static inline int peek(struct lexer *lexer)
{
    if (lexer->at == lexer->filled && !fill(lexer))
        return END;
    return lexer->buffer[lexer->at];
}

/* Takes what peek() showed. */
static inline void skip(struct lexer *lexer)
{
    lexer->line += lexer->buffer[lexer->at] == '\n';
    lexer->at++;
}

static void skip_line(struct lexer *lexer)
{
    for (int c = peek(lexer); c != END && c != '\n'; c = peek(lexer))
        skip(lexer);
}

static inline void put(struct lexer *lexer, char c)
{
    struct entry *entry = &lexer->entry;
    if (entry->len == lexer->text_room)
        entry->text = mem_grow(entry->text, &lexer->text_room, entry->len + 1, 1);
    entry->text[entry->len++] = c;
}

/* These need no escape in a name, in a string, or as a token of their own. */
static inline bool plain(uint8_t octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
           (octet && strchr("-_/*+=:,!?&%#<>|~^'`{}[]", octet));
}

static void put_escaped(struct lexer *lexer, uint8_t octet)
{
    if (plain(octet)) {
        put(lexer, (char)octet);
        return;
    }
    put(lexer, '\\');
    put(lexer, (char)('0' + octet / 100));
    put(lexer, (char)('0' + octet / 10 % 10));
    put(lexer, (char)('0' + octet % 10));
}

static enum lex wrong(struct lexer *lexer, struct error *err, const char *what)
{
    lexer->entry.line = lexer->line;
    skip_line(lexer);
    error_set(err, "%s", what);
    return LEX_WRONG;
}

/* A master file is text; a picture or an archive is told once, not line by line. */
static enum lex control(struct lexer *lexer, struct error *err, int c)
{
    lexer->entry.line = lexer->line;
    error_set(err, "octet 0x%02x: this is not a text file; in a name or a string it is written \\%03d", c, c);
    return LEX_FATAL;
}

static inline bool is_control(int c)
{
    return (c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

static enum lex escape(struct lexer *lexer, bool quoted, struct error *err)
{
    char text[4] = {0};
    uint8_t octet;
    int c = peek(lexer);
    if (is_control(c))
        return control(lexer, err, c);
    if (c == END || c == '\n' || c == '\r')
        return wrong(lexer, err, "a backslash at the end of the line");
    for (unsigned i = 0, digits = c >= '0' && c <= '9' ? 3 : 1; i < digits; i++) {
        text[i] = (char)c;
        skip(lexer);
        if (i + 1 < digits && ((c = peek(lexer)) < '0' || c > '9'))
            return wrong(lexer, err, "a malformed escape: \\DDD takes three decimal digits");
    }
    if (escape_read(text, &octet) == 0)
        return wrong(lexer, err, "a malformed escape: \\DDD goes up to \\255");
    if (octet == '#' && !quoted)
        put(lexer, '\\'); /* so that RFC 3597's mark can be told from the character */
    put_escaped(lexer, octet);
    return LEX_ENTRY;
}

static void start_token(struct lexer *lexer, bool quoted)
{
    struct entry *entry = &lexer->entry;
    if (entry->count == 0)
        entry->line = lexer->line;
    entry->tokens = mem_grow(entry->tokens, &lexer->token_room, entry->count + 1, sizeof *entry->tokens);
    entry->tokens[entry->count++] = (struct token){.start = (uint32_t)entry->len, .quoted = quoted};
}

static enum lex string(struct lexer *lexer, struct error *err)
{
    start_token(lexer, true);
    skip(lexer);
    for (int c = peek(lexer); c != '"'; c = peek(lexer)) {
        if (c == END || c == '\n')
            return wrong(lexer, err, "a quoted string that is not closed on its line");
        if (is_control(c))
            return control(lexer, err, c);
        skip(lexer);
        if (c == '\\') {
            const enum lex got = escape(lexer, true, err);
            if (got != LEX_ENTRY)
                return got;
        } else {
            put_escaped(lexer, (uint8_t)c);
        }
        if (lexer->entry.len > ENTRY_TEXT_MAX)
            break; /* the caller says so */
    }
    if (peek(lexer) == '"')
        skip(lexer);
    put(lexer, 0);
    return LEX_ENTRY;
}

static inline bool ends_word(int c)
{
    return c == END || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '(' || c == ')' || c == '"';
}

static enum lex word(struct lexer *lexer, struct error *err)
{
    start_token(lexer, false);
    for (int c = peek(lexer); !ends_word(c); c = peek(lexer)) {
        if (is_control(c))
            return control(lexer, err, c);
        skip(lexer);
        if (c == '\\') {
            const enum lex got = escape(lexer, false, err);
            if (got != LEX_ENTRY)
                return got;
        } else if (c >= 0x80) {
            put_escaped(lexer, (uint8_t)c);
        } else {
            put(lexer, (char)c); /* dots separate, @ and $ mean something: as they are */
        }
        if (lexer->entry.len > ENTRY_TEXT_MAX)
            break; /* the caller says so */
    }
    put(lexer, 0);
    return LEX_ENTRY;
}

/* key="value" is a word and a string that is joined to it. */
static enum lex word_and_value(struct lexer *lexer, struct error *err)
{
    const enum lex got = word(lexer, err);
    if (got != LEX_ENTRY || peek(lexer) != '"')
        return got;
    const size_t value = lexer->entry.count;
    const enum lex closed = string(lexer, err);
    lexer->entry.tokens[value].joined = true;
    return closed;
}

/* At the start of a line: a blank there means the owner of the record before (RFC 1035 5.1). */
static void note_blank(struct lexer *lexer)
{
    const int c = peek(lexer);
    lexer->entry.blank_owner = c == ' ' || c == '\t';
}

static enum lex finished(struct lexer *lexer, unsigned depth, uint32_t opened, struct error *err)
{
    if (lexer->read_errno) {
        lexer->entry.line = lexer->line;
        error_set(err, "cannot be read: %s", strerror(lexer->read_errno));
        return LEX_FATAL;
    }
    if (depth) {
        lexer->entry.line = opened;
        error_set(err, "a parenthesis that is never closed");
        return LEX_WRONG;
    }
    return lexer->entry.count ? LEX_ENTRY : LEX_END;
}

enum lex lexer_next(struct lexer *lexer, struct error *err)
{
    struct entry *entry = &lexer->entry;
    unsigned depth = 0;
    uint32_t opened = 0;
    entry->count = entry->len = 0;
    note_blank(lexer);
    for (;;) {
        const int c = peek(lexer);
        enum lex got = LEX_ENTRY;
        switch (c) {
        case END: return finished(lexer, depth, opened, err);
        case '\n':
            skip(lexer);
            if (depth == 0 && entry->count)
                return LEX_ENTRY;
            if (depth == 0)
                note_blank(lexer);
            break;
        case ' ':
        case '\t':
        case '\r': skip(lexer); break;
        case ';': skip_line(lexer); break;
        case '(':
            if (depth++ == 0)
                opened = lexer->line;
            skip(lexer);
            break;
        case ')':
            if (depth == 0)
                return wrong(lexer, err, "a closing parenthesis without an opening one");
            depth--;
            skip(lexer);
            break;
        case '"': got = string(lexer, err); break;
        default: got = word_and_value(lexer, err);
        }
        if (got != LEX_ENTRY)
            return got;
        if (entry->len > ENTRY_TEXT_MAX)
            return wrong(lexer, err, "a record longer than any record can be");
    }
}
