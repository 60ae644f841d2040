#include "base/invariant.h"
#include "zone/special.h"
#include "zone/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void generic_print(FILE *out, struct reader r)
{
    const size_t len = reader_left(&r);
    fprintf(out, "\\# %zu%s", len, len ? " " : "");
    while (reader_left(&r) > 0)
        fprintf(out, "%02x", read_u8(&r));
}

static char *print_record(const uint8_t *owner, uint16_t type, uint32_t ttl_s, struct reader rdata, void (*print)(FILE *, struct reader))
{
    char name[NAME_TEXT], mnemonic[16], *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    invariant(out);
    fprintf(out, "%s %u IN %s ", name_format(owner, name), ttl_s, zone_type_text(type, mnemonic));
    print(out, rdata);
    fclose(out);
    return text;
}

static char *print_by_ldns(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len)
{
    ldns_rr *record = rdata_record(owner, type, ttl_s, rdata, len);
    char *text = record ? ldns_rr2str(record) : NULL;
    ldns_rr_free(record);
    if (text == NULL)
        return NULL;
    /* ldns ends with a newline and parts the columns with tabs (a tab inside a string is \009). */
    text[strcspn(text, "\n")] = 0;
    for (char *at = text; *at; at++)
        if (*at == '\t')
            *at = ' ';
    return text;
}

char *zone_record_text(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len)
{
    const struct special *special = special_type(type);
    const struct reader r = reader_over(rdata, len);
    if (name_length(owner) == 0 || (special && special->check && special->check(r)))
        return NULL;
    if (special && special->print)
        return print_record(owner, type, ttl_s, r, special->print);
    char *text = print_by_ldns(owner, type, ttl_s, rdata, len);
    if (text == NULL && special) /* sound, but not for ldns: an IPSECKEY without a key */
        return print_record(owner, type, ttl_s, r, generic_print);
    return text;
}

uint16_t zone_type_number(const char *text)
{
    /* ldns reads TYPE99999 as 34463 and TYPEx as 0. */
    if (strncasecmp(text, "TYPE", 4) == 0) {
        unsigned number = 0;
        const char *at = text + 4;
        for (; *at >= '0' && *at <= '9' && number <= UINT16_MAX; at++)
            number = number * 10 + (unsigned)(*at - '0');
        return *at == 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
    }
    const uint16_t special = special_number(text);
    return special ? special : (uint16_t)ldns_get_rr_type_by_name(text);
}

const char *zone_type_text(uint16_t type, char out[16])
{
    char *text = ldns_rr_type2str((ldns_rr_type)type);
    if (text)
        snprintf(out, 16, "%s", text);
    else
        snprintf(out, 16, "TYPE%u", type);
    free(text);
    return out;
}
