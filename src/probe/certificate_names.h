/* Whom a certificate is for. Pure. Thread: any. */
#pragma once

#include "probe/tls_link.h"

#include <openssl/types.h>
#include <stddef.h>

/* Whether the certificate is for this domain, by those rules (RFC 5922 7.1 and 7.2, or RFC 6125 6.4). The domain has no final dot. */
bool certificate_is_for(X509 *certificate, const char *domain, enum name_rules rules);

/* The names that it bears, parted by ", ", for people to read; cut to what fits. "nobody" if there is none, or no certificate. */
void certificate_names(X509 *certificate, char *out, size_t room);
