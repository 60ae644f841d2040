#include "model/selector.h"

#include <ctype.h>
#include <string.h>

static size_t name_len(const char *text, size_t len, bool colons)
{
    size_t at = 0;
    while (at < len && (isalnum((unsigned char)text[at]) || text[at] == '_' || (colons && text[at] == ':')))
        at++;
    return at && isdigit((unsigned char)text[0]) ? 0 : at;
}

size_t metric_name_len(const char *text, size_t len)
{
    return name_len(text, len, true);
}

size_t label_name_len(const char *text, size_t len)
{
    return name_len(text, len, false);
}

static char *skip_blanks(char *at)
{
    return at + strspn(at, " \t");
}

/* Ends the name at *at with a NUL once what follows it has been read: the caller has kept its length. */
static bool take_operator(char **at, bool *ret_differs, struct error *err)
{
    *at = skip_blanks(*at);
    if (strncmp(*at, "=~", 2) == 0 || strncmp(*at, "!~", 2) == 0)
        return error_set(err, "patterns (=~, !~) are not supported, only = and !=");
    *ret_differs = **at == '!';
    if (strncmp(*at, "!=", 2) != 0 && **at != '=')
        return error_set(err, "= or != is missing after a label's name");
    *at = skip_blanks(*at + 1 + *ret_differs);
    return true;
}

/* A quoted value, its escapes undone in place. */
static bool take_value(char **at, const char **ret_value, struct error *err)
{
    if (**at != '"')
        return error_set(err, "a label's value stands in quotes");
    char *from = *at + 1, *to = *at;
    *ret_value = to;
    for (; *from && *from != '"'; from++) {
        if (*from == '\\' && (from[1] == '\\' || from[1] == '"' || from[1] == 'n'))
            *to++ = *++from == 'n' ? '\n' : *from;
        else
            *to++ = *from;
    }
    if (!*from)
        return error_set(err, "a label's value has no closing quote");
    *to = '\0';
    *at = skip_blanks(from + 1);
    return true;
}

static bool take_matcher(struct selector *selector, char **at, struct error *err)
{
    if (selector->count == SELECTOR_MATCHERS)
        return error_set(err, "more than %d labels", SELECTOR_MATCHERS);
    struct matcher *matcher = &selector->matchers[selector->count++];
    char *name = *at;
    const size_t len = label_name_len(name, strlen(name));
    if (len == 0)
        return error_set(err, "a label's name is missing");
    *at += len;
    if (!take_operator(at, &matcher->differs, err) || !take_value(at, &matcher->value, err))
        return false;
    name[len] = '\0';
    matcher->label = name;
    return true;
}

/* What stands between the braces; *at is behind the opening one. */
static bool take_matchers(struct selector *selector, char **at, struct error *err)
{
    *at = skip_blanks(*at);
    while (**at != '}') {
        if (!take_matcher(selector, at, err))
            return false;
        if (**at == ',')
            *at = skip_blanks(*at + 1);
        else if (**at != '}')
            return error_set(err, "a comma or } is missing after a label's value");
    }
    *at = skip_blanks(*at + 1);
    return true;
}

bool selector_parse(const char *text, struct selector *ret_selector, struct error *err)
{
    const size_t len = strlen(text);
    *ret_selector = (struct selector){.count = 0};
    if (len >= sizeof ret_selector->room)
        return error_set(err, "longer than %d octets", SELECTOR_TEXT - 1);
    memcpy(ret_selector->room, text, len + 1);
    char *name = skip_blanks(ret_selector->room), *at;
    const size_t name_octets = metric_name_len(name, strlen(name));
    if (name_octets == 0)
        return error_set(err, "it does not begin with the name of a metric");
    at = skip_blanks(name + name_octets);
    if (*at == '{') {
        at++;
        if (!take_matchers(ret_selector, &at, err))
            return false;
    }
    if (*at)
        return error_set(err, "there is more than NAME or NAME{label=\"value\"}");
    name[name_octets] = '\0';
    ret_selector->metric = name;
    return true;
}
