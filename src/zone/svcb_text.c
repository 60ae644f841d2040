/* SVCB and HTTPS as text that is read as the same octets again: ldns 1.8 leaves out one of the two layers of escapes (RFC 9460 A.1). */
#include "zone/special.h"

#include <stdio.h>

static void print_octet(FILE *out, uint8_t octet)
{
    if (octet == '"' || octet == '\\')
        fprintf(out, "\\%c", octet);
    else if (octet < ' ' || octet > '~')
        fprintf(out, "\\%03u", octet);
    else
        fputc(octet, out);
}

static void print_key(FILE *out, uint16_t key)
{
    const char *name = svcb_key_name(key);
    if (name)
        fputs(name, out);
    else
        fprintf(out, "key%u", key);
}

static void print_keys(FILE *out, struct reader r)
{
    for (const char *between = "="; reader_left(&r) > 0; between = ",") {
        fputs(between, out);
        print_key(out, read_u16(&r));
    }
}

static void print_alpn(FILE *out, struct reader r)
{
    for (const char *between = "=\""; reader_left(&r) > 0; between = ",") {
        const uint8_t len = read_u8(&r), *at = read_span(&r, len);
        fputs(between, out);
        for (unsigned i = 0; i < len; i++) {
            if (at[i] == ',' || at[i] == '\\')
                print_octet(out, '\\');
            print_octet(out, at[i]);
        }
    }
    fputc('"', out);
}

static void print_hints(FILE *out, struct reader r, enum family family)
{
    for (const char *between = "="; reader_left(&r) > 0; between = ",") {
        struct addr addr = {.family = family};
        char text[ADDR_TEXT];
        memcpy(addr.bytes, read_span(&r, addr_octets(family)), addr_octets(family));
        fprintf(out, "%s%s", between, addr_format(&addr, text));
    }
}

static void print_ech(FILE *out, struct reader r)
{
    ldns_rdf *rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, reader_left(&r), r.at);
    char *text = ldns_rdf2str(rdf);
    fprintf(out, "=%s", text);
    LDNS_FREE(text);
    ldns_rdf_deep_free(rdf);
}

static void print_value(FILE *out, uint16_t key, struct reader r)
{
    switch (key) {
    case SVCB_MANDATORY: print_keys(out, r); return;
    case SVCB_ALPN: print_alpn(out, r); return;
    case SVCB_PORT: fprintf(out, "=%u", read_u16(&r)); return;
    case SVCB_IPV4HINT: print_hints(out, r, FAMILY_V4); return;
    case SVCB_ECH: print_ech(out, r); return;
    case SVCB_IPV6HINT: print_hints(out, r, FAMILY_V6); return;
    default:
        if (reader_left(&r) == 0)
            return;
        fputs("=\"", out);
        while (reader_left(&r) > 0)
            print_octet(out, read_u8(&r));
        fputc('"', out);
    }
}

void svcb_print(FILE *out, struct reader r)
{
    char target[NAME_TEXT];
    fprintf(out, "%u", read_u16(&r));
    fprintf(out, " %s", name_format(r.at, target));
    read_span(&r, name_length(r.at));
    while (reader_left(&r) > 0) {
        const uint16_t key = read_u16(&r), len = read_u16(&r);
        fputc(' ', out);
        print_key(out, key);
        print_value(out, key, reader_over(read_span(&r, len), len));
    }
}
