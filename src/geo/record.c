#include "geo/record.h"

#include "base/cursor.h"
#include "geo/countries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The types of the MaxMind DB format, version 2. */
enum type {
    TYPE_POINTER = 1,
    TYPE_STRING = 2,
    TYPE_DOUBLE = 3,
    TYPE_UINT16 = 5,
    TYPE_UINT32 = 6,
    TYPE_MAP = 7,
    TYPE_INT32 = 8,
    TYPE_UINT64 = 9,
    TYPE_ARRAY = 11,
    TYPE_BOOLEAN = 14,
    TYPE_FLOAT = 15,
};

enum {
    VALUES_MAX = 2000, /* in one record; the fullest real ones have about 200 */
    NESTING_MAX = 16,
    TEXT_MAX = 63, /* of a number in text form */
};

enum field { FIELD_LATITUDE, FIELD_LONGITUDE, FIELD_LOCATION, FIELD_COUNTRY, FIELD_CONTINENT, FIELD_ASN, FIELD_COUNT };

/* The maps in a record that are looked into; 0 is the record itself. */
enum parent { ROOT, COUNTRY, REGISTERED_COUNTRY, CONTINENT, LOCATION, TRAITS, PARENT_COUNT };

/* A map's key with its length, which tells most keys apart. */
struct key {
    const char *text;
    uint32_t size;
};
#define KEY(literal)                                                                                                                       \
    {                                                                                                                                      \
        literal, sizeof literal - 1                                                                                                        \
    }

static const struct key parents[PARENT_COUNT] = {
    [ROOT] = KEY(""),
    [COUNTRY] = KEY("country"),
    [REGISTERED_COUNTRY] = KEY("registered_country"),
    [CONTINENT] = KEY("continent"),
    [LOCATION] = KEY("location"),
    [TRAITS] = KEY("traits"),
};

/* Every layout in one table: where a field stands, and which place wins (lowest rank) when a record has several. */
static const struct layout {
    enum parent parent;
    struct key key;
    enum field field;
    unsigned rank;
} layouts[] = {
    {LOCATION, KEY("latitude"), FIELD_LATITUDE, 1},
    {LOCATION, KEY("longitude"), FIELD_LONGITUDE, 1},
    {COUNTRY, KEY("iso_code"), FIELD_COUNTRY, 1},
    {REGISTERED_COUNTRY, KEY("iso_code"), FIELD_COUNTRY, 3},
    {CONTINENT, KEY("code"), FIELD_CONTINENT, 1},
    {TRAITS, KEY("autonomous_system_number"), FIELD_ASN, 2},
    {ROOT, KEY("autonomous_system_number"), FIELD_ASN, 1},
    {ROOT, KEY("asn"), FIELD_ASN, 1},
    {ROOT, KEY("latitude"), FIELD_LATITUDE, 2},
    {ROOT, KEY("lat"), FIELD_LATITUDE, 3},
    {ROOT, KEY("longitude"), FIELD_LONGITUDE, 2},
    {ROOT, KEY("lng"), FIELD_LONGITUDE, 3},
    {ROOT, KEY("lon"), FIELD_LONGITUDE, 4},
    {ROOT, KEY("loc"), FIELD_LOCATION, 1},
    {ROOT, KEY("country_code"), FIELD_COUNTRY, 1},
    {ROOT, KEY("country"), FIELD_COUNTRY, 2}, /* a code here, a name in layouts that have country_code */
    {ROOT, KEY("continent_code"), FIELD_CONTINENT, 1},
    {ROOT, KEY("continent"), FIELD_CONTINENT, 2},
};

struct decoder {
    const uint8_t *data;
    size_t len;
    unsigned values_left;
    unsigned rank[FIELD_COUNT]; /* of what has been taken; 0: nothing yet */
    double latitude, longitude;
    struct record *record;
};

struct value {
    unsigned type;
    uint32_t size;         /* octets, or entries of a map or array, or the target of a pointer, or a boolean itself */
    struct reader payload; /* from its first octet on, to the end of the section */
};

static uint32_t read_uint(struct reader *r, unsigned octets)
{
    uint32_t value = 0;
    while (octets-- > 0)
        value = value << 8 | read_u8(r);
    return value;
}

static uint32_t read_pointer(struct reader *r, unsigned control)
{
    static const uint32_t base[] = {0, 2048, 526336, 0};
    const unsigned extra = control >> 3 & 3;
    const uint32_t high = extra == 3 ? 0 : control & 7;
    const uint32_t low = read_uint(r, extra + 1);
    return base[extra] + (extra == 3 ? low : high << (8 * (extra + 1)) | low);
}

static uint32_t read_size(struct reader *r, unsigned control)
{
    const unsigned size = control & 31;
    switch (size) {
    case 29: return 29 + read_uint(r, 1);
    case 30: return 285 + read_uint(r, 2);
    case 31: return 65821 + read_uint(r, 3);
    default: return size;
    }
}

/* Reads a value's head and leaves r at its payload. */
static bool read_head(struct decoder *decoder, struct reader *r, struct value *ret_value)
{
    if (decoder->values_left == 0)
        return false;
    decoder->values_left--;
    const unsigned control = read_u8(r);
    unsigned type = control >> 5;
    if (type == 0)
        type = 7 + read_u8(r);
    const uint32_t size = type == TYPE_POINTER ? read_pointer(r, control) : read_size(r, control);
    *ret_value = (struct value){.type = type, .size = size, .payload = *r};
    return !r->bad;
}

/* Moves r past what is behind a value's head. */
static bool skip_payload(struct decoder *decoder, struct reader *r, const struct value *value, unsigned nesting)
{
    if (value->type == TYPE_POINTER || value->type == TYPE_BOOLEAN)
        return true;
    if (value->type != TYPE_MAP && value->type != TYPE_ARRAY)
        return read_span(r, value->size) != NULL;
    const uint64_t entries = value->type == TYPE_MAP ? 2 * (uint64_t)value->size : value->size;
    for (uint64_t i = 0; i < entries; i++) {
        struct value entry;
        if (nesting == NESTING_MAX || !read_head(decoder, r, &entry) || !skip_payload(decoder, r, &entry, nesting + 1))
            return false;
    }
    return true;
}

/* The value at r, or the one that a pointer there leads to; moves r past it. A pointer to a pointer is not allowed. */
static bool read_value(struct decoder *decoder, struct reader *r, struct value *ret_value)
{
    if (!read_head(decoder, r, ret_value) || !skip_payload(decoder, r, ret_value, 0))
        return false;
    if (ret_value->type != TYPE_POINTER)
        return true;
    if (ret_value->size >= decoder->len)
        return false;
    struct reader at = reader_over(decoder->data + ret_value->size, decoder->len - ret_value->size);
    return read_head(decoder, &at, ret_value) && ret_value->type != TYPE_POINTER;
}

static bool text_of(const struct value *value, char ret_text[TEXT_MAX + 1])
{
    if (value->type != TYPE_STRING || value->size > TEXT_MAX || value->size > reader_left(&value->payload))
        return false;
    memcpy(ret_text, value->payload.at, value->size);
    ret_text[value->size] = '\0';
    return strlen(ret_text) == value->size;
}

static bool number_parse(const char *text, double *ret_number)
{
    if (strchr("+-.0123456789", text[0]) == NULL || text[0] == '\0')
        return false;
    char *end;
    *ret_number = strtod(text, &end);
    return *end == '\0' && isfinite(*ret_number);
}

static bool integer_of(const struct value *value, double *ret_number)
{
    struct reader r = value->payload;
    const unsigned widest = value->type == TYPE_UINT64 ? 8 : value->type == TYPE_UINT16 ? 2 : 4;
    if (value->size > widest)
        return false;
    const uint64_t high = value->size > 4 ? read_uint(&r, value->size - 4) : 0;
    const uint32_t low = read_uint(&r, value->size > 4 ? 4 : value->size);
    /* Shorter than four octets, an int32 is not negative (MaxMind DB format, "integer formats"). */
    *ret_number = value->type == TYPE_INT32 ? (double)(int32_t)low : (double)(high << 32 | low);
    return !r.bad;
}

static bool number_of(const struct value *value, double *ret_number)
{
    struct reader r = value->payload;
    char text[TEXT_MAX + 1];
    switch (value->type) {
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_INT32:
    case TYPE_UINT64: return integer_of(value, ret_number);
    case TYPE_STRING: return text_of(value, text) && number_parse(text, ret_number);
    case TYPE_FLOAT: {
        const uint32_t bits = read_uint(&r, 4);
        float number;
        memcpy(&number, &bits, sizeof number);
        *ret_number = number;
        return value->size == 4 && !r.bad && isfinite(number);
    }
    case TYPE_DOUBLE: {
        const uint64_t high = read_uint(&r, 4), bits = high << 32 | read_uint(&r, 4);
        memcpy(ret_number, &bits, sizeof bits);
        return value->size == 8 && !r.bad && isfinite(*ret_number);
    }
    default: return false;
    }
}

static bool latitude_sound(double latitude)
{
    return latitude >= -90 && latitude <= 90;
}

static bool longitude_sound(double longitude)
{
    return longitude >= -180 && longitude <= 180;
}

bool location_parse(const char *text, double *ret_latitude, double *ret_longitude)
{
    char first[TEXT_MAX + 1];
    const char *comma = strchr(text, ',');
    if (comma == NULL || comma - text > TEXT_MAX)
        return false;
    memcpy(first, text, (size_t)(comma - text));
    first[comma - text] = '\0';
    return number_parse(first, ret_latitude) && latitude_sound(*ret_latitude) && number_parse(comma + 1, ret_longitude) &&
           longitude_sound(*ret_longitude);
}

/* Two letters, made upper case. */
static bool code_of(const struct value *value, char ret_code[2])
{
    char text[TEXT_MAX + 1];
    if (!text_of(value, text) || value->size != 2)
        return false;
    const char first = (char)(text[0] & ~0x20), second = (char)(text[1] & ~0x20);
    if (first < 'A' || first > 'Z' || second < 'A' || second > 'Z')
        return false;
    ret_code[0] = first;
    ret_code[1] = second;
    return true;
}

static bool asn_of(const struct value *value, uint32_t *ret_asn)
{
    char text[TEXT_MAX + 1];
    double number;
    const bool prefixed = text_of(value, text) && (strncmp(text, "AS", 2) == 0 || strncmp(text, "as", 2) == 0);
    if (!(prefixed ? number_parse(text + 2, &number) : number_of(value, &number)))
        return false;
    if (number < 1 || number > UINT32_MAX)
        return false;
    *ret_asn = (uint32_t)number;
    return true;
}

/* Whether the value is sound for the field; the decoder then holds it. */
static bool take(struct decoder *decoder, enum field field, const struct value *value)
{
    double number, other;
    char text[TEXT_MAX + 1];
    switch (field) {
    case FIELD_LATITUDE:
        if (!number_of(value, &number) || !latitude_sound(number))
            return false;
        decoder->latitude = number;
        return true;
    case FIELD_LONGITUDE:
        if (!number_of(value, &number) || !longitude_sound(number))
            return false;
        decoder->longitude = number;
        return true;
    case FIELD_LOCATION:
        if (!text_of(value, text) || !location_parse(text, &number, &other))
            return false;
        decoder->latitude = number;
        decoder->longitude = other;
        return true;
    case FIELD_COUNTRY: return code_of(value, decoder->record->country);
    case FIELD_CONTINENT: return code_of(value, decoder->record->continent);
    case FIELD_ASN: return asn_of(value, &decoder->record->asn);
    case FIELD_COUNT: break;
    }
    return false;
}

static bool key_equal(const struct key *key, const struct value *value)
{
    return key->size == value->size && memcmp(key->text, value->payload.at, key->size) == 0;
}

static void take_field(struct decoder *decoder, enum parent parent, const struct value *key, const struct value *value)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct layout *layout = &layouts[i];
        unsigned *rank = &decoder->rank[layout->field];
        if (layout->parent != parent || !key_equal(&layout->key, key))
            continue;
        if ((*rank == 0 || layout->rank < *rank) && take(decoder, layout->field, value))
            *rank = layout->rank;
    }
}

static enum parent find_parent(const struct value *key)
{
    enum parent parent = PARENT_COUNT;
    while (--parent != ROOT && !key_equal(&parents[parent], key))
        continue;
    return parent;
}

/* Goes through a map's pairs, and through the maps in it that the layouts name. */
static bool decode_map(struct decoder *decoder, const struct value *map, enum parent parent)
{
    struct reader r = map->payload;
    for (uint32_t i = 0; i < map->size; i++) {
        struct value key, value;
        if (!read_value(decoder, &r, &key) || key.type != TYPE_STRING || key.size > reader_left(&key.payload) ||
            !read_value(decoder, &r, &value))
            return false;
        if (value.type != TYPE_MAP) {
            take_field(decoder, parent, &key, &value);
            continue;
        }
        const enum parent inner = parent == ROOT ? find_parent(&key) : ROOT;
        if (inner != ROOT && !decode_map(decoder, &value, inner))
            return false;
    }
    return true;
}

bool record_decode(const uint8_t *data, size_t len, size_t offset, struct record *ret_record)
{
    *ret_record = (struct record){0};
    if (offset >= len)
        return false;
    struct record record = {0};
    struct decoder decoder = {.data = data, .len = len, .values_left = VALUES_MAX, .record = &record};
    struct reader r = reader_over(data + offset, len - offset);
    struct value map;
    if (!read_value(&decoder, &r, &map) || map.type != TYPE_MAP || !decode_map(&decoder, &map, ROOT))
        return false;
    const unsigned *rank = decoder.rank;
    record.has_location = rank[FIELD_LOCATION] || (rank[FIELD_LATITUDE] && rank[FIELD_LONGITUDE]);
    /* Exactly 0,0 lies in the open sea: databases write it for a place they do not know. */
    if (decoder.latitude == 0 && decoder.longitude == 0)
        record.has_location = 0;
    if (record.has_location) {
        record.latitude = decoder.latitude;
        record.longitude = decoder.longitude;
    }
    *ret_record = record;
    return record.has_location || record.asn || record.country[0] || record.continent[0];
}

void record_merge(struct record *record, const struct record *other)
{
    if (!record->has_location && other->has_location) {
        record->has_location = 1;
        record->latitude = other->latitude;
        record->longitude = other->longitude;
    }
    if (!record->country[0])
        memcpy(record->country, other->country, sizeof record->country);
    if (!record->continent[0])
        memcpy(record->continent, other->continent, sizeof record->continent);
    if (!record->asn)
        record->asn = other->asn;
}

void record_place(struct record *record)
{
    const char code[3] = {record->country[0], record->country[1], '\0'};
    const struct country *country = country_find(code);
    if (country == NULL)
        return;
    if (!record->continent[0])
        memcpy(record->continent, country->continent, sizeof record->continent);
    if (!record->has_location) {
        record->has_location = 1;
        record->latitude = (double)country->latitude;
        record->longitude = (double)country->longitude;
    }
}
