/* The texts that keys and hashes are written in: base64 (RFC 4648 4), base32 with extended hex alphabet (7), hexadecimal.
 * Thread: any (values). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BASE32_HASH = 32 }; /* letters of a hash of 20 octets */

/* len letters at text, blanks among them left out. False when they are no base64 with its padding, or more than room octets. */
bool base64_read(const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len);
/* To be freed. */
char *base64_text(const uint8_t *octets, size_t len);
/* Small letters, without a final NUL. */
void base32_hash(const uint8_t hash[20], uint8_t ret[BASE32_HASH]);
/* Capitals; to be freed. */
char *hex_text(const uint8_t *octets, size_t len);
