#include "collect/json.h"

#include "base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 63, STEP_MAX = 1023, SHOWN_MAX = 40, INDEX_DIGITS = 9 };

bool number_read(const char *text, size_t len, double *ret_number)
{
    static const char blanks[] = " \t\r\n";
    char copy[NUMBER_MAX + 1], *end;
    while (len && memchr(blanks, text[0], sizeof blanks - 1))
        text++, len--;
    while (len && memchr(blanks, text[len - 1], sizeof blanks - 1))
        len--;
    if (len == 0 || len > NUMBER_MAX || memchr(text, 0, len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strspn(copy, "0123456789+-.eE") != len) /* neither hexadecimal nor "nan" */
        return false;
    *ret_number = strtod(copy, &end);
    return *end == '\0' && isfinite(*ret_number);
}

/* The next step of the path, its escapes undone (~1 is a slash, ~0 a tilde); false when there is none. */
static bool next_step(const char **path, bool pointer, char step[STEP_MAX + 1])
{
    size_t len = 0;
    const char *at = *path;
    if (pointer ? *at != '/' : *at == '\0')
        return false;
    for (at += pointer; *at && *at != (pointer ? '/' : '.') && len < STEP_MAX; at++) {
        step[len++] = pointer && *at == '~' && (at[1] == '0' || at[1] == '1') ? "~/"[*++at - '0'] : *at;
    }
    step[len] = '\0';
    *path = at + (!pointer && *at == '.');
    return true;
}

/* The member or item, or NULL. An item's index has no leading zero (RFC 6901 4). */
static const json_t *step_into(const json_t *value, const char *step)
{
    const size_t digits = strspn(step, "0123456789");
    if (json_is_object(value))
        return json_object_get(value, step);
    if (!json_is_array(value) || digits == 0 || digits > INDEX_DIGITS || step[digits] || (step[0] == '0' && digits > 1))
        return NULL;
    return json_array_get(value, strtoul(step, NULL, 10));
}

static bool number_of(const json_t *value, double *ret_number, struct error *err)
{
    static const char *const kinds[] = {"an object", "a list", "a text", "a number", "a number", "true", "false", "null"};
    if (json_is_number(value)) {
        *ret_number = json_number_value(value);
        return true;
    }
    if (json_is_string(value) && number_read(json_string_value(value), json_string_length(value), ret_number))
        return true;
    return error_set(err, "it is %s, not a number", kinds[json_typeof(value)]);
}

struct json {
    json_t *root;
};

struct json *json_open(const char *text, size_t len, struct error *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
    if (!root) {
        error_set(err, "not JSON: line %d, column %d", why.line, why.column);
        return NULL;
    }
    struct json *json = mem_new(1, sizeof *json);
    json->root = root;
    return json;
}

void json_close(struct json *json)
{
    if (json)
        json_decref(json->root);
    free(json);
}

bool json_find(const struct json *json, const char *path, double *ret_number, struct error *err)
{
    char step[STEP_MAX + 1];
    const char *rest = path;
    const json_t *value = json->root;
    while (value && next_step(&rest, path[0] == '/', step))
        value = step_into(value, step);
    return value ? number_of(value, ret_number, err) : error_set(err, "there is no \"%.*s\" at %.200s", SHOWN_MAX, step, path);
}
