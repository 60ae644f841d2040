#define OPENSSL_API_COMPAT 0x10100000L /* SHA256() and SHA384() on the stack */
#include "dnssec/pair.h"

#include "base/cursor.h"
#include "base/memory.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

enum { RSA_BITS = 2048, RSA_BITS_MAX = 4096, POINT_MAX = 97 };

static const char *const curve_fields[] = {"PrivateKey", NULL};
static const char *const rsa_fields[] = {"Modulus",   "PublicExponent", "PrivateExponent", "Prime1", "Prime2",
                                         "Exponent1", "Exponent2",      "Coefficient",     NULL};
static const char *const rsa_parameters[] = {OSSL_PKEY_PARAM_RSA_N,
                                             OSSL_PKEY_PARAM_RSA_E,
                                             OSSL_PKEY_PARAM_RSA_D,
                                             OSSL_PKEY_PARAM_RSA_FACTOR1,
                                             OSSL_PKEY_PARAM_RSA_FACTOR2,
                                             OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                             OSSL_PKEY_PARAM_RSA_EXPONENT2,
                                             OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
                                             NULL};

static const struct algorithm algorithms[] = {
    {ALGORITHM_ECDSAP256SHA256, "ECDSAP256SHA256", "prime256v1", true, 64, 32, curve_fields, NULL},
    {ALGORITHM_ED25519, "ED25519", NULL, false, 32, 32, curve_fields, NULL},
    {ALGORITHM_RSASHA256, "RSASHA256", NULL, true, 0, 0, rsa_fields, rsa_parameters},
    {ALGORITHM_ECDSAP384SHA384, "ECDSAP384SHA384", "secp384r1", true, 96, 48, curve_fields, NULL},
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

struct pair {
    const struct algorithm *algorithm;
    EVP_PKEY *key;
    EVP_PKEY_CTX *ready;  /* made ready to sign; each signature takes a copy, which costs a tenth of making one ready */
    EVP_MD_CTX *ready_md; /* the same for Ed25519, which signs the octets themselves */
};

const struct algorithm *algorithm_of(unsigned number)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (algorithms[i].number == number)
            return &algorithms[i];
    return NULL;
}

const struct algorithm *algorithm_named(const char *name)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (strcasecmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    return NULL;
}

void private_fields_wipe(struct private_fields *fields)
{
    OPENSSL_cleanse(fields, sizeof *fields);
}

static bool is_rsa(const struct algorithm *algorithm)
{
    return algorithm->parameters != NULL;
}

/* --- OpenSSL's keys */

static EVP_PKEY *key_of_parameters(const char *type, OSSL_PARAM_BLD *building, int selection)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(building);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, selection, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(parameters);
    return key;
}

/* An elliptic-curve key; private_len is 0 for a public one. DNSKEY records leave out the 4 in front of the point (RFC 6605 4). */
static EVP_PKEY *curve_key(const struct algorithm *algorithm, const uint8_t *public, const uint8_t *private, size_t private_len)
{
    uint8_t point[POINT_MAX] = {4};
    memcpy(point + 1, public, algorithm->public_len);
    BIGNUM *number = private_len ? BN_bin2bn(private, (int)private_len, BN_secure_new()) : NULL;
    OSSL_PARAM_BLD *building = OSSL_PARAM_BLD_new();
    bool sound = building && OSSL_PARAM_BLD_push_utf8_string(building, OSSL_PKEY_PARAM_GROUP_NAME, algorithm->group, 0) &&
                 OSSL_PARAM_BLD_push_octet_string(building, OSSL_PKEY_PARAM_PUB_KEY, point, algorithm->public_len + 1u);
    if (private_len)
        sound = sound && number && OSSL_PARAM_BLD_push_BN(building, OSSL_PKEY_PARAM_PRIV_KEY, number);
    EVP_PKEY *key = sound ? key_of_parameters("EC", building, private_len ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY) : NULL;
    OSSL_PARAM_BLD_free(building);
    BN_clear_free(number);
    return key;
}

/* The two numbers of a DNSKEY (RFC 3110 2): the length of the exponent in one octet or, behind a zero, in two. */
static bool split_rsa(const uint8_t *public, size_t len, struct private_fields *ret)
{
    struct reader r = reader_over(public, len);
    size_t exponent_len = read_u8(&r);
    if (exponent_len == 0)
        exponent_len = read_u16(&r);
    const uint8_t *exponent = read_span(&r, exponent_len);
    const size_t modulus_len = reader_left(&r);
    if (exponent == NULL || exponent_len == 0 || exponent_len > 8 || modulus_len == 0 || modulus_len > RSA_BITS_MAX / 8)
        return false;
    memcpy(ret->field[0].octets, r.at, modulus_len);
    memcpy(ret->field[1].octets, exponent, exponent_len);
    ret->field[0].len = (uint16_t)modulus_len;
    ret->field[1].len = (uint16_t)exponent_len;
    return true;
}

/* An RSA key of the fields that are there: two of a public one, all of a private one. */
static EVP_PKEY *rsa_key(const struct private_fields *fields)
{
    BIGNUM *numbers[PRIVATE_FIELDS_MAX] = {NULL};
    OSSL_PARAM_BLD *building = OSSL_PARAM_BLD_new();
    bool sound = building != NULL;
    for (unsigned i = 0; i < PRIVATE_FIELDS_MAX && fields->field[i].len && sound; i++) {
        numbers[i] = BN_bin2bn(fields->field[i].octets, fields->field[i].len, BN_secure_new());
        sound = numbers[i] && OSSL_PARAM_BLD_push_BN(building, rsa_parameters[i], numbers[i]);
    }
    EVP_PKEY *key = sound ? key_of_parameters("RSA", building, numbers[2] ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY) : NULL;
    OSSL_PARAM_BLD_free(building);
    for (unsigned i = 0; i < PRIVATE_FIELDS_MAX; i++)
        BN_clear_free(numbers[i]);
    return key;
}

static EVP_PKEY *public_key(const struct algorithm *algorithm, const uint8_t *public, size_t len)
{
    struct private_fields fields = {0};
    if (is_rsa(algorithm))
        return split_rsa(public, len, &fields) ? rsa_key(&fields) : NULL;
    if (len != algorithm->public_len)
        return NULL;
    return algorithm->group ? curve_key(algorithm, public, NULL, 0) : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, len);
}

/* --- signing */

/* SHA-2 on the stack: EVP_Digest() looks its method up each time, which costs more than a short RRset's digest. */
static size_t digest_of(const struct algorithm *algorithm, const uint8_t *octets, size_t len, uint8_t ret[SHA512_DIGEST_LENGTH])
{
    if (algorithm->number == ALGORITHM_ECDSAP384SHA384) {
        SHA512_CTX ctx;
        SHA384_Init(&ctx);
        SHA384_Update(&ctx, octets, len);
        SHA384_Final(ret, &ctx);
        return SHA384_DIGEST_LENGTH;
    }
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, octets, len);
    SHA256_Final(ret, &ctx);
    return SHA256_DIGEST_LENGTH;
}

static bool set_digest(EVP_PKEY_CTX *ctx, const struct algorithm *algorithm)
{
    const EVP_MD *digest = algorithm->number == ALGORITHM_ECDSAP384SHA384 ? EVP_sha384() : EVP_sha256();
    if (is_rsa(algorithm) && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1)
        return false;
    return EVP_PKEY_CTX_set_signature_md(ctx, digest) == 1;
}

static bool make_ready(struct pair *pair)
{
    if (pair->algorithm->digests) {
        pair->ready = EVP_PKEY_CTX_new(pair->key, NULL);
        return pair->ready && EVP_PKEY_sign_init(pair->ready) == 1 && set_digest(pair->ready, pair->algorithm);
    }
    pair->ready_md = EVP_MD_CTX_new();
    return pair->ready_md && EVP_DigestSignInit(pair->ready_md, NULL, NULL, NULL, pair->key) == 1;
}

/* OpenSSL writes the two numbers of an ECDSA signature as ASN.1, DNSSEC as octets (RFC 6605 4). */
static size_t plain_signature(const struct algorithm *algorithm, const uint8_t *asn1, size_t len, uint8_t *ret)
{
    const int part = algorithm->part_len;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &asn1, (long)len);
    const bool sound = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, part) == part &&
                       BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + part, part) == part;
    ECDSA_SIG_free(signature);
    return sound ? 2 * (size_t)part : 0;
}

static size_t sign_digest(const struct pair *pair, const uint8_t *octets, size_t len, uint8_t *ret)
{
    uint8_t digest[SHA512_DIGEST_LENGTH], made[SIGNATURE_OCTETS_MAX];
    size_t made_len = sizeof made;
    const size_t digest_len = digest_of(pair->algorithm, octets, len, digest);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(pair->ready);
    const bool signed_ = ctx && EVP_PKEY_sign(ctx, made, &made_len, digest, digest_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!signed_)
        return 0;
    if (pair->algorithm->group)
        return plain_signature(pair->algorithm, made, made_len, ret);
    memcpy(ret, made, made_len);
    return made_len;
}

static size_t sign_octets(const struct pair *pair, const uint8_t *octets, size_t len, uint8_t *ret)
{
    size_t made_len = SIGNATURE_OCTETS_MAX;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool signed_ = ctx && EVP_MD_CTX_copy_ex(ctx, pair->ready_md) == 1 && EVP_DigestSign(ctx, ret, &made_len, octets, len) == 1;
    EVP_MD_CTX_free(ctx);
    return signed_ ? made_len : 0;
}

size_t pair_sign(const struct pair *pair, const uint8_t *octets, size_t len, uint8_t ret[SIGNATURE_OCTETS_MAX])
{
    return pair->ready ? sign_digest(pair, octets, len, ret) : sign_octets(pair, octets, len, ret);
}

/* ASN.1 of the two numbers; to be freed by OPENSSL_free(). */
static uint8_t *asn1_signature(const struct algorithm *algorithm, const uint8_t *octets, int *ret_len)
{
    uint8_t *out = NULL;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(octets, algorithm->part_len, NULL), *s = BN_bin2bn(octets + algorithm->part_len, algorithm->part_len, NULL);
    if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) /* takes both over */
        *ret_len = i2d_ECDSA_SIG(signature, &out);
    ECDSA_SIG_free(signature);
    return out;
}

static bool verify_digest(const struct algorithm *algorithm, EVP_PKEY *key, const uint8_t *octets, size_t len, const uint8_t *signature,
                          size_t signature_len)
{
    uint8_t digest[SHA512_DIGEST_LENGTH];
    const size_t digest_len = digest_of(algorithm, octets, len, digest);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    const bool verified = ctx && EVP_PKEY_verify_init(ctx) == 1 && set_digest(ctx, algorithm) &&
                          EVP_PKEY_verify(ctx, signature, signature_len, digest, digest_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return verified;
}

static bool verify_octets(EVP_PKEY *key, const uint8_t *octets, size_t len, const uint8_t *signature, size_t signature_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool verified =
        ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 && EVP_DigestVerify(ctx, signature, signature_len, octets, len) == 1;
    EVP_MD_CTX_free(ctx);
    return verified;
}

bool public_verify(const struct algorithm *algorithm, const uint8_t *public, size_t public_len, const uint8_t *octets, size_t len,
                   const uint8_t *signature, size_t signature_len)
{
    EVP_PKEY *key = public_key(algorithm, public, public_len);
    bool verified = false;
    if (key && algorithm->group && signature_len == 2u * algorithm->part_len) {
        int asn1_len = 0;
        uint8_t *asn1 = asn1_signature(algorithm, signature, &asn1_len);
        verified = asn1 && verify_digest(algorithm, key, octets, len, asn1, (size_t)asn1_len);
        OPENSSL_free(asn1);
    } else if (key && is_rsa(algorithm)) {
        verified = verify_digest(algorithm, key, octets, len, signature, signature_len);
    } else if (key && !algorithm->group) {
        verified = verify_octets(key, octets, len, signature, signature_len);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return verified;
}

/* --- pairs */

static EVP_PKEY *private_key(const struct algorithm *algorithm, const struct private_fields *fields, const uint8_t *public)
{
    if (is_rsa(algorithm))
        return rsa_key(fields);
    const uint8_t *octets = fields->field[0].octets;
    const size_t len = fields->field[0].len;
    if (algorithm->group) /* a number: BIND's tools leave its leading zeros out */
        return len > 0 && len <= algorithm->part_len ? curve_key(algorithm, public, octets, len) : NULL;
    return len == algorithm->part_len ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, octets, len) : NULL;
}

/* What is wrong with a public key, or NULL. Modulus and exponent of the private file must be the DNSKEY's. */
static const char *wrong_public(const struct algorithm *algorithm, const struct private_fields *fields, const uint8_t *public, size_t len)
{
    struct private_fields split = {0};
    if (!is_rsa(algorithm))
        return len == algorithm->public_len ? NULL : "the public key has a wrong length";
    if (!split_rsa(public, len, &split))
        return "the public key is no RSA key of at most 4096 bits";
    if (split.field[0].octets[0] == 0)
        return "the modulus begins with a zero";
    if (split.field[0].len < RSA_BITS / 8 || (split.field[0].len == RSA_BITS / 8 && split.field[0].octets[0] < 0x80))
        return "the RSA key has less than 2048 bits";
    for (unsigned i = 0; i < 2; i++)
        if (split.field[i].len != fields->field[i].len || memcmp(split.field[i].octets, fields->field[i].octets, split.field[i].len) != 0)
            return "the private key is not that of the public key";
    return NULL;
}

/* A signature that verifies is what all depends on: it shows that both keys belong together. */
static bool proves_itself(const struct pair *pair, const uint8_t *public, size_t public_len)
{
    static const uint8_t probe[] = "sipsteer";
    uint8_t signature[SIGNATURE_OCTETS_MAX];
    const size_t len = pair_sign(pair, probe, sizeof probe, signature);
    return len > 0 && public_verify(pair->algorithm, public, public_len, probe, sizeof probe, signature, len);
}

struct pair *pair_new(const struct algorithm *algorithm, const struct private_fields *fields, const uint8_t *public, size_t public_len,
                      const char **ret_why)
{
    *ret_why = wrong_public(algorithm, fields, public, public_len);
    if (*ret_why)
        return NULL;
    struct pair *pair = mem_new(1, sizeof *pair);
    pair->algorithm = algorithm;
    pair->key = private_key(algorithm, fields, public);
    if (pair->key == NULL || !make_ready(pair))
        *ret_why = "the private key is none of its algorithm";
    else if (!proves_itself(pair, public, public_len))
        *ret_why = "the private key is not that of the public key";
    ERR_clear_error();
    if (*ret_why == NULL)
        return pair;
    pair_free(pair);
    return NULL;
}

void pair_free(struct pair *pair)
{
    if (pair == NULL)
        return;
    EVP_PKEY_CTX_free(pair->ready);
    EVP_MD_CTX_free(pair->ready_md);
    EVP_PKEY_free(pair->key);
    free(pair);
}

/* --- new keys */

static bool read_number(EVP_PKEY *key, const char *parameter, uint16_t fixed_len, struct private_fields *ret, unsigned i)
{
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
        return false;
    const int len = fixed_len ? fixed_len : BN_num_bytes(number);
    ret->field[i].len = (uint16_t)len;
    const bool sound = len <= (int)sizeof ret->field[i].octets && BN_bn2binpad(number, ret->field[i].octets, len) == len;
    BN_clear_free(number);
    return sound;
}

static bool take_rsa(EVP_PKEY *key, struct private_fields *ret, uint8_t *public, size_t *ret_public_len)
{
    for (unsigned i = 0; rsa_parameters[i]; i++)
        if (!read_number(key, rsa_parameters[i], 0, ret, i))
            return false;
    struct writer w = writer_over(public, PUBLIC_OCTETS_MAX);
    write_u8(&w, (uint8_t)ret->field[1].len);
    write_bytes(&w, ret->field[1].octets, ret->field[1].len);
    write_bytes(&w, ret->field[0].octets, ret->field[0].len);
    *ret_public_len = writer_len(&w);
    return !w.bad;
}

static bool take_curve(const struct algorithm *algorithm, EVP_PKEY *key, struct private_fields *ret, uint8_t *public)
{
    uint8_t point[POINT_MAX];
    size_t len;
    if (!read_number(key, OSSL_PKEY_PARAM_PRIV_KEY, algorithm->part_len, ret, 0) ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 ||
        len != algorithm->public_len + 1u || point[0] != 4)
        return false;
    memcpy(public, point + 1, algorithm->public_len);
    return true;
}

static bool take_edwards(EVP_PKEY *key, struct private_fields *ret, uint8_t *public)
{
    size_t private_len = sizeof ret->field[0].octets, public_len = PUBLIC_OCTETS_MAX;
    if (EVP_PKEY_get_raw_private_key(key, ret->field[0].octets, &private_len) != 1 ||
        EVP_PKEY_get_raw_public_key(key, public, &public_len) != 1)
        return false;
    ret->field[0].len = (uint16_t)private_len;
    return true;
}

bool pair_generate(const struct algorithm *algorithm, struct private_fields *ret_fields, uint8_t ret_public[PUBLIC_OCTETS_MAX],
                   size_t *ret_public_len)
{
    *ret_fields = (struct private_fields){0};
    *ret_public_len = algorithm->public_len;
    EVP_PKEY *key = is_rsa(algorithm)  ? EVP_RSA_gen(RSA_BITS)
                    : algorithm->group ? EVP_EC_gen(algorithm->group)
                                       : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bool sound = false;
    if (key)
        sound = is_rsa(algorithm)  ? take_rsa(key, ret_fields, ret_public, ret_public_len)
                : algorithm->group ? take_curve(algorithm, key, ret_fields, ret_public)
                                   : take_edwards(key, ret_fields, ret_public);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return sound;
}
