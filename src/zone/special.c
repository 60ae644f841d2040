#include "zone/special.h"

#include "base/decimal.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

static bool read_numbers(struct fields *f, const char *octets)
{
    for (; *octets; octets++) {
        const char *text = take_word(f);
        if (text == NULL || !read_number(f, text, (unsigned)(*octets - '0')))
            return false;
    }
    return true;
}

static bool read_rest_of(struct fields *f, bool (*rest)(struct fields *f))
{
    return fields_left(f) ? rest(f) : error_set(f->err, "RDATA ends too early: a field is missing");
}

static bool read_strings(struct fields *f)
{
    for (; fields_left(f); f->at++)
        if (!read_string(f, token_text(f->entry, f->at)))
            return false;
    return true;
}

/* TXT under other names. */
static bool txt_read(struct fields *f)
{
    return read_rest_of(f, read_strings);
}

static bool sink_read(struct fields *f)
{
    return read_numbers(f, "111") && read_rest_of(f, read_base64);
}

static bool rkey_read(struct fields *f)
{
    return read_numbers(f, "211") && read_rest_of(f, read_base64);
}

static bool ta_read(struct fields *f)
{
    const char *tag = take_word(f), *algorithm = tag ? take_word(f) : NULL;
    return algorithm && read_number(f, tag, 2) && read_by_ldns(f, LDNS_RDF_TYPE_ALG, algorithm) && read_numbers(f, "1") &&
           read_rest_of(f, read_hex);
}

static bool doa_read(struct fields *f)
{
    if (!read_numbers(f, "441"))
        return false;
    if (f->at + 1 >= f->entry->count)
        return error_set(f->err, "RDATA ends too early: a field is missing");
    if (!read_string(f, token_text(f->entry, f->at++)))
        return false;
    if (strcmp(token_text(f->entry, f->at), "-") != 0)
        return read_base64(f);
    f->at++;
    return true;
}

/* RFC 6742 2.1.2: four groups of hexadecimal digits. */
static bool read_locator(struct fields *f)
{
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    const char *at = text;
    for (unsigned group = 0; group < 4; group++) {
        char digits[5] = "0000";
        const size_t len = strcspn(at, ":");
        if (len == 0 || len > 4 || (at[len] == ':') != (group < 3))
            return error_set(f->err, "\"%.60s\" where four groups of hexadecimal digits were expected, as 0014:4fff:ff20:ee64", text);
        memcpy(digits + 4 - len, at, len);
        if (!read_hex_digits(f, digits))
            return false;
        at += len + 1;
    }
    return true;
}

static bool locator_read(struct fields *f)
{
    return read_numbers(f, "2") && read_locator(f);
}

/* Hexadecimal digits, dots between them where the writer liked. */
static bool read_dotted(struct fields *f, const char *text)
{
    char digits[2 * UINT8_MAX + 1];
    size_t count = 0;
    for (const char *at = text; *at; at++)
        if (*at != '.' && count + 1 < sizeof digits)
            digits[count++] = *at;
        else if (*at != '.')
            return error_set(f->err, "an address of more than 255 octets");
    digits[count] = 0;
    return count > 0 ? read_hex_digits(f, digits) : error_set(f->err, "\"%.60s\" where an address was expected", text);
}

/* RFC 1706 */
static bool nsap_read(struct fields *f)
{
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    if (strncasecmp(text, "0x", 2) != 0)
        return error_set(f->err, "\"%.60s\" where 0x and hexadecimal digits were expected", text);
    return read_dotted(f, text + 2);
}

/* ATM Forum AF-DANS-0152: format 1 is an E.164 number, 0 an end system address. */
static bool atma_read(struct fields *f)
{
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    if (*text != '+') {
        write_u8(f->out, 0);
        return read_dotted(f, text);
    }
    write_u8(f->out, 1);
    const uint8_t *from = f->out->at;
    for (const char *at = text + 1; *at; at++)
        if (*at >= '0' && *at <= '9')
            write_u8(f->out, (uint8_t)*at);
        else if (*at != '.')
            return error_set(f->err, "\"%.60s\" where + and digits were expected", text);
    return f->out->at > from || f->out->bad || error_set(f->err, "a number without digits");
}

/* RFC 2874 3.1: the length of the prefix, the rest of the address, the prefix's name. Historic (RFC 6563), but still in zones. */
static bool a6_read(struct fields *f)
{
    uint8_t octets[16];
    uint32_t prefix;
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    if (!decimal_parse(text, 128, &prefix))
        return error_set(f->err, "\"%.60s\" where the length of a prefix from 0 to 128 was expected", text);
    write_u8(f->out, (uint8_t)prefix);
    if (prefix < 128) {
        struct writer w = writer_over(octets, sizeof octets), *out = f->out;
        text = take_word(f);
        f->out = &w;
        const bool good = text && read_address(f, text, FAMILY_V6);
        f->out = out;
        if (!good)
            return false;
        octets[prefix / 8] &= (uint8_t)(0xff >> prefix % 8);
        write_bytes(f->out, octets + prefix / 8, 16 - prefix / 8);
    }
    if (prefix == 0)
        return true;
    text = take_word(f);
    return text && read_name(f, text);
}

static const struct special specials[] = {
    {LDNS_RR_TYPE_WKS, NULL, wks_read, wks_check, NULL},
    {LDNS_RR_TYPE_NSAP, NULL, nsap_read, NULL, NULL},
    {LDNS_RR_TYPE_ATMA, NULL, atma_read, NULL, generic_print},
    {LDNS_RR_TYPE_A6, NULL, a6_read, NULL, NULL},
    {LDNS_RR_TYPE_SINK, NULL, sink_read, NULL, generic_print},
    {LDNS_RR_TYPE_APL, NULL, apl_read, apl_check, NULL},
    {LDNS_RR_TYPE_IPSECKEY, NULL, ipseckey_read, ipseckey_check, NULL},
    {LDNS_RR_TYPE_HIP, NULL, hip_read, hip_check, NULL},
    {56, "NINFO", txt_read, NULL, generic_print},
    {57, "RKEY", rkey_read, NULL, generic_print},
    {LDNS_RR_TYPE_SVCB, NULL, svcb_read, svcb_check, svcb_print},
    {LDNS_RR_TYPE_HTTPS, NULL, svcb_read, svcb_check, svcb_print},
    {LDNS_RR_TYPE_NID, NULL, locator_read, NULL, NULL},
    {LDNS_RR_TYPE_L64, NULL, locator_read, NULL, NULL},
    {258, "AVC", txt_read, NULL, generic_print},
    {259, "DOA", doa_read, NULL, generic_print},
    {260, "AMTRELAY", amtrelay_read, amtrelay_check, generic_print},
    {32768, "TA", ta_read, NULL, generic_print},
};

const struct special *special_type(uint16_t type)
{
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (specials[i].type == type)
            return &specials[i];
    return NULL;
}

uint16_t special_number(const char *name)
{
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (specials[i].name && strcasecmp(specials[i].name, name) == 0)
            return specials[i].type;
    return 0;
}
