/* SVCB and HTTPS (RFC 9460): parameters in any order as text, by their numbers on the wire. */
#include "zone/special.h"

#include "base/decimal.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const key_names[] = {"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"};
enum { KEY_NAMES = sizeof key_names / sizeof *key_names };

struct param {
    uint16_t key, len;
    uint32_t at; /* in the scratch octets */
};

const char *svcb_key_name(uint16_t key)
{
    return key < KEY_NAMES ? key_names[key] : NULL;
}

/* --- text */

static bool key_parse(const char *text, size_t len, uint16_t *ret_key)
{
    char digits[6];
    uint32_t number;
    for (uint16_t i = 0; i < KEY_NAMES; i++)
        if (strlen(key_names[i]) == len && memcmp(key_names[i], text, len) == 0) {
            *ret_key = i;
            return true;
        }
    if (len < 4 || len > 8 || memcmp(text, "key", 3) != 0 || (text[3] == '0' && len > 4))
        return false;
    memcpy(digits, text + 3, len - 3);
    digits[len - 3] = 0;
    if (!decimal_parse(digits, SVCB_INVALID - 1, &number))
        return false;
    *ret_key = (uint16_t)number;
    return true;
}

/* The part of a list up to the next comma, as text of its own; *list moves behind it, to NULL at the end. */
static bool next_item(struct fields *f, char **list, const char **ret_item)
{
    *ret_item = *list;
    char *comma = strchr(*list, ',');
    if (comma)
        *comma = 0;
    *list = comma ? comma + 1 : NULL;
    return **ret_item || error_set(f->err, "an empty item in a list of values");
}

static int by_key(const void *a, const void *b)
{
    const uint16_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool read_mandatory(struct fields *f, char *value)
{
    uint16_t keys[64];
    const char *item;
    size_t count = 0;
    while (value) {
        if (!next_item(f, &value, &item))
            return false;
        if (count == sizeof keys / sizeof *keys || !key_parse(item, strlen(item), &keys[count++]))
            return error_set(f->err, "\"%.60s\" where the key of a parameter was expected", item);
    }
    qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 0; i < count; i++)
        write_u16(f->out, keys[i]);
    return true;
}

static bool read_hints(struct fields *f, char *value, enum family family)
{
    const char *item;
    while (value)
        if (!next_item(f, &value, &item) || !read_address(f, item, family))
            return false;
    return true;
}

/* RFC 9460 A.1: in these octets, whose character-string escapes are gone, \ takes the comma or \ behind it into the item. */
static bool read_alpn(struct fields *f, const uint8_t *value, size_t len)
{
    for (size_t i = 0; i <= len; i++) { /* i: behind the comma that ended the item before */
        uint8_t *octets = write_span(f->out, 1);
        const uint8_t *from = f->out->at;
        for (; i < len && value[i] != ','; i++) {
            if (value[i] == '\\' && (++i == len || (value[i] != ',' && value[i] != '\\')))
                return error_set(f->err, "a backslash in a list that is before neither a comma nor a backslash");
            write_u8(f->out, value[i]);
        }
        if (f->out->bad)
            return true; /* told as too long */
        if (f->out->at == from || f->out->at - from > UINT8_MAX)
            return error_set(f->err, "a protocol of 1 to 255 octets was expected");
        *octets = (uint8_t)(f->out->at - from);
    }
    return true;
}

/* value: its octets, and a NUL behind them. */
static bool read_value(struct fields *f, uint16_t key, char *value, size_t len)
{
    const bool text = key == SVCB_MANDATORY || key == SVCB_PORT || key == SVCB_IPV4HINT || key == SVCB_IPV6HINT || key == SVCB_ECH;
    if (text && (strlen(value) != len || len == 0))
        return error_set(f->err, "\"%s\" without a value that it can have", key_names[key]);
    switch (key) {
    case SVCB_MANDATORY: return read_mandatory(f, value);
    case SVCB_ALPN: return read_alpn(f, (const uint8_t *)value, len);
    case SVCB_PORT: return read_number(f, value, 2);
    case SVCB_IPV4HINT: return read_hints(f, value, FAMILY_V4);
    case SVCB_IPV6HINT: return read_hints(f, value, FAMILY_V6);
    case SVCB_ECH: return read_by_ldns(f, LDNS_RDF_TYPE_B64, value);
    default: write_bytes(f->out, value, len); return true;
    }
}

/* The octets of the value of a parameter: what stands behind = in its token, or the string that touches it. */
static bool value_octets(struct fields *f, const char *text, struct writer *out)
{
    const bool joined = fields_left(f) && f->entry->tokens[f->at].joined;
    if (joined && *text)
        return error_set(f->err, "a quotation mark inside \"%.60s\"", text);
    write_unescaped(out, joined ? token_text(f->entry, f->at++) : text);
    write_u8(out, 0);
    return !out->bad || error_set(f->err, "RDATA longer than 65535 octets");
}

/* One parameter, to the scratch octets of f->out. room: for the value, RDATA_MAX + 1 octets. */
static bool read_param(struct fields *f, uint8_t *room, struct param *ret_param)
{
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    const size_t name_len = strcspn(text, "=");
    const uint8_t *from = f->out->at;
    const bool known_name = key_parse(text, name_len, &ret_param->key), by_number = strncmp(text, "key", 3) == 0;
    struct writer value = writer_over(room, RDATA_MAX + 1);
    if (!known_name)
        return error_set(f->err, "\"%.60s\" where the key of a parameter was expected", text);
    if (text[name_len] == 0 && fields_left(f) && f->entry->tokens[f->at].joined)
        return error_set(f->err, "a quotation mark right behind \"%.60s\"", text);
    if (text[name_len] == '=' && !value_octets(f, text + name_len + 1, &value))
        return false;
    const size_t len = writer_len(&value) ? writer_len(&value) - 1 : 0;
    room[len] = 0;
    if (by_number) /* its value is the octets on the wire, whatever the key */
        write_bytes(f->out, room, len);
    else if (!read_value(f, ret_param->key, (char *)room, len))
        return false;
    ret_param->at = (uint32_t)(from - f->out->start);
    ret_param->len = (uint16_t)(f->out->at - from);
    return true;
}

static int param_by_key(const void *a, const void *b)
{
    const struct param *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static bool write_params(struct fields *f, struct param *params, size_t count, const uint8_t *octets)
{
    qsort(params, count, sizeof *params, param_by_key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && params[i].key == params[i - 1].key)
            return error_set(f->err, "the parameter key%u stands there twice", params[i].key);
        write_u16(f->out, params[i].key);
        write_u16(f->out, params[i].len);
        write_bytes(f->out, octets + params[i].at, params[i].len);
    }
    return true;
}

static bool read_params(struct fields *f)
{
    const size_t most = f->entry->count - f->at;
    struct param *params = mem_new(most + 1, sizeof *params);
    uint8_t *octets = mem_new(RDATA_MAX, 1), *room = mem_new(RDATA_MAX + 1, 1);
    struct writer scratch = writer_over(octets, RDATA_MAX), *out = f->out;
    size_t count = 0;
    bool good = true;
    f->out = &scratch;
    while (good && fields_left(f))
        good = read_param(f, room, &params[count++]);
    f->out = out;
    out->bad |= scratch.bad;
    good = good && (scratch.bad || write_params(f, params, count, octets));
    free(params);
    free(octets);
    free(room);
    return good;
}

bool svcb_read(struct fields *f)
{
    const char *priority = take_word(f), *target = priority ? take_word(f) : NULL;
    return target && read_number(f, priority, 2) && read_name(f, target) && read_params(f);
}

/* --- octets */

static const char *check_alpn(struct reader r)
{
    if (reader_left(&r) == 0)
        return "alpn without a protocol";
    while (reader_left(&r) > 0)
        if (r.at[0] == 0 || read_span(&r, read_u8(&r)) == NULL)
            return "alpn with a protocol that is empty or ends too early";
    return NULL;
}

/* Whether the URI template has the variable dns (RFC 9461 5): {dns}, {?dns}, {?a,dns*} ... */
static bool has_dns_variable(const uint8_t *at, size_t len)
{
    bool inside = false, begin = false;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = at[i];
        if (c == '{' || c == '}') {
            inside = begin = c == '{';
        } else if (inside && c == ',') {
            begin = true;
        } else if (inside && begin && !strchr("+#./;?&", c)) {
            if (len - i > 3 && memcmp(at + i, "dns", 3) == 0 && strchr(",*:}", at[i + 3]))
                return true;
            begin = false;
        }
    }
    return false;
}

/* Up to the first parameter that ends too early. */
static bool has_key(struct reader params, uint16_t key)
{
    while (reader_left(&params) > 0 && !params.bad) {
        if (read_u16(&params) == key)
            return true;
        read_span(&params, read_u16(&params));
    }
    return false;
}

static const char *check_mandatory(struct reader r, struct reader params)
{
    uint16_t before = SVCB_MANDATORY; /* which is never in its own list */
    if (reader_left(&r) == 0 || reader_left(&r) % 2)
        return "mandatory without a list of keys";
    while (reader_left(&r) > 0) {
        const uint16_t key = read_u16(&r);
        if (key <= before)
            return "mandatory with a key twice, with itself, or out of order";
        if (!has_key(params, key))
            return "a mandatory key that is not there";
        before = key;
    }
    return NULL;
}

static const char *check_value(uint16_t key, struct reader r)
{
    const size_t len = reader_left(&r);
    switch (key) {
    case SVCB_ALPN: return check_alpn(r);
    case SVCB_NO_DEFAULT_ALPN: return len ? "no-default-alpn with a value" : NULL;
    case SVCB_PORT: return len == 2 ? NULL : "port that is none";
    case SVCB_IPV4HINT: return len && len % 4 == 0 ? NULL : "ipv4hint without addresses";
    case SVCB_ECH: return len ? NULL : "ech without a value";
    case SVCB_IPV6HINT: return len && len % 16 == 0 ? NULL : "ipv6hint without addresses";
    case SVCB_DOHPATH:
        return len && *r.at == '/' && has_dns_variable(r.at, len) ? NULL : "dohpath that does not begin with / or lacks the variable dns";
    case SVCB_OHTTP: return len ? "ohttp with a value" : NULL;
    case SVCB_INVALID: return "the key 65535, which is reserved";
    default: return NULL;
    }
}

static const char *check_params(struct reader r)
{
    const struct reader all = r;
    for (int32_t before = -1; reader_left(&r) > 0;) {
        const uint16_t key = read_u16(&r), len = read_u16(&r);
        const uint8_t *value = read_span(&r, len);
        if (r.bad)
            return "a parameter that ends too early";
        if (key <= before)
            return "parameters twice or out of order";
        const char *what =
            key == SVCB_MANDATORY ? check_mandatory(reader_over(value, len), all) : check_value(key, reader_over(value, len));
        if (what)
            return what;
        before = key;
    }
    if (has_key(all, SVCB_NO_DEFAULT_ALPN) && !has_key(all, SVCB_ALPN)) /* RFC 9460 7.1.1 */
        return "no-default-alpn without alpn";
    return NULL;
}

const char *svcb_check(struct reader r)
{
    read_u16(&r);
    unsigned total = 1;
    for (unsigned label; (label = read_u8(&r)) != 0; read_span(&r, label))
        if (r.bad || label > NAME_MAX_LABEL || (total += label + 1) > NAME_MAX_OCTETS)
            return "an unsound target";
    return r.bad ? "RDATA that ends too early" : check_params(r);
}
