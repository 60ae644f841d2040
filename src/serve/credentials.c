#include "serve/credentials.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "serve/tls.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

struct credentials {
    SSL_CTX *context;
    int64_t end_s;
};

/* RFC 7858 3.1 with RFC 9325 4.2: with TLS 1.2 only what keeps past sessions secret and is authenticated as a whole. */
static const char tls12_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static const unsigned char dns_protocol[] = "\3dot", http_protocol[] = "\10http/1.1"; /* RFC 7858, RFC 7301 */

/* Nobody need offer a protocol; who does must offer the one that is spoken. */
static int choose_protocol(SSL *tls, const unsigned char **ret_chosen, unsigned char *ret_len, const unsigned char *offered, unsigned len,
                           void *context)
{
    const unsigned char *ours = context;
    unsigned char *chosen = NULL;
    (void)tls;
    if (SSL_select_next_proto(&chosen, ret_len, ours, ours[0] + 1u, offered, len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_chosen = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A daemon has nobody to ask. */
static int no_pass_phrase(char *out, int room, int writing, void *context)
{
    (void)out;
    (void)room;
    (void)writing;
    (void)context;
    return -1;
}

static SSL_CTX *new_context(enum credentials_use use)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, tls12_ciphers) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);            /* key updates without end would keep one read, and the loop, busy */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, (void *)(use == CREDENTIALS_DNS ? dns_protocol : http_protocol));
    return context;
}

/* The reason that OpenSSL gave last. */
static bool refuse(const char *path, struct error *err)
{
    const unsigned long why = ERR_peek_last_error(), first = ERR_peek_error();
    const char *text = ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(why);
    error_set(err, "%s: %s", path, text ? text : "cannot be used");
    ERR_clear_error();
    return false;
}

static bool load(SSL_CTX *context, const char *certificate, const char *key, struct error *err)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(certificate, err);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)
        return refuse(key, err);
    return true;
}

static int64_t end_of(const X509 *certificate)
{
    struct tm end;
    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? (int64_t)timegm(&end) : 0;
}

static int64_t chain_end(SSL_CTX *context)
{
    STACK_OF(X509) *above = NULL;
    int64_t end_s = end_of(SSL_CTX_get0_certificate(context));
    SSL_CTX_get0_chain_certs(context, &above);
    for (int i = 0; i < sk_X509_num(above); i++) {
        const int64_t this_s = end_of(sk_X509_value(above, i));
        end_s = this_s < end_s ? this_s : end_s;
    }
    return end_s;
}

struct credentials *credentials_load(const char *certificate, const char *key, enum credentials_use use, struct error *err)
{
    SSL_CTX *context = new_context(use);
    invariant(context != NULL);
    if (!load(context, certificate, key, err)) {
        SSL_CTX_free(context);
        return NULL;
    }
    struct credentials *credentials = mem_new(1, sizeof *credentials);
    *credentials = (struct credentials){.context = context, .end_s = chain_end(context)};
    return credentials;
}

void credentials_free(struct credentials *credentials)
{
    if (credentials)
        SSL_CTX_free(credentials->context);
    free(credentials);
}

int64_t credentials_end_s(const struct credentials *credentials)
{
    return credentials->end_s;
}

SSL *credentials_session(const struct credentials *credentials)
{
    return SSL_new(credentials->context);
}
