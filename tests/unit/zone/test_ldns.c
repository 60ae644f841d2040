/* What ldns reads well, the loader reads to the same octets: RDATA of every type that operators use, in every way of writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zone/zone.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const records[] = {
    "A 192.0.2.1",
    "AAAA 2001:DB8::192.0.2.1",
    "AAAA ::",
    "NS ns1",
    "NS Ns.Other.Example.",
    "CNAME web",
    "PTR host.example.",
    "MX 65535 mail",
    "SRV 10 60 5060 lb1.lon",
    "SRV 0 0 0 .",
    "NAPTR 10 100 \"s\" \"SIP+D2U\" \"\" _sip._udp",
    "NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .",
    "TXT \"a b\" c \"\" \"\\\"quoted\\\" \\065\\255\"",
    "TXT unquoted",
    "SPF \"v=spf1 -all\"",
    "HINFO \"PC\" \"Linux\"",
    "RP mbox.example. txt.example.",
    "CAA 0 issue \"ca.example; policy=ev\"",
    "CAA 128 iodef \"mailto:a@example.com\"",
    "TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "SSHFP 4 2 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
    "DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef 0123456789abcdef",
    "DNSKEY 257 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==",
    "CDS 0 0 0 00",
    "DNAME other.example.",
    "NSEC host.example. A MX RRSIG NSEC TYPE1234",
    "NSEC3PARAM 1 0 0 -",
    "NSEC3PARAM 1 0 10 AABBCCDD",
    "LOC 51 30 12.748 N 0 7 39.612 W 10m 20m 2000m 20m",
    "CERT 1 0 0 aGVsbG8=",
    "URI 10 1 \"ftp://ftp.example/public\"",
    "AFSDB 1 afs",
    "KX 10 kx",
    "EUI48 00-00-5e-00-53-2a",
    "EUI64 00-00-5e-ef-10-00-00-2a",
    "SMIMEA 3 0 1 0123456789abcdef",
    "OPENPGPKEY aGVsbG8gd29ybGQ=",
    "TYPE65280 \\# 4 0a000001",
    "TYPE1 \\# 4 0a000001",
    "A \\# 4 0a000001",
    "TYPE65281 \\# 0",
    "MX ( 10\n  mail ) ; a comment",
    "TXT ( \"one\" ; comment with ) in it\n \"two\" )",
    "SRV\t1\t2\t3\tescaped\\.dot.\\065",
};

/* The record's only rdata as the loader reads it, or NULL. */
static struct zone *load(const char *record, const struct rdata **ret_rdata)
{
    char path[] = "/tmp/sipsteer-unit-zone-XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    fprintf(f, "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\nx %s\n", record);
    fclose(f);
    struct report report;
    report_init(&report);
    struct zone *zone = zone_load("sip.example.com.", path, &report);
    for (size_t i = 0; zone == NULL && i < report.count; i++)
        fprintf(stderr, "%s\n", report.findings[i].text);
    report_release(&report);
    unlink(path);
    *ret_rdata = NULL;
    const struct zone_node *node = zone ? zone_find(zone, (const uint8_t *)"\1x\3sip\7example\3com", 19) : NULL;
    if (node && node->rrset_count == 1)
        *ret_rdata = &node->rrsets[0].rdatas[0];
    return zone;
}

static uint8_t *by_ldns(const char *record, size_t *ret_len)
{
    char *text = NULL;
    assert_true(asprintf(&text, "x.sip.example.com. 60 IN %s", record) > 0);
    char *line = text;
    bool comment = false;
    for (char *c = text; strchr(record, '(') && *c; c++) { /* ldns takes one line here: parentheses and comments are the caller's */
        comment = *c != '\n' && (comment || *c == ';');
        if (comment || *c == '\n' || *c == '(' || *c == ')')
            *c = ' ';
    }
    ldns_rdf *origin = ldns_dname_new_frm_str("sip.example.com.");
    ldns_rr *rr = NULL;
    const ldns_status status = ldns_rr_new_frm_str(&rr, line, 60, origin, NULL);
    if (status != LDNS_STATUS_OK)
        fprintf(stderr, "%s: %s\n", record, ldns_get_errorstr_by_id(status));
    assert_int_equal(status, LDNS_STATUS_OK);
    ldns_buffer *wire = ldns_buffer_new(4096);
    assert_int_equal(ldns_rr_rdata2buffer_wire(wire, rr), LDNS_STATUS_OK);
    *ret_len = ldns_buffer_position(wire);
    uint8_t *octets = malloc(*ret_len + 1);
    memcpy(octets, ldns_buffer_begin(wire), *ret_len);
    ldns_buffer_free(wire);
    ldns_rr_free(rr);
    ldns_rdf_deep_free(origin);
    free(text);
    return octets;
}

static void every_type_is_read_to_the_octets_that_ldns_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        const struct rdata *rdata;
        size_t len;
        struct zone *zone = load(records[i], &rdata);
        uint8_t *want = by_ldns(records[i], &len);
        if (rdata == NULL || rdata->len != len || memcmp(rdata->octets, want, len) != 0)
            fail_msg("differs from ldns: %s (%d octets, ldns %zu)", records[i], rdata ? rdata->len : -1, len);
        free(want);
        zone_unref(zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_type_is_read_to_the_octets_that_ldns_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
