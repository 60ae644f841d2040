#include "http/line.h"

#include "base/addr.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

static bool is_port(const char *text)
{
    const size_t len = strlen(text);
    return len <= 5 && strspn(text, "0123456789") == len;
}

/* The host without brackets and port, NUL-terminated. False: malformed. */
static bool split_host(const char *host, char out[HOST_MAX + 1])
{
    const bool bracketed = host[0] == '[';
    const char *from = host + bracketed, *end = bracketed ? strchr(from, ']') : from + strcspn(from, ":");
    if (!end || end == from || end - from > HOST_MAX)
        return false;
    const char *rest = end + bracketed;
    if (*rest && (*rest != ':' || !is_port(rest + 1)))
        return false;
    memcpy(out, from, (size_t)(end - from));
    out[end - from] = '\0';
    return true;
}

/* One final dot is the same name. */
static bool same_name(const char *written, const char *name)
{
    size_t a = strlen(written), b = strlen(name);
    a -= a > 1 && written[a - 1] == '.';
    b -= b > 1 && name[b - 1] == '.';
    return a == b && strncasecmp(written, name, a) == 0;
}

bool host_allowed(const char *host, char *const *names, size_t count)
{
    char name[HOST_MAX + 1];
    struct addr addr;
    if (!host)
        return true;
    if (!split_host(host, name))
        return false;
    if (addr_parse(name, &addr))
        return (addr.family == FAMILY_V6) == (host[0] == '[');
    if (host[0] == '[')
        return false;
    if (same_name(name, "localhost"))
        return true;
    for (size_t i = 0; i < count; i++)
        if (same_name(name, names[i]))
            return true;
    return false;
}

const char *bearer_token(const char *authorization, size_t *ret_len)
{
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    const char *token = authorization + 7 + strspn(authorization + 7, " ");
    size_t len = strlen(token);
    while (len > 0 && token[len - 1] == ' ')
        len--;
    *ret_len = len;
    return token;
}

/* RFC 9110 13.1.2: compared weakly. */
bool tag_matches(const char *header, const char *tag)
{
    const size_t len = strlen(tag);
    for (const char *at = header; at && *at;) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
        const size_t this = strcspn(at, ",");
        size_t trimmed = this;
        while (trimmed > 0 && (at[trimmed - 1] == ' ' || at[trimmed - 1] == '\t'))
            trimmed--;
        if (trimmed == len && strncmp(at, tag, len) == 0)
            return true;
        at += this;
    }
    return false;
}

static int hex_digit(char at)
{
    if (at >= '0' && at <= '9')
        return at - '0';
    if (at >= 'a' && at <= 'f')
        return at - 'a' + 10;
    return at >= 'A' && at <= 'F' ? at - 'A' + 10 : -1;
}

/* In place. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        char octet = *from == '+' ? ' ' : *from;
        if (octet == '%') {
            const int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0)
                return false;
            octet = (char)(high << 4 | low);
            from += 2;
        }
        if ((unsigned char)octet < 0x20 || octet == 0x7f)
            return false;
        *to++ = octet;
    }
    *to = '\0';
    return true;
}

static bool take_item(struct params *params, char *item)
{
    char *equals = strchr(item, '=');
    if (!equals || equals == item || params->count == PARAMS_MAX)
        return false;
    *equals = '\0';
    if (!decode(item) || !decode(equals + 1) || params_get(params, item))
        return false;
    params->items[params->count].key = item;
    params->items[params->count++].value = equals + 1;
    return true;
}

bool params_parse(const char *text, struct params *ret_params)
{
    *ret_params = (struct params){0};
    if (!text || !*text)
        return true;
    if (strlen(text) > PARAMS_TEXT_MAX)
        return false;
    ret_params->held = mem_text(text);
    char *rest = ret_params->held;
    for (char *item; (item = strsep(&rest, "&"));)
        if (!take_item(ret_params, item)) {
            params_release(ret_params);
            return false;
        }
    return true;
}

void params_release(struct params *params)
{
    free(params->held);
    *params = (struct params){0};
}

const char *params_get(const struct params *params, const char *key)
{
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->items[i].key, key) == 0)
            return params->items[i].value;
    return NULL;
}
