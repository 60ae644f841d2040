/* What one probe of the configuration needs for TLS, loaded from its files: whom it trusts, what it shows of us. Loading reads and parses files and
 * belongs to no loop; using it does neither. Thread: any (immutable, shared by reference count). */
#pragma once

#include "base/error.h"
#include "model/probe_config.h"

#include <openssl/types.h>

struct tls_client;

/* Whether a probe speaks TLS, and so needs one. */
bool tls_client_wanted(const struct probe *probe);
/* NULL: a file cannot be used; ret_key is the configuration's key that names it. */
struct tls_client *tls_client_load(const struct probe_tls *tls, const char **ret_key, struct error *err);
/* NULL is allowed. */
struct tls_client *tls_client_ref(struct tls_client *client);
void tls_client_unref(struct tls_client *client);

SSL_CTX *tls_client_context(const struct tls_client *client);
/* Of the files' octets and the settings: loaded anew, the same things have the same print. */
uint64_t tls_client_print(const struct tls_client *client);
