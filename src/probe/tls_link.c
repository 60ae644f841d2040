#include "probe/tls_link.h"

#include "probe/certificate_names.h"
#include "probe/outcome.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t end_of(const X509 *certificate)
{
    struct tm end;
    return certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? (int64_t)timegm(&end) : 0;
}

/* "2027-01-02" */
static const char *date_of(const ASN1_TIME *time, char out[16])
{
    struct tm at;
    if (ASN1_TIME_to_tm(time, &at) != 1 || strftime(out, 16, "%Y-%m-%d", &at) == 0)
        snprintf(out, 16, "?");
    return out;
}

static struct observation refused_chain(X509_STORE_CTX *store)
{
    const int error = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);
    const X509 *at = X509_STORE_CTX_get_current_cert(store);
    const char *whose = depth == 0 ? "certificate" : "certificate of its issuer";
    char date[16];
    if (at && error == X509_V_ERR_CERT_HAS_EXPIRED)
        return observation_failed_as(REASON_CERTIFICATE, "%s ended on %s", whose, date_of(X509_get0_notAfter(at), date));
    if (at && error == X509_V_ERR_CERT_NOT_YET_VALID)
        return observation_failed_as(REASON_CERTIFICATE, "%s begins on %s", whose, date_of(X509_get0_notBefore(at), date));
    return observation_failed_as(REASON_CERTIFICATE, "%s: %s", whose, X509_verify_cert_error_string(error));
}

/* Called for each step of the chain; keeps what is wrong first, and the end of the peer's own certificate even if the handshake stops here. */
static int on_verify(int sound, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_link *link = SSL_get_app_data(ssl);
    link->certificate_end_s = end_of(X509_STORE_CTX_get0_cert(store));
    if (!sound && link->verify && link->failure.reason == REASON_NONE)
        link->failure = refused_chain(store);
    return sound || !link->verify;
}

void tls_link_prepare(SSL_CTX *context, bool verify)
{
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, on_verify);
}

bool tls_link_open(struct tls_link *link, struct tls_client *client, int fd, const char *domain, enum name_rules rules, bool verify)
{
    *link = (struct tls_link){.rules = rules, .verify = verify, .ssl = SSL_new(tls_client_context(client))};
    snprintf(link->domain, sizeof link->domain, "%s", domain);
    const size_t len = strlen(link->domain);
    if (len && link->domain[len - 1] == '.')
        link->domain[len - 1] = '\0';
    if (link->ssl == NULL || SSL_set_fd(link->ssl, fd) != 1 || SSL_set_tlsext_host_name(link->ssl, link->domain) != 1) {
        tls_link_close(link);
        return false;
    }
    SSL_set_app_data(link->ssl, link);
    SSL_set_connect_state(link->ssl);
    return true;
}

void tls_link_close(struct tls_link *link)
{
    SSL_free(link->ssl);
    link->ssl = NULL;
    ERR_clear_error();
}

static enum tls_step failed(struct tls_link *link, struct observation failure)
{
    failure.certificate_end_s = link->certificate_end_s;
    link->failure = failure;
    return TLS_FAILED;
}

/* What a call that did not succeed has to say. */
static enum tls_step step_of(struct tls_link *link, int result)
{
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ: return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL: ERR_clear_error(); return TLS_CLOSED;
    }
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    if (link->failure.reason == REASON_CERTIFICATE)
        return failed(link, link->failure);
    return failed(link, observation_failed_as(REASON_TLS, "%s", why ? why : "TLS failed"));
}

static enum tls_step check_name(struct tls_link *link)
{
    X509 *certificate = SSL_get0_peer_certificate(link->ssl);
    link->certificate_end_s = end_of(certificate);
    if (!link->verify)
        return TLS_DONE;
    if (certificate && certificate_is_for(certificate, link->domain, link->rules))
        return TLS_DONE;
    char names[DETAIL_TEXT];
    certificate_names(certificate, names, sizeof names);
    return failed(link, observation_failed_as(REASON_CERTIFICATE, "not for %s but for %s", link->domain, names));
}

enum tls_step tls_link_shake(struct tls_link *link)
{
    ERR_clear_error();
    const int result = SSL_do_handshake(link->ssl);
    return result == 1 ? check_name(link) : step_of(link, result);
}

enum tls_step tls_link_read(struct tls_link *link, void *to, size_t room, size_t *ret_got)
{
    ERR_clear_error();
    const int result = SSL_read_ex(link->ssl, to, room, ret_got);
    return result == 1 ? TLS_DONE : step_of(link, result);
}

enum tls_step tls_link_write(struct tls_link *link, const void *from, size_t len)
{
    size_t sent;
    ERR_clear_error();
    const int result = SSL_write_ex(link->ssl, from, len, &sent);
    return result == 1 ? TLS_DONE : step_of(link, result);
}

bool tls_link_pending(const struct tls_link *link)
{
    return link->ssl && SSL_pending(link->ssl) > 0;
}
