#include "zone/rdata.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "zone/naptr.h"
#include "zone/special.h"
#include "zone/zone.h"

#include <stdlib.h>
#include <string.h>

bool type_is_meta(uint16_t type)
{
    return type == 0 || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
}

static uint32_t unit_seconds(char unit)
{
    switch (unit | 0x20) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 604800;
    default: return 0;
    }
}

/* The digits at *text, which moves behind them. */
static bool digits(const char **text, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
        value = value * 10 + (unsigned)(*at - '0');
    const bool some = at != *text && value <= UINT32_MAX;
    *text = at;
    *ret_value = value;
    return some;
}

bool period_parse(const char *text, uint32_t *ret_seconds)
{
    uint64_t total;
    if (!digits(&text, &total))
        return false;
    if (*text) {
        total *= unit_seconds(*text);
        if (unit_seconds(*text++) == 0)
            return false;
    }
    while (*text) { /* after a unit each number has its own */
        uint64_t value;
        if (!digits(&text, &value) || unit_seconds(*text) == 0)
            return false;
        total += value * unit_seconds(*text++);
        if (total > UINT32_MAX)
            return false;
    }
    *ret_seconds = (uint32_t)total;
    return total <= UINT32_MAX;
}

const char *take_word(struct fields *f)
{
    if (!fields_left(f)) {
        error_set(f->err, "RDATA ends too early: a field is missing");
        return NULL;
    }
    const struct token *token = &f->entry->tokens[f->at++];
    if (token->quoted) {
        error_set(f->err, "the quoted \"%.60s\" where no string was expected", f->entry->text + token->start);
        return NULL;
    }
    return f->entry->text + token->start;
}

bool read_number(struct fields *f, const char *text, unsigned octets)
{
    const uint64_t max = (1ull << 8 * octets) - 1;
    uint32_t value;
    if (!decimal_parse(text, max, &value))
        return error_set(f->err, "\"%.60s\" where a number from 0 to %llu was expected", text, (unsigned long long)max);
    for (unsigned i = octets; i-- > 0;)
        write_u8(f->out, (uint8_t)(value >> 8 * i));
    return true;
}

static bool read_period(struct fields *f, const char *text)
{
    uint32_t seconds;
    if (!period_parse(text, &seconds))
        return error_set(f->err, "\"%.60s\" where a time was expected, as 3600 or 1h", text);
    write_u32(f->out, seconds);
    return true;
}

bool read_name(struct fields *f, const char *text)
{
    struct name name;
    const char *what = name_parse(text, f->origin, &name);
    if (what)
        return error_set(f->err, "\"%.60s\" is %s", text, what);
    write_bytes(f->out, name.octets, name.len);
    return true;
}

void write_unescaped(struct writer *out, const char *text)
{
    for (; *text; text++) {
        uint8_t octet = (uint8_t)*text;
        if (octet == '\\')
            text += escape_read(text + 1, &octet);
        write_u8(out, octet);
    }
}

bool read_string(struct fields *f, const char *text)
{
    uint8_t *len = write_span(f->out, 1);
    const uint8_t *from = f->out->at;
    write_unescaped(f->out, text);
    if (f->out->bad)
        return true; /* too long as a whole: told once, at the end */
    if (f->out->at - from > 255)
        return error_set(f->err, "a string longer than 255 octets; longer text is written as several strings");
    *len = (uint8_t)(f->out->at - from);
    return true;
}

static bool read_type(struct fields *f, const char *text)
{
    const uint16_t type = zone_type_number(text);
    if (type == 0)
        return error_set(f->err, "\"%.60s\" where a record type was expected", text);
    write_u16(f->out, type);
    return true;
}

bool read_address(struct fields *f, const char *text, enum family family)
{
    struct addr addr;
    if (!addr_parse(text, &addr) || addr.family != family)
        return error_set(f->err, "\"%.60s\" is no %s address", text, family == FAMILY_V4 ? "IPv4" : "IPv6");
    write_bytes(f->out, addr.bytes, addr_octets(family));
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* high: the first digit of an octet, -1 before one. */
static bool read_digits(struct fields *f, const char *text, int *high)
{
    for (; *text; text++) {
        const int digit = hex_digit(*text);
        if (digit < 0)
            return error_set(f->err, "\"%.60s\" where hexadecimal digits were expected", text);
        if (*high >= 0)
            write_u8(f->out, (uint8_t)(*high << 4 | digit));
        *high = *high >= 0 ? -1 : digit;
    }
    return true;
}

bool read_hex_digits(struct fields *f, const char *text)
{
    int high = -1;
    return read_digits(f, text, &high) && (high < 0 || error_set(f->err, "an odd number of hexadecimal digits"));
}

bool read_hex(struct fields *f)
{
    int high = -1;
    for (; f->at < f->entry->count; f->at++)
        if (!read_digits(f, token_text(f->entry, f->at), &high))
            return false;
    return high < 0 || error_set(f->err, "an odd number of hexadecimal digits");
}

bool read_by_ldns(struct fields *f, ldns_rdf_type field, const char *text)
{
    ldns_rdf *rdf = ldns_rdf_new_frm_str(field, text);
    if (rdf == NULL)
        return error_set(f->err, "\"%.60s\" cannot be read as a field of this type", text);
    write_bytes(f->out, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
    ldns_rdf_deep_free(rdf);
    return true;
}

/* All tokens that are left as one text, with what stands between them. */
static bool read_rest_by_ldns(struct fields *f, ldns_rdf_type field, const char *between)
{
    const size_t room = f->entry->len + f->entry->count + 1;
    char *text = mem_new(room, 1), *at = text;
    for (; f->at < f->entry->count; f->at++) {
        at = stpcpy(at, token_text(f->entry, f->at));
        if (f->at + 1 < f->entry->count)
            at = stpcpy(at, between);
    }
    const bool good = read_by_ldns(f, field, text);
    free(text);
    return good;
}

bool read_base64(struct fields *f)
{
    return !fields_left(f) || read_rest_by_ldns(f, LDNS_RDF_TYPE_B64, "");
}

/* ldns makes type 0 of a mnemonic that it does not know, and its table on the stack overflows with more than 65536 types. */
static bool read_bitmap(struct fields *f)
{
    if (f->entry->count - f->at > 1024)
        return error_set(f->err, "a list of more than 1024 record types");
    for (size_t i = f->at; i < f->entry->count; i++)
        if (zone_type_number(token_text(f->entry, i)) == 0)
            return error_set(f->err, "\"%.60s\" where a record type was expected", token_text(f->entry, i));
    return read_rest_by_ldns(f, LDNS_RDF_TYPE_NSEC, " ");
}

static bool read_rest(struct fields *f, ldns_rdf_type field)
{
    switch (field) {
    case LDNS_RDF_TYPE_HEX: return read_hex(f);
    case LDNS_RDF_TYPE_NSEC: return read_bitmap(f);
    default: return read_rest_by_ldns(f, field, field == LDNS_RDF_TYPE_B64 ? "" : " ");
    }
}

static bool takes_rest(ldns_rdf_type field)
{
    return field == LDNS_RDF_TYPE_HEX || field == LDNS_RDF_TYPE_NSEC || field == LDNS_RDF_TYPE_B64 || field == LDNS_RDF_TYPE_LOC;
}

static bool read_field(struct fields *f, ldns_rdf_type field, const char *text)
{
    switch (field) {
    case LDNS_RDF_TYPE_DNAME: return read_name(f, text);
    case LDNS_RDF_TYPE_INT8: return read_number(f, text, 1);
    case LDNS_RDF_TYPE_INT16: return read_number(f, text, 2);
    case LDNS_RDF_TYPE_INT32: return read_number(f, text, 4);
    case LDNS_RDF_TYPE_PERIOD: return read_period(f, text);
    case LDNS_RDF_TYPE_A: return read_address(f, text, FAMILY_V4);
    case LDNS_RDF_TYPE_AAAA: return read_address(f, text, FAMILY_V6);
    case LDNS_RDF_TYPE_STR: return read_string(f, text);
    case LDNS_RDF_TYPE_LONG_STR: write_unescaped(f->out, text); return true;
    case LDNS_RDF_TYPE_TYPE: return read_type(f, text);
    case LDNS_RDF_TYPE_ALG:
    case LDNS_RDF_TYPE_CERT_ALG:
    case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
    case LDNS_RDF_TYPE_SELECTOR:
    case LDNS_RDF_TYPE_MATCHING_TYPE:
        /* A mnemonic is for ldns; a number is not, because ldns would cut it to its size. */
        if (*text >= '0' && *text <= '9')
            return read_number(f, text, field == LDNS_RDF_TYPE_CERT_ALG ? 2 : 1);
        return read_by_ldns(f, field, text);
    case LDNS_RDF_TYPE_TIME:
        /* YYYYMMDDHHMMSS for ldns, else seconds (RFC 4034 3.2). */
        return strlen(text) == 14 ? read_by_ldns(f, field, text) : read_number(f, text, 4);
    case LDNS_RDF_TYPE_NSEC3_SALT:
    case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
    case LDNS_RDF_TYPE_TAG:
    case LDNS_RDF_TYPE_EUI48:
    case LDNS_RDF_TYPE_EUI64: return read_by_ldns(f, field, text);
    default:
        /* NXT and NULL: ldns' readers of these texts crash on, or silently bend, what is malformed. */
        return error_set(f->err, "this type is read in its RFC 3597 form only: \\# LENGTH HEXADECIMAL");
    }
}

static bool is_string(ldns_rdf_type field)
{
    return field == LDNS_RDF_TYPE_STR || field == LDNS_RDF_TYPE_LONG_STR;
}

static bool read_fields(struct fields *f, const ldns_rr_descriptor *about)
{
    const size_t max = ldns_rr_descriptor_maximum(about);
    size_t i = 0;
    for (; f->at < f->entry->count; i++) {
        const struct token token = f->entry->tokens[f->at];
        const char *text = f->entry->text + token.start;
        if (i >= max)
            return error_set(f->err, "\"%.60s\" is more than this type has fields", text);
        const ldns_rdf_type field = ldns_rr_descriptor_field_type(about, i);
        if (token.quoted && !is_string(field))
            return error_set(f->err, "the quoted \"%.60s\" where no string was expected", text);
        if (takes_rest(field)) {
            if (!read_rest(f, field))
                return false;
            continue;
        }
        f->at++;
        if (!read_field(f, field, text))
            return false;
    }
    return i >= ldns_rr_descriptor_minimum(about) || error_set(f->err, "RDATA ends too early: a field is missing");
}

static bool read_special(struct fields *f, const struct special *special)
{
    if (!special->read(f))
        return false;
    return !fields_left(f) || error_set(f->err, "\"%.60s\" is more than this type has fields", token_text(f->entry, f->at));
}

/* RFC 3597 5: \# LENGTH HEX, also for the types that are known. */
static bool read_generic(struct fields *f, uint16_t type)
{
    static const uint8_t root[1] = {0};
    const uint8_t *from = f->out->at;
    uint32_t len;
    f->at++;
    if (f->at >= f->entry->count || !decimal_parse(token_text(f->entry, f->at), RDATA_MAX, &len))
        return error_set(f->err, "\\# without a length from 0 to 65535 behind it");
    f->at++;
    if (!read_hex(f))
        return false;
    if (f->out->bad || (size_t)(f->out->at - from) != len)
        return error_set(f->err, "\\# says %u octets, but other than that follow", len);
    const struct special *special = special_type(type);
    if (special && (special->check || special->print))
        return true; /* what ldns does not judge */
    ldns_rr *record = rdata_record(root, type, 0, from, (uint16_t)len);
    if (record == NULL)
        return error_set(f->err, "these octets are no sound RDATA of this type");
    ldns_rr_free(record);
    return true;
}

/* Digests of known kinds have one length (RFC 3658, 4509, 6605); a cut one makes the delegation bogus for every validator. */
static bool check_digest(const uint8_t *rdata, size_t len, struct error *err)
{
    static const uint8_t lengths[] = {[1] = 20, [2] = 32, [4] = 48};
    const uint8_t kind = rdata[3];
    if (kind >= sizeof lengths || lengths[kind] == 0 || len - 4 == lengths[kind])
        return true;
    return error_set(err, "a digest of %zu octets; of kind %u it has %u", len - 4, kind, lengths[kind]);
}

/* What a type asks of its fields together. from is where the sound RDATA begins. */
static bool check_type(uint16_t type, const uint8_t *from, const uint8_t *end, struct error *err)
{
    const struct special *special = special_type(type);
    const char *what = special && special->check ? special->check(reader_over(from, (size_t)(end - from))) : NULL;
    if (what)
        return error_set(err, "%s", what);
    if (type == LDNS_RR_TYPE_NAPTR)
        return naptr_check(from, err);
    return type != LDNS_RR_TYPE_DS || check_digest(from, (size_t)(end - from), err);
}

bool rdata_read(uint16_t type, const struct entry *entry, size_t first, const struct name *origin, struct writer *out, struct error *err)
{
    struct fields f = {.entry = entry, .at = first, .origin = origin, .out = out, .err = err};
    const ldns_rr_descriptor *about = ldns_rr_descript(type);
    const struct special *special = special_type(type);
    const uint8_t *from = out->at;
    bool good;
    if (first < entry->count && !entry->tokens[first].quoted && strcmp(token_text(entry, first), "\\#") == 0)
        good = read_generic(&f, type);
    else if (special)
        good = read_special(&f, special);
    else if (about->_name == NULL || about->_type != type)
        good = error_set(err, "a type that is not known by name is written \\# LENGTH HEXADECIMAL (RFC 3597)");
    else
        good = read_fields(&f, about);
    if (good && out->bad)
        return error_set(err, "RDATA longer than 65535 octets");
    return good && check_type(type, from, out->at, err);
}

/* ldns takes RDATA that ends between two fields for complete. */
static bool complete(const ldns_rr *record)
{
    const ldns_rr_descriptor *about = ldns_rr_descript((uint16_t)ldns_rr_get_type(record));
    return about->_type != ldns_rr_get_type(record) || ldns_rr_rd_count(record) >= ldns_rr_descriptor_minimum(about);
}

/* All fields in a row are the octets again: ldns follows compression pointers, which have no place in stored RDATA. */
static bool same_octets(const ldns_rr *record, const uint8_t *rdata, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
        const ldns_rdf *rdf = ldns_rr_rdf(record, i);
        const size_t size = ldns_rdf_size(rdf);
        if (size > len - at || (size && memcmp(ldns_rdf_data(rdf), rdata + at, size) != 0))
            return false;
        at += size;
    }
    return at == len;
}

ldns_rr *rdata_record(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len)
{
    const size_t owner_len = name_length(owner);
    const size_t room = NAME_MAX_OCTETS + 10 + (size_t)len;
    ldns_rr *record = NULL;
    size_t at = 0;
    if (owner_len == 0)
        return NULL;
    uint8_t *wire = mem_new(room, 1);
    struct writer w = writer_over(wire, room);
    write_bytes(&w, owner, owner_len);
    write_u16(&w, type);
    write_u16(&w, LDNS_RR_CLASS_IN);
    write_u32(&w, ttl_s);
    write_u16(&w, len);
    write_bytes(&w, rdata, len);
    if (ldns_wire2rr(&record, wire, writer_len(&w), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
        record = NULL;
    free(wire);
    if (record && (at != writer_len(&w) || !complete(record) || !same_octets(record, rdata, len))) {
        ldns_rr_free(record);
        record = NULL;
    }
    return record;
}
