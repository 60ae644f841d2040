#include "zone/rdata.h"
#include "zone/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *zone_record_text(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len)
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
    return (uint16_t)ldns_get_rr_type_by_name(text);
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
