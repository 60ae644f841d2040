/* Key pairs by OpenSSL, as DNSSEC uses them: from and to the octets of DNSKEY records and of BIND's key files, signing and verifying.
 * A pair is immutable. Thread: any. pair_free() frees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ALGORITHM_RSASHA256 = 8,
    ALGORITHM_ECDSAP256SHA256 = 13,
    ALGORITHM_ECDSAP384SHA384 = 14,
    ALGORITHM_ED25519 = 15,
    SIGNATURE_OCTETS_MAX = 512, /* RSA with 4096 bits */
    PUBLIC_OCTETS_MAX = 1 + 8 + 512,
    PRIVATE_FIELDS_MAX = 8,
};

struct algorithm {
    uint8_t number;                /* of the IANA registry */
    const char *name;              /* its mnemonic */
    const char *group;             /* elliptic curve, or NULL */
    bool digests;                  /* the digest is signed, not the octets themselves */
    uint16_t public_len;           /* of the DNSKEY's key; 0: it varies */
    uint16_t part_len;             /* of the private key and of each half of a signature; 0: they vary */
    const char *const *fields;     /* of the private file, NULL behind the last */
    const char *const *parameters; /* OpenSSL's names of the RSA fields */
};

/* NULL: not one of ours. Names in any case. */
const struct algorithm *algorithm_of(unsigned number);
const struct algorithm *algorithm_named(const char *name);

/* What a private file holds, in the order of algorithm->fields. */
struct private_fields {
    struct {
        uint16_t len; /* 0: missing */
        uint8_t octets[512];
    } field[PRIVATE_FIELDS_MAX];
};
void private_fields_wipe(struct private_fields *fields);

struct pair;

/* NULL, and why in *ret_why: weak (RSA below 2048 bits) or no such key, or the private key is not that of the public one. */
struct pair *pair_new(const struct algorithm *algorithm, const struct private_fields *fields, const uint8_t *public, size_t public_len,
                      const char **ret_why);
void pair_free(struct pair *pair);

/* A new key; RSA has 2048 bits. False when OpenSSL fails. */
bool pair_generate(const struct algorithm *algorithm, struct private_fields *ret_fields, uint8_t ret_public[PUBLIC_OCTETS_MAX],
                   size_t *ret_public_len);

/* Writes the signature as an RRSIG holds it and returns its length, the same for every call; 0 when OpenSSL fails. */
size_t pair_sign(const struct pair *pair, const uint8_t *octets, size_t len, uint8_t ret[SIGNATURE_OCTETS_MAX]);
/* Whether the signature is one by the owner of this public key (as in a DNSKEY). */
bool public_verify(const struct algorithm *algorithm, const uint8_t *public, size_t public_len, const uint8_t *octets, size_t len,
                   const uint8_t *signature, size_t signature_len);
