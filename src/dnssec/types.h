/* Numbers of the record types that signing looks at (IANA). Thread: any. */
#pragma once

enum {
    TYPE_NS = 2,
    TYPE_SOA = 6,
    TYPE_DNAME = 39,
    TYPE_DS = 43,
    TYPE_RRSIG = 46,
    TYPE_NSEC = 47,
    TYPE_DNSKEY = 48,
    TYPE_NSEC3 = 50,
    TYPE_NSEC3PARAM = 51,
    TYPE_CDS = 59,
    TYPE_CDNSKEY = 60,
};
