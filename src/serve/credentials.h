/* What a server of TLS shows: a certificate with its chain, its key, and how it speaks TLS. Never changed once it is made; connections hold it
 * by OpenSSL's own count, so that another may take its place at any moment.
 * Thread: loaded in any, handed over whole with server_set_credentials(). */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { CREDENTIALS_AGE_S = 12 * 3600 /* then they are loaded anew: session tickets get another key */ };

struct credentials;

/* What is spoken over TLS: DNS (RFC 7858), or HTTP/1.1 (RFC 7301). */
enum credentials_use { CREDENTIALS_DNS, CREDENTIALS_HTTP };

/* Reads two PEM files: the certificate followed by those above it, and its key without a pass phrase. False result = NULL with the file and the
 * reason. */
struct credentials *credentials_load(const char *certificate, const char *key, enum credentials_use use, struct error *err);
void credentials_free(struct credentials *credentials);

/* When the first certificate of the chain ends, in seconds since 1970. */
int64_t credentials_end_s(const struct credentials *credentials);
