#include "probe/tls_client.h"

#include "base/hash.h"
#include "base/memory.h"
#include "probe/tls_link.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 16 << 20 }; /* a bundle of all authorities is a quarter of a megabyte */

struct tls_client {
    SSL_CTX *context;
    uint64_t print;
    _Atomic unsigned more_refs;
};

/* Where systems keep all authorities in one file. A folder of them would be read while a handshake waits. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

bool tls_client_wanted(const struct probe *probe)
{
    const bool over_tls = probe->transport == TRANSPORT_TLS || probe->transport == TRANSPORT_WSS;
    return probe->type == PROBE_TLS || (probe->type == PROBE_HTTP && probe->http.tls) || (probe->type == PROBE_SIP && over_tls);
}

/* A daemon has nobody to ask for a pass phrase. */
static int no_pass_phrase(char *out, int room, int writing, void *context)
{
    (void)out, (void)room, (void)writing, (void)context;
    return -1;
}

/* No session is ever resumed: each handshake is to see the certificate as it is now. */
static SSL_CTX *new_context(bool verify)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY); /* key updates without end would keep one read, and the loop, busy */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    tls_link_prepare(context, verify);
    return context;
}

/* The file's octets for the print; what they are worth is OpenSSL's question. */
static bool print_file(const char *path, uint64_t *print, struct error *err)
{
    char block[65536];
    size_t got, all = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, "%s: %s", path, strerror(errno));
    while ((got = fread(block, 1, sizeof block, file)) > 0 && (all += got) <= FILE_MAX)
        *print = hash_bytes(block, got, *print);
    const bool sound = !ferror(file) && all <= FILE_MAX;
    if (!sound)
        error_set(err, "%s: %s", path, all > FILE_MAX ? "too large" : strerror(errno));
    fclose(file);
    return sound;
}

/* The reason that OpenSSL gave last. */
static bool refuse(const char *path, struct error *err)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    error_set(err, "%s: %s", path, text ? text : "cannot be used");
    ERR_clear_error();
    return false;
}

static const char *system_bundle(void)
{
    const char *named = getenv(X509_get_default_cert_file_env());
    if (named)
        return named;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        FILE *file = fopen(bundles[i], "re");
        if (file) {
            fclose(file);
            return bundles[i];
        }
    }
    return NULL;
}

static bool load_authorities(struct tls_client *client, const struct probe_tls *tls, struct error *err)
{
    const char *path = tls->ca ? tls->ca : system_bundle();
    if (path == NULL)
        return error_set(err, "the system has no bundle of authorities: name one, or set tls_verify = false");
    return print_file(path, &client->print, err) && (SSL_CTX_load_verify_file(client->context, path) == 1 || refuse(path, err));
}

static bool load_own(struct tls_client *client, const struct probe_tls *tls, const char **ret_key, struct error *err)
{
    *ret_key = "tls_certificate";
    if (!print_file(tls->certificate, &client->print, err))
        return false;
    if (SSL_CTX_use_certificate_chain_file(client->context, tls->certificate) != 1)
        return refuse(tls->certificate, err);
    *ret_key = "tls_key";
    if (!print_file(tls->key, &client->print, err))
        return false;
    return (SSL_CTX_use_PrivateKey_file(client->context, tls->key, SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(client->context) == 1) ||
           refuse(tls->key, err);
}

struct tls_client *tls_client_load(const struct probe_tls *tls, const char **ret_key, struct error *err)
{
    struct tls_client *client = mem_new(1, sizeof *client);
    ERR_clear_error();
    *ret_key = "tls_ca";
    client->print = tls->verify;
    client->context = new_context(tls->verify);
    if (client->context == NULL) {
        refuse("TLS", err);
        goto fail;
    }
    if (tls->verify && !load_authorities(client, tls, err))
        goto fail;
    if (tls->certificate && !load_own(client, tls, ret_key, err))
        goto fail;
    return client;
fail:
    tls_client_unref(client);
    return NULL;
}

struct tls_client *tls_client_ref(struct tls_client *client)
{
    if (client)
        atomic_fetch_add_explicit(&client->more_refs, 1, memory_order_relaxed);
    return client;
}

void tls_client_unref(struct tls_client *client)
{
    if (client == NULL || atomic_fetch_sub_explicit(&client->more_refs, 1, memory_order_acq_rel) > 0)
        return;
    SSL_CTX_free(client->context);
    free(client);
}

SSL_CTX *tls_client_context(const struct tls_client *client)
{
    return client->context;
}

uint64_t tls_client_print(const struct tls_client *client)
{
    return client->print;
}
