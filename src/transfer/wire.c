#include "transfer/wire.h"

#include "base/clock.h"
#include "base/cursor.h"
#include "platform/sockaddr.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 200 /* at the stop flag */, ALPN_LEN = 4 };

static bool out_of_time(struct wire *wire, struct error *err)
{
    return error_set(err, atomic_load(wire->stop) ? "stopped" : "it took longer than the timeout allows");
}

/* Until the descriptor is ready, the time is up or somebody says stop. */
static bool wait_for(struct wire *wire, short events, struct error *err)
{
    for (;;) {
        const uint64_t now_ms = clock_ms();
        if (now_ms >= wire->end_ms || atomic_load(wire->stop))
            return out_of_time(wire, err);
        const uint64_t left_ms = wire->end_ms - now_ms;
        struct pollfd at = {.fd = wire->fd, .events = events};
        const int ready = poll(&at, 1, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return error_set(err, "poll: %s", strerror(errno));
    }
}

static bool wait_connected(struct wire *wire, struct error *err)
{
    int why = 0;
    socklen_t len = sizeof why;
    if (!wait_for(wire, POLLOUT, err))
        return false;
    getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    return why == 0 || error_set(err, "%s", strerror(why));
}

static bool tls_failed(struct wire *wire, const char *doing, struct error *err)
{
    const long verdict = wire->tls ? SSL_get_verify_result(wire->tls) : X509_V_OK;
    char text[256] = "the connection was closed";
    const unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    if (verdict != X509_V_OK)
        return error_set(err, "%s: certificate: %s", doing, X509_verify_cert_error_string(verdict));
    return error_set(err, "%s: %s", doing, text);
}

/* Whether the call is to be made again, after the wait that it needs. */
static bool tls_again(struct wire *wire, int result, const char *doing, struct error *err)
{
    switch (SSL_get_error(wire->tls, result)) {
    case SSL_ERROR_WANT_READ: return wait_for(wire, POLLIN, err);
    case SSL_ERROR_WANT_WRITE: return wait_for(wire, POLLOUT, err);
    default: return tls_failed(wire, doing, err);
    }
}

/* RFC 9103 7 and 8: TLS 1.3, ALPN "dot". A primary that chooses no protocol is taken all the same: NSD 4.6 never does. Without a name nobody's certificate is looked at, which the configuration warns of. */
static bool prepare_tls(struct wire *wire, const struct primary_config *primary, struct error *err)
{
    static const uint8_t alpn[ALPN_LEN] = {3, 'd', 'o', 't'};
    SSL_CTX *context = wire->tls_context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION))
        return tls_failed(wire, "TLS", err);
    if (primary->tls_name) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        if (primary->tls_ca ? !SSL_CTX_load_verify_locations(context, primary->tls_ca, NULL) : !SSL_CTX_set_default_verify_paths(context)) {
            ERR_clear_error();
            return error_set(err, "no authorities can be read from %s", primary->tls_ca ? primary->tls_ca : "the system's files");
        }
    }
    SSL *tls = wire->tls = SSL_new(context);
    const bool named =
        !primary->tls_name || (tls && SSL_set1_host(tls, primary->tls_name) && SSL_set_tlsext_host_name(tls, primary->tls_name));
    if (!tls || !named || SSL_set_alpn_protos(tls, alpn, sizeof alpn) != 0 || !SSL_set_fd(tls, wire->fd))
        return tls_failed(wire, "TLS", err);
    return true;
}

static bool shake_hands(struct wire *wire, struct error *err)
{
    for (int result; (result = SSL_connect(wire->tls)) != 1;)
        if (!tls_again(wire, result, "TLS handshake", err))
            return false;
    return true;
}

bool wire_open(struct wire *wire, const struct primary_config *primary, const struct addr *source, const _Atomic bool *stop,
               struct error *err)
{
    *wire = (struct wire){.end_ms = clock_ms() + primary->timeout_s * 1000ull, .stop = stop};
    wire->fd =
        socket_connect_from(SOCK_STREAM, source && source->family == primary->address.addr.family ? source : NULL, &primary->address);
    if (wire->fd < 0)
        return error_set(err, "%s", strerror(errno));
    return wait_connected(wire, err) && (!primary->tls || (prepare_tls(wire, primary, err) && shake_hands(wire, err)));
}

void wire_close(struct wire *wire)
{
    if (wire->tls)
        SSL_shutdown(wire->tls);
    SSL_free(wire->tls);
    SSL_CTX_free(wire->tls_context);
    ERR_clear_error();
    if (wire->fd >= 0)
        close(wire->fd);
}

/* Some octets; 0 with err when there are none to come. */
static size_t send_some(struct wire *wire, const uint8_t *octets, size_t len, struct error *err)
{
    for (;;) {
        const ssize_t sent = wire->tls ? SSL_write(wire->tls, octets, (int)len) : send(wire->fd, octets, len, MSG_NOSIGNAL);
        if (sent > 0)
            return (size_t)sent;
        if (wire->tls ? tls_again(wire, (int)sent, "TLS", err) : (errno == EAGAIN || errno == EINTR) && wait_for(wire, POLLOUT, err))
            continue;
        if (!wire->tls && errno != EAGAIN && errno != EINTR)
            error_set(err, "%s", strerror(errno));
        return 0;
    }
}

static size_t receive_some(struct wire *wire, uint8_t *octets, size_t len, struct error *err)
{
    for (;;) {
        const ssize_t got = wire->tls ? SSL_read(wire->tls, octets, (int)len) : recv(wire->fd, octets, len, 0);
        if (got > 0)
            return (size_t)got;
        if (!wire->tls && got == 0) {
            error_set(err, "the primary has closed the connection");
            return 0;
        }
        const int why = errno;
        if (wire->tls ? !tls_again(wire, (int)got, "TLS", err) : why != EAGAIN && why != EINTR) {
            if (!wire->tls)
                error_set(err, "%s", strerror(why));
            return 0;
        }
        if (!wire->tls && !wait_for(wire, POLLIN, err))
            return 0;
    }
}

bool wire_send(struct wire *wire, const uint8_t *octets, size_t len, struct error *err)
{
    for (size_t sent = 0, now; sent < len; sent += now)
        if ((now = send_some(wire, octets + sent, len - sent, err)) == 0)
            return false;
    return true;
}

/* A slow trickle must not hold it for ever, nor a busy one go past its time. */
static bool receive_all(struct wire *wire, uint8_t *octets, size_t len, struct error *err)
{
    for (size_t got = 0, now; got < len; got += now) {
        if (clock_ms() >= wire->end_ms || atomic_load(wire->stop))
            return out_of_time(wire, err);
        if ((now = receive_some(wire, octets + got, len - got, err)) == 0)
            return false;
    }
    return true;
}

bool wire_receive(struct wire *wire, uint8_t *message, size_t *ret_len, struct error *err)
{
    uint8_t length[2];
    if (!receive_all(wire, length, sizeof length, err))
        return false;
    *ret_len = get_u16(length);
    return receive_all(wire, message, *ret_len, err);
}
