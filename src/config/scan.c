#include "config/scan.h"

#include "base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
    const char *file, *at, *end;
    unsigned line, include_depth;
    bool fresh; /* only blanks so far in this line */
};

static bool wrong(struct scanner *scanner, const struct input *input, unsigned line, const char *what)
{
    char *place = mem_format("%s:%u", input->file, line);
    report_error(scanner->report, place, "%s", what);
    free(place);
    return false;
}

static void put(struct scanner *scanner, const char *from, size_t len)
{
    struct source *source = scanner->source;
    source->text = mem_grow(source->text, &source->room, source->len + len + 1, 1);
    memcpy(source->text + source->len, from, len);
    source->len += len;
    source->text[source->len] = 0;
}

static void put_newline(struct scanner *scanner)
{
    put(scanner, "\n", 1);
    scanner->line++;
}

static void begin_stretch(struct scanner *scanner, const struct input *input)
{
    struct source *source = scanner->source;
    source->stretches = mem_grow(source->stretches, &source->stretch_room, source->stretch_count + 1, sizeof *source->stretches);
    source->stretches[source->stretch_count++] = (struct stretch){.line = scanner->line, .file = input->file, .file_line = input->line};
}

/* "sites[2].endpoints[0].host" for the last word, which stands in the innermost open group. */
static char *path_of_word(const struct scanner *scanner)
{
    char *path = mem_text("");
    for (unsigned i = 1; i <= scanner->depth; i++) {
        const struct bracket *open = &scanner->open[i];
        char *longer = open->key ? mem_format("%s%.*s.", path, (int)open->key_len, open->key)
                                 : mem_format("%.*s[%zu].", (int)(strlen(path) - (*path != 0)), path, open[-1].item);
        free(path);
        path = longer;
    }
    char *whole = mem_format("%s%.*s", path, (int)scanner->word_len, scanner->word);
    free(path);
    return whole;
}

static void tell_repeated(struct scanner *scanner, const struct input *input, unsigned first_line)
{
    char *path = path_of_word(scanner), *first = source_place(scanner->source, first_line);
    char *what = mem_format("%s: given twice, first at %s", path, first);
    wrong(scanner, input, input->line, what);
    free(what);
    free(first);
    free(path);
}

/* Puts a prefix before the last word that no key can have by itself and no second key has. */
static void rename_word(struct scanner *scanner)
{
    char prefix[16];
    struct source *source = scanner->source;
    const size_t len = (size_t)snprintf(prefix, sizeof prefix, "%c%zu%c", REPEATED_KEY, source->len, REPEATED_KEY);
    put(scanner, prefix, len);
    char *word = source->text + scanner->word_at;
    memmove(word + len, word, source->len - len - scanner->word_at);
    memcpy(word, prefix, len);
}

/* The last word turns out to be a key. */
static bool take_key(struct scanner *scanner, const struct input *input)
{
    struct bracket *open = &scanner->open[scanner->depth];
    if (scanner->word == NULL || open->letter != '{')
        return true; /* libconfig will say that it is wrong */
    if (scanner->word[0] == REPEATED_KEY)
        return wrong(scanner, input, input->line, "a key cannot begin with *");
    if (open->keys++ == GROUP_KEYS_MAX)
        return wrong(scanner, input, input->line, "more than 4096 keys in one group");
    const struct name_entry entry = {
        .text = scanner->word, .len = (uint32_t)scanner->word_len, .space = open->group, .number = scanner->line};
    const struct name_entry *first = names_add(&scanner->keys, &entry);
    if (first) {
        tell_repeated(scanner, input, first->number);
        rename_word(scanner);
    }
    scanner->key = scanner->word;
    scanner->key_len = scanner->word_len;
    return true;
}

static bool open_bracket(struct scanner *scanner, const struct input *input, char letter)
{
    if (scanner->depth == NESTING_MAX)
        return wrong(scanner, input, input->line, "more than 16 groups and lists inside each other");
    scanner->open[++scanner->depth] = (struct bracket){
        .letter = letter, .line = scanner->line, .group = ++scanner->groups, .key = scanner->key, .key_len = scanner->key_len};
    scanner->key = NULL;
    return true;
}

static bool close_bracket(struct scanner *scanner, const struct input *input, char letter)
{
    const struct bracket *open = &scanner->open[scanner->depth];
    const char fits = letter == '}' ? '{' : letter == ')' ? '(' : '[';
    char what[64];
    if (scanner->depth > 0 && open->letter == fits) {
        scanner->depth--;
        return true;
    }
    if (scanner->depth == 0) {
        snprintf(what, sizeof what, "this %c closes nothing", letter);
        return wrong(scanner, input, input->line, what);
    }
    char *place = source_place(scanner->source, open->line);
    char *text = mem_format("this %c does not fit the %c that is open since %s", letter, open->letter, place);
    wrong(scanner, input, input->line, text);
    free(text);
    free(place);
    return false;
}

/* A text in quotes, copied as it is. */
static bool take_string(struct scanner *scanner, struct input *input)
{
    const char *from = input->at++;
    const unsigned first_line = input->line;
    for (; input->at < input->end && *input->at != '"'; input->at++) {
        const size_t left = (size_t)(input->end - input->at);
        if (*input->at == '\\' && left > 1 && (input->at[1] == '"' || input->at[1] == '\\'))
            input->at++;
        else if (*input->at == 0 || (left > 3 && strncasecmp(input->at, "\\x00", 4) == 0))
            return wrong(scanner, input, input->line, "a text cannot hold a zero octet");
        const bool newline = *input->at == '\n';
        input->line += newline;
        scanner->line += newline;
    }
    if (input->at == input->end)
        return wrong(scanner, input, first_line, "the text that begins here has no closing \"");
    put(scanner, from, (size_t)(++input->at - from));
    return true;
}

/* From the / of a comment to its end; the lines inside it stay lines. */
static bool skip_comment(struct scanner *scanner, struct input *input)
{
    const unsigned first_line = input->line;
    put(scanner, " ", 1);
    for (input->at += 2; input->end - input->at >= 2; input->at++) {
        if (input->at[0] == '*' && input->at[1] == '/') {
            input->at += 2;
            return true;
        }
        if (*input->at == '\n') {
            input->line++;
            put_newline(scanner);
        }
    }
    return wrong(scanner, input, first_line, "the comment that begins here has no closing */");
}

static bool of_word(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_' || letter == '-' || letter == '*' || letter == '+' || letter == '.';
}

/* A name or a number. Whole numbers that do not fit 32 bits are marked as long ones. */
static void take_word(struct scanner *scanner, struct input *input)
{
    const char *from = input->at;
    while (input->at < input->end && of_word(*input->at))
        input->at++;
    const size_t len = (size_t)(input->at - from);
    scanner->word = from;
    scanner->word_len = len;
    scanner->word_at = scanner->source->len;
    put(scanner, from, len);
    if (!isdigit((unsigned char)from[0]) && from[0] != '-' && from[0] != '+')
        return;
    char *end;
    const char *digits = scanner->source->text + scanner->word_at;
    const bool hex = len > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    errno = 0;
    const long long value = strtoll(digits, &end, hex ? 16 : 10);
    const bool marked = end > digits && (strcmp(end, "L") == 0 || strcmp(end, "LL") == 0);
    if (end == digits || (*end && !marked) || (value >= INT_MIN && value <= INT_MAX))
        return;
    char whole[32];
    scanner->source->len = scanner->word_at;
    put(scanner, whole, (size_t)snprintf(whole, sizeof whole, "%lldL", value));
}

/* The path in quotes after @include, to be freed; NULL when the line is not of that form. */
static char *include_path(struct input *input)
{
    static const char word[] = "@include";
    const size_t left = (size_t)(input->end - input->at);
    if (!input->fresh || left < sizeof word || memcmp(input->at, word, sizeof word - 1) != 0)
        return NULL;
    const char *at = input->at + sizeof word - 1;
    while (at < input->end && (*at == ' ' || *at == '\t'))
        at++;
    const char *from = at + 1, *line_end = memchr(at, '\n', (size_t)(input->end - at));
    const char *quote = at < input->end && *at == '"' ? memchr(from, '"', (size_t)((line_end ? line_end : input->end) - from)) : NULL;
    if (quote == NULL)
        return NULL;
    input->at = quote + 1;
    return mem_format("%.*s", (int)(quote - from), from);
}

static bool take_include(struct scanner *scanner, struct input *input)
{
    char *path = include_path(input);
    if (path == NULL)
        return wrong(scanner, input, input->line, "expected @include \"FILE\" at the start of a line");
    bool sound = false;
    if (input->include_depth >= INCLUDE_DEPTH_MAX) {
        wrong(scanner, input, input->line, "more than 10 files include each other");
    } else {
        char *file = path_beside(scanner->path, path), *place = mem_format("%s:%u", input->file, input->line);
        sound = scan_file(scanner, file, place, input->include_depth + 1);
        free(place);
        free(file);
        begin_stretch(scanner, input);
    }
    free(path);
    return sound;
}

static bool take_sign(struct scanner *scanner, struct input *input, char letter)
{
    input->at++;
    if (letter == ',')
        scanner->open[scanner->depth].item++;
    if (letter == ';' || letter == ',')
        scanner->key = NULL;
    if ((letter == '=' || letter == ':') && !take_key(scanner, input))
        return false;
    if (strchr("{([", letter) && !open_bracket(scanner, input, letter))
        return false;
    if (strchr("})]", letter) && !close_bracket(scanner, input, letter))
        return false;
    /* A list takes whatever an array takes; libconfig would stop at the first array whose items differ in type. */
    const char written = letter == '[' ? '(' : letter == ']' ? ')' : letter;
    put(scanner, &written, 1);
    return true;
}

/* Blanks, line ends and comments. False when there is none here; *ret_sound when there is. */
static bool take_blank(struct scanner *scanner, struct input *input, bool *ret_sound)
{
    const char letter = *input->at, next = input->end - input->at > 1 ? input->at[1] : 0;
    *ret_sound = true;
    if (letter == '\n') {
        input->at++;
        input->line++;
        input->fresh = true;
        put_newline(scanner);
    } else if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\f') {
        input->at++;
        put(scanner, " ", 1);
    } else if (letter == '#' || (letter == '/' && next == '/')) {
        const char *line_end = memchr(input->at, '\n', (size_t)(input->end - input->at));
        input->at = line_end ? line_end : input->end;
    } else if (letter == '/' && next == '*') {
        input->fresh = false;
        *ret_sound = skip_comment(scanner, input);
    } else {
        return false;
    }
    return true;
}

static bool take_token(struct scanner *scanner, struct input *input)
{
    bool sound = true;
    const char letter = *input->at;
    if (take_blank(scanner, input, &sound))
        return sound;
    if (of_word(letter)) {
        take_word(scanner, input);
    } else if (letter == 0) {
        return wrong(scanner, input, input->line, "a zero octet: this is not a text file");
    } else {
        sound = letter == '"'   ? take_string(scanner, input)
                : letter == '@' ? take_include(scanner, input)
                                : take_sign(scanner, input, letter);
        scanner->word = NULL;
    }
    input->fresh = false;
    return sound;
}

bool scan_text(struct scanner *scanner, const char *file, const char *text, size_t len, unsigned include_depth)
{
    struct input input = {.file = file, .at = text, .end = text + len, .line = 1, .include_depth = include_depth, .fresh = true};
    begin_stretch(scanner, &input);
    while (input.at < input.end)
        if (!take_token(scanner, &input))
            return false;
    put_newline(scanner);
    if (include_depth > 0 || scanner->depth == 0)
        return true;
    const struct bracket *open = &scanner->open[scanner->depth];
    char *place = source_place(scanner->source, open->line);
    report_error(scanner->report, place, "the %c that opens here is never closed", open->letter);
    free(place);
    return false;
}
