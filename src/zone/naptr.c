#include "zone/naptr.h"

#include <regex.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The part up to the next delimiter that no backslash hides; NULL when there is none. `\` in front of the delimiter goes. */
static const char *part(const char *at, char delimiter, char *out)
{
    for (; *at; at++) {
        if (*at == delimiter) {
            *out = 0;
            return at + 1;
        }
        if (at[0] == '\\' && at[1]) {
            if (at[1] != delimiter)
                *out++ = '\\';
            at++;
        }
        *out++ = *at;
    }
    return NULL;
}

/* \1 to \9 in the replacement must have a group to point to. */
static bool groups_exist(const char *replacement, size_t groups)
{
    for (; *replacement; replacement++)
        if (replacement[0] == '\\' && replacement[1]) {
            replacement++;
            if (digit(*replacement) && (*replacement == '0' || (size_t)(*replacement - '0') > groups))
                return false;
        }
    return true;
}

static bool check_expression(const char *text, struct error *err)
{
    char ere[256], replacement[256];
    const char delimiter = text[0];
    regex_t compiled;
    /* RFC 3402: neither a digit nor the only flag, nor what hides a delimiter. */
    if (digit(delimiter) || delimiter == 'i' || delimiter == '\\')
        return error_set(err, "the expression cannot be delimited by \"%c\" (RFC 3402 3.2)", delimiter);
    const char *at = part(text + 1, delimiter, ere);
    if (at)
        at = part(at, delimiter, replacement);
    if (at == NULL)
        return error_set(err, "the expression lacks one of its three delimiters \"%c\" (RFC 3402 3.2)", delimiter);
    if (*at && strcmp(at, "i") != 0)
        return error_set(err, "\"%.20s\" behind the expression, where only the flag i can stand (RFC 3402 3.2)", at);
    /* Counted repetitions in one another make glibc's compiler take memory without bound: x{255}{255}{255}. */
    if (strchr(ere, '{'))
        return true;
    if (regcomp(&compiled, ere, REG_EXTENDED) != 0)
        return error_set(err, "\"%.60s\" is no POSIX extended regular expression (RFC 3402 3.2)", ere);
    const size_t groups = compiled.re_nsub;
    regfree(&compiled);
    return groups_exist(replacement, groups) ||
           error_set(err, "the replacement \"%.60s\" points to a group that is not there", replacement);
}

bool naptr_check(const uint8_t *rdata, struct error *err)
{
    char text[256];
    const uint8_t *at = rdata + 4; /* order and preference */
    at += *at + 1u;                /* flags */
    at += *at + 1u;                /* services */
    const size_t len = *at++;
    if (len == 0)
        return true;
    if (memchr(at, 0, len))
        return error_set(err, "the expression holds an octet 0");
    memcpy(text, at, len);
    text[len] = 0;
    return check_expression(text, err);
}
