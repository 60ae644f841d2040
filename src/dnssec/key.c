#include "dnssec/key.h"

#include "base/cursor.h"
#include "base/decimal.h"
#include "dns/name.h"
#include "dnssec/coding.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const time_names[] = {"Created", "Publish", "Activate", "Revoke", "Inactive", "Delete", "SyncPublish", "SyncDelete"};
_Static_assert(sizeof time_names / sizeof *time_names == KEY_TIMES, "time_names[] is in the order of enum key_time");

const char *key_time_name(enum key_time which)
{
    return time_names[which];
}

/* --- time */

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

bool key_time_read(const char *text, int64_t *ret_s)
{
    if (strspn(text, "0123456789") != 14 || text[14] != '\0')
        return false;
    struct tm tm = {.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900,
                    .tm_mon = two_digits(text + 4) - 1,
                    .tm_mday = two_digits(text + 6),
                    .tm_hour = two_digits(text + 8),
                    .tm_min = two_digits(text + 10),
                    .tm_sec = two_digits(text + 12)};
    const struct tm given = tm;
    *ret_s = timegm(&tm);
    return tm.tm_mon == given.tm_mon && tm.tm_mday == given.tm_mday && tm.tm_hour == given.tm_hour && tm.tm_min == given.tm_min &&
           tm.tm_sec == given.tm_sec;
}

const char *key_time_text(int64_t time_s, char out[KEY_TIME_TEXT])
{
    const time_t time = (time_t)time_s;
    struct tm tm;
    if (gmtime_r(&time, &tm) == NULL || strftime(out, KEY_TIME_TEXT, "%Y%m%d%H%M%S", &tm) != 14)
        snprintf(out, KEY_TIME_TEXT, "00000000000000");
    return out;
}

bool key_published(const struct key *key, int64_t now_s)
{
    return key->times[KEY_PUBLISH] <= now_s && now_s < key->times[KEY_DELETE];
}

int64_t key_signs_until(const struct key *key)
{
    return key->times[KEY_INACTIVE] != KEY_NEVER ? key->times[KEY_INACTIVE] : key->times[KEY_DELETE];
}

bool key_active(const struct key *key, int64_t now_s)
{
    return key->times[KEY_ACTIVATE] <= now_s && now_s < key_signs_until(key);
}

bool key_synced(const struct key *key, int64_t now_s)
{
    return key_published(key, now_s) && key->times[KEY_SYNC_PUBLISH] <= now_s && now_s < key->times[KEY_SYNC_DELETE];
}

int64_t key_next_event(const struct key *key, int64_t now_s)
{
    int64_t next = KEY_NEVER;
    for (unsigned i = KEY_PUBLISH; i < KEY_TIMES; i++)
        if (key->times[i] > now_s && key->times[i] < next)
            next = key->times[i];
    return next;
}

/* --- the record */

uint16_t key_tag(const uint8_t *dnskey, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? dnskey[i] : (uint32_t)dnskey[i] << 8;
    return (uint16_t)(sum + (sum >> 16));
}

/* The next word of a line; NULL at its end. */
static const char *next_word(const char **at, char *word, size_t room)
{
    *at += strspn(*at, " \t");
    const size_t len = strcspn(*at, " \t\r\n;");
    if (len == 0 || len >= room)
        return NULL;
    memcpy(word, *at, len);
    word[len] = '\0';
    *at += len;
    return word;
}

/* The first line that is neither empty nor a comment. */
static const char *record_line(const char *text)
{
    while (*text) {
        text += strspn(text, " \t\r\n");
        if (*text != ';')
            break;
        text += strcspn(text, "\n");
    }
    return text;
}

static bool read_owner(const char **at, const uint8_t *apex, size_t apex_len, struct error *err)
{
    char word[NAME_TEXT], shown[NAME_TEXT];
    uint8_t owner[NAME_OCTETS];
    const char *name = next_word(at, word, sizeof word);
    const size_t len = name ? name_from_text(name, owner) : 0;
    if (len == 0)
        return error_set(err, "it does not begin with the name of a zone");
    if (len != apex_len || memcmp(owner, apex, len) != 0)
        return error_set(err, "a key of %s, expected one of %s", name, name_to_text(apex, shown));
    return true;
}

/* TTL and class, both of which may be missing, and the type. */
static bool read_type(struct key *key, const char **at, struct error *err)
{
    char word[32];
    while (next_word(at, word, sizeof word)) {
        if (strcasecmp(word, "DNSKEY") == 0)
            return true;
        if (strcasecmp(word, "IN") != 0 && !decimal_parse(word, INT32_MAX, &key->ttl_s))
            break;
    }
    return error_set(err, "the record is no DNSKEY in class IN");
}

static bool check_flags(uint32_t flags, uint32_t protocol, struct error *err)
{
    if (protocol != 3)
        return error_set(err, "the DNSKEY's protocol is %u, expected 3", protocol);
    if (flags & KEY_FLAG_REVOKE)
        return error_set(err, "the key is revoked (RFC 5011), which is not supported: remove its files");
    if ((flags & ~(uint32_t)KEY_FLAG_SEP) != KEY_FLAG_ZONE)
        return error_set(err, "the DNSKEY's flags are %u, expected 256 or 257", flags);
    return true;
}

static bool read_rdata(struct key *key, const char *at, struct error *err)
{
    char word[16];
    uint32_t numbers[3];
    size_t len;
    for (unsigned i = 0; i < 3; i++)
        if (next_word(&at, word, sizeof word) == NULL || !decimal_parse(word, i == 0 ? 65535 : 255, &numbers[i]))
            return error_set(err, "the DNSKEY does not hold flags, protocol and algorithm as numbers");
    if (!check_flags(numbers[0], numbers[1], err))
        return false;
    key->algorithm = algorithm_of(numbers[2]);
    if (key->algorithm == NULL)
        return error_set(err, "algorithm %u, expected 8 (RSASHA256), 13 (ECDSAP256SHA256), 14 (ECDSAP384SHA384) or 15 (ED25519)",
                         numbers[2]);
    if (!base64_read(at, strcspn(at, "\r\n;"), key->dnskey + 4, sizeof key->dnskey - 4, &len))
        return error_set(err, "the public key is no base64, or too long");
    key->flags = (uint16_t)numbers[0];
    put_u16(key->dnskey, key->flags);
    key->dnskey[2] = (uint8_t)numbers[1];
    key->dnskey[3] = (uint8_t)numbers[2];
    key->dnskey_len = (uint16_t)(4 + len);
    key->tag = key_tag(key->dnskey, key->dnskey_len);
    return true;
}

static bool read_public(struct key *key, const char *text, const uint8_t *apex, size_t apex_len, struct error *err)
{
    const char *at = record_line(text);
    if (!read_owner(&at, apex, apex_len, err) || !read_type(key, &at, err) || !read_rdata(key, at, err))
        return false;
    at += strcspn(at, "\n");
    if (*record_line(at))
        return error_set(err, "more than one record");
    return true;
}

/* --- the private text: lines "Tag: value" */

struct tagged {
    const char *tag, *value;
    size_t tag_len, value_len;
};

/* False at the end of the text. A line without a colon has no value. */
static bool next_line(const char **at, struct tagged *ret)
{
    *at += strspn(*at, "\r\n");
    if (**at == '\0')
        return false;
    const size_t len = strcspn(*at, "\r\n");
    const char *colon = memchr(*at, ':', len);
    ret->tag = *at;
    ret->tag_len = colon ? (size_t)(colon - *at) : len;
    ret->value = *at + ret->tag_len + (colon != NULL);
    ret->value_len = (size_t)(*at + len - ret->value);
    while (ret->value_len > 0 && *ret->value == ' ') {
        ret->value++;
        ret->value_len--;
    }
    *at += len;
    return true;
}

static bool tag_is(const struct tagged *line, const char *tag)
{
    return line->tag_len == strlen(tag) && memcmp(line->tag, tag, line->tag_len) == 0;
}

static bool copy_value(const struct tagged *line, char *out, size_t room)
{
    if (line->value_len >= room)
        return false;
    memcpy(out, line->value, line->value_len);
    out[line->value_len] = '\0';
    return true;
}

static bool read_time(struct key *key, const struct tagged *line, unsigned which, struct error *err)
{
    char text[KEY_TIME_TEXT];
    if (copy_value(line, text, sizeof text) && key_time_read(text, &key->times[which]))
        return true;
    return error_set(err, "%s: expected a time in UTC such as 20260131120000", time_names[which]);
}

static bool read_field(struct private_fields *fields, const struct tagged *line, const char *name, unsigned i, struct error *err)
{
    size_t len;
    if (fields->field[i].len > 0)
        return error_set(err, "%s stands twice", name);
    if (!base64_read(line->value, line->value_len, fields->field[i].octets, sizeof fields->field[i].octets, &len))
        return error_set(err, "%s is no base64, or too long", name);
    fields->field[i].len = (uint16_t)len;
    return true;
}

static bool check_algorithm(const struct key *key, const struct tagged *line, struct error *err)
{
    char text[64];
    uint32_t number;
    if (copy_value(line, text, sizeof text)) {
        text[strcspn(text, " ")] = '\0';
        if (decimal_parse(text, 255, &number) && number == key->algorithm->number)
            return true;
    }
    return error_set(err, "Algorithm differs from that of the .key file, %u", key->algorithm->number);
}

/* Tags that mean nothing here (Label, Engine of keys in hardware, Predecessor ...) are passed over. */
static bool read_line(struct key *key, struct private_fields *fields, const struct tagged *line, bool *algorithm_seen, struct error *err)
{
    for (unsigned i = 0; i < KEY_TIMES; i++)
        if (tag_is(line, time_names[i]))
            return read_time(key, line, i, err);
    for (unsigned i = 0; key->algorithm->fields[i]; i++)
        if (tag_is(line, key->algorithm->fields[i]))
            return read_field(fields, line, key->algorithm->fields[i], i, err);
    if (!tag_is(line, "Algorithm"))
        return true;
    *algorithm_seen = true;
    return check_algorithm(key, line, err);
}

static bool check_format(const char **at, struct error *err)
{
    struct tagged line;
    char text[16];
    if (next_line(at, &line) && tag_is(&line, "Private-key-format") && copy_value(&line, text, sizeof text) &&
        strncmp(text, "v1.", 3) == 0 && text[3] >= '3' && text[3] <= '9' && text[4] == '\0')
        return true;
    return error_set(err, "it does not begin with \"Private-key-format: v1.3\"");
}

static bool read_private(struct key *key, struct private_fields *fields, const char *text, struct error *err)
{
    struct tagged line;
    bool algorithm_seen = false;
    if (!check_format(&text, err))
        return false;
    while (next_line(&text, &line))
        if (!read_line(key, fields, &line, &algorithm_seen, err))
            return false;
    for (unsigned i = 0; key->algorithm->fields[i]; i++)
        if (fields->field[i].len == 0)
            return error_set(err, "%s is missing", key->algorithm->fields[i]);
    if (!algorithm_seen)
        return error_set(err, "Algorithm is missing");
    if (key->times[KEY_REVOKE] != KEY_NEVER)
        return error_set(err, "Revoke: revoking keys (RFC 5011) is not supported");
    return true;
}

bool key_read(struct key *ret, const char *public_text, const char *private_text, const uint8_t *apex, size_t apex_len, struct error *err)
{
    struct private_fields fields = {0};
    const char *why = NULL;
    *ret = (struct key){0};
    for (unsigned i = 0; i < KEY_TIMES; i++)
        ret->times[i] = KEY_NEVER;
    if (!read_public(ret, public_text, apex, apex_len, err))
        return false;
    if (read_private(ret, &fields, private_text, err)) {
        ret->pair = pair_new(ret->algorithm, &fields, ret->dnskey + 4, ret->dnskey_len - 4u, &why);
        if (why)
            error_set(err, "%s", why);
    }
    private_fields_wipe(&fields);
    return ret->pair != NULL;
}

void key_release(struct key *key)
{
    pair_free(key->pair);
    *key = (struct key){0};
}
