/* Types with a grammar of their own, or that ldns does not know. Tokens -> octets, and whether octets are sound. For zone/ only.
 * Thread: the loader's. Owns nothing. */
#pragma once

#include "zone/fields.h"

#include <stdio.h>

struct special {
    uint16_t type;
    const char *name; /* NULL where ldns knows it */
    bool (*read)(struct fields *f);
    const char *(*check)(struct reader r);     /* what is wrong with these octets, or NULL; NULL: any are sound, or ldns knows */
    void (*print)(FILE *out, struct reader r); /* sound RDATA as text; NULL: ldns does */
};

/* NULL: an ordinary type, whose fields ldns lists. */
const struct special *special_type(uint16_t type);
/* A mnemonic that ldns does not know, in any case; 0 when we do not know it either. */
uint16_t special_number(const char *name);

/* The tables' entries, by the file that has them. */
bool svcb_read(struct fields *f);
const char *svcb_check(struct reader r);
void svcb_print(FILE *out, struct reader r);
bool ipseckey_read(struct fields *f);
const char *ipseckey_check(struct reader r);
bool amtrelay_read(struct fields *f);
const char *amtrelay_check(struct reader r);
bool hip_read(struct fields *f);
const char *hip_check(struct reader r);
bool apl_read(struct fields *f);
const char *apl_check(struct reader r);
bool wks_read(struct fields *f);
const char *wks_check(struct reader r);

/* SvcParamKeys. */
enum svcb_key {
    SVCB_MANDATORY,
    SVCB_ALPN,
    SVCB_NO_DEFAULT_ALPN,
    SVCB_PORT,
    SVCB_IPV4HINT,
    SVCB_ECH,
    SVCB_IPV6HINT,
    SVCB_DOHPATH, /* RFC 9461 */
    SVCB_OHTTP,   /* RFC 9540 */
    SVCB_INVALID = 65535
};
/* NULL: it has none but its number. */
const char *svcb_key_name(uint16_t key);
/* RFC 3597 5: any type. */
void generic_print(FILE *out, struct reader r);
