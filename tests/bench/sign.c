/* What signing costs: RRsets of one A record, signed one after the other, and found in the cache; beside it OpenSSL's bare ECDSA. */
#include "base/clock.h"
#include "base/memory.h"
#include "dnssec/keyfile.h"
#include "dnssec/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20000, APEX_LEN = 17 };

static const uint8_t apex[] = "\3sip\7example\3com", owner[] = "\3lb1\3sip\7example\3com";

/* The process's own time: what else the machine does counts for nothing. */
static uint64_t busy_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static double sign_all(struct signer *signer, int64_t now_s)
{
    struct rrsig made[SIGNING_KEYS_MAX];
    int64_t renew_s;
    const uint64_t start = busy_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint8_t octets[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        const struct rdata rdata = {octets, 4};
        const struct rrset set = {.type = 1, .count = 1, .ttl_s = 30, .rdatas = &rdata};
        signer_sign(signer, owner, &set, now_s, made, &renew_s);
    }
    return ROUNDS * 1e9 / (double)(busy_ns() - start);
}

static double hash_all(void)
{
    uint8_t hash[20];
    const uint64_t start = busy_ns();
    for (uint32_t i = 0; i < 20 * ROUNDS; i++)
        nsec3_hash(owner, sizeof owner, hash);
    return 20.0 * ROUNDS * 1e9 / (double)(busy_ns() - start);
}

static double sign_bare(const struct pair *pair)
{
    uint8_t octets[100] = {0}, signature[SIGNATURE_OCTETS_MAX];
    const uint64_t start = busy_ns();
    for (uint32_t i = 0; i < ROUNDS; i++)
        pair_sign(pair, octets, sizeof octets, signature);
    return ROUNDS * 1e9 / (double)(busy_ns() - start);
}

static void measure(const char *algorithm, const char *folder)
{
    const int64_t now_s = clock_wall_s();
    struct key_plan plan = {.algorithm = algorithm_named(algorithm), .flags = 257, .ttl_s = 3600};
    struct error err;
    struct report report;
    char *path, command[200];
    for (unsigned i = 0; i < KEY_TIMES; i++)
        plan.times[i] = i <= KEY_ACTIVATE ? now_s - 5 : KEY_NEVER;
    if (!keyfile_create(folder, apex, &plan, &path, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    report_init(&report);
    struct zone_config config = {.dnssec = {.denial = DENIAL_NSEC, .keys = (char *)folder, .validity_s = 86400 * 14, .refresh_s = 86400}};
    struct signatures *cache = signatures_new(ROUNDS);
    struct signer *signer = signer_new(&config, apex, APEX_LEN, cache, now_s, &report);
    printf("%s: %.0f signatures/s anew", algorithm, sign_all(signer, now_s));
    printf(", %.0f/s from the cache\n", sign_all(signer, now_s));
    signer_unref(signer);
    signatures_free(cache);
    report_release(&report);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "%s.%s", path, i ? "key" : "private");
        unlink(command);
    }
    free(path);
}

int main(void)
{
    char folder[] = "/tmp/bench-sign-XXXXXX";
    if (mkdtemp(folder) == NULL)
        return 1;
    static const char *const names[] = {"ECDSAP256SHA256", "ED25519"};
    for (size_t i = 0; i < 2; i++)
        measure(names[i], folder);
    rmdir(folder);
    struct private_fields fields;
    uint8_t public[PUBLIC_OCTETS_MAX];
    size_t len;
    const char *why;
    const struct algorithm *algorithm = algorithm_named("ECDSAP256SHA256");
    pair_generate(algorithm, &fields, public, &len);
    struct pair *pair = pair_new(algorithm, &fields, public, len, &why);
    printf("ECDSAP256SHA256 alone: %.0f/s; NSEC3 hashes: %.0f/s\n", sign_bare(pair), hash_all());
    pair_free(pair);
    return 0;
}
