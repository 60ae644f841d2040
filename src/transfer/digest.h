/* HMAC (RFC 2104) over what TSIG signs, by OpenSSL. For transfer/ only. Thread: the owner's; digest_end() or digest_drop() frees. */
#pragma once

#include "model/transfer_config.h"

#include <stddef.h>
#include <stdint.h>

struct digest;

struct digest *digest_begin(const struct tsig_key *key);
void digest_add(struct digest *digest, const void *octets, size_t len);
void digest_add_u16(struct digest *digest, uint16_t value);
/* Writes the MAC (out: TSIG_MAC_MAX octets) and returns its length. */
size_t digest_end(struct digest *digest, uint8_t *out);
/* NULL is allowed. */
void digest_drop(struct digest *digest);

/* Octets of a MAC. */
size_t digest_len(enum tsig_algorithm algorithm);
