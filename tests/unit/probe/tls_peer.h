/* Certificates made for a test, and a scripted peer on loopback that shows them: one connection after the other. */
#pragma once

#include "peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

enum { DAY_S = 86400 };

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
    char folder[64], path[128]; /* its certificate as a file */
};

static inline void add_extension(X509 *to, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, to, to, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
}

/* names: "DNS:a, URI:sip:b" or NULL for none. by: NULL for one that signs itself. */
static inline X509 *certificate_new(EVP_PKEY *key, const struct authority *by, const char *common, const char *names, long from_s,
                                    long to_s)
{
    static long serial = 1;
    X509 *made = X509_new();
    X509_NAME *subject = X509_get_subject_name(made);
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made), to_s);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
    X509_set_issuer_name(made, by ? X509_get_subject_name(by->certificate) : subject);
    if (names)
        add_extension(made, NID_subject_alt_name, names);
    if (!by)
        add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(made, by ? by->key : key, EVP_sha256());
    return made;
}

static inline struct authority *authority_new(void)
{
    struct authority *made = calloc(1, sizeof *made);
    strcpy(made->folder, "/tmp/probe-tls-XXXXXX");
    if (!mkdtemp(made->folder))
        abort();
    snprintf(made->path, sizeof made->path, "%s/ca.pem", made->folder);
    made->key = EVP_EC_gen("P-256");
    made->certificate = certificate_new(made->key, NULL, "The tests' own", NULL, -DAY_S, 365 * DAY_S);
    FILE *file = fopen(made->path, "w");
    PEM_write_X509(file, made->certificate);
    fclose(file);
    return made;
}

static inline void authority_free(struct authority *authority)
{
    unlink(authority->path);
    rmdir(authority->folder);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

/* A server's context with a certificate of these names. */
static inline SSL_CTX *shown(const struct authority *by, const char *common, const char *names, long from_s, long to_s)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certificate_new(key, by, common, names, from_s, to_s);
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

struct tls_call;
typedef bool (*tls_script_fn)(struct tls_call *call); /* false: close the connection */

struct tls_peer {
    struct hostport at;
    int listener;
    _Atomic int fd;
    pthread_t thread;
    _Atomic(SSL_CTX *) context;
    tls_script_fn script;
    bool (*greet)(int fd); /* instead of TLS, if not NULL */
    atomic_bool stop;
    atomic_uint accepted, shaken, requests;
    char sni[128]; /* of the last handshake; read it after tls_peer_stop() only */
    char first[PEER_TEXT];
};

struct tls_call {
    struct tls_peer *peer;
    SSL *ssl;
    unsigned number;
    const char *request;
    size_t len;
};

static inline bool tls_answer(struct tls_call *call, const char *status)
{
    char text[PEER_TEXT];
    answer_text(call->request, status, "", text);
    return SSL_write(call->ssl, text, (int)strlen(text)) > 0;
}

static inline void tls_talk(struct tls_peer *peer, SSL *ssl)
{
    char text[PEER_TEXT];
    int got;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(peer->sni, sizeof peer->sni, "%s", name ? name : "");
    atomic_fetch_add(&peer->shaken, 1);
    while ((got = SSL_read(ssl, text, sizeof text - 1)) > 0) {
        text[got] = '\0';
        struct tls_call call = {peer, ssl, atomic_fetch_add(&peer->requests, 1) + 1, text, (size_t)got};
        if (call.number == 1)
            memcpy(peer->first, text, (size_t)got + 1);
        if (!peer->script(&call))
            break;
    }
}

static inline void *tls_peer_run(void *context)
{
    struct tls_peer *peer = context;
    int fd;
    while ((fd = accept(peer->listener, NULL, NULL)) >= 0) {
        atomic_store(&peer->fd, fd);
        atomic_fetch_add(&peer->accepted, 1);
        if (!peer->greet || peer->greet(fd)) {
            SSL *ssl = SSL_new(atomic_load(&peer->context));
            SSL_set_fd(ssl, fd);
            if (!atomic_load(&peer->stop) && SSL_accept(ssl) == 1)
                tls_talk(peer, ssl);
            SSL_free(ssl);
            ERR_clear_error();
        }
        atomic_store(&peer->fd, -1);
        close(fd);
    }
    return NULL;
}

static inline struct tls_peer *tls_peer_start(SSL_CTX *context, tls_script_fn script, bool (*greet)(int fd))
{
    struct tls_peer *peer = calloc(1, sizeof *peer);
    struct peer bound = {.at = {.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}}};
    signal(SIGPIPE, SIG_IGN);
    peer->listener = peer_bind(&bound, SOCK_STREAM);
    peer->at = bound.at;
    peer->script = script;
    peer->greet = greet;
    peer->fd = -1;
    peer->context = context;
    if (peer->listener < 0 || pthread_create(&peer->thread, NULL, tls_peer_run, peer) != 0)
        abort();
    return peer;
}

/* Frees the context it shows last. */
static inline void tls_peer_stop(struct tls_peer *peer)
{
    atomic_store(&peer->stop, true);
    shutdown(peer->listener, SHUT_RDWR); /* accept() then fails */
    const int fd = atomic_load(&peer->fd);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    SSL_CTX_free(peer->context);
}
