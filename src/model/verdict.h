/* What we believe of something that is probed, and why. Plain values. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_UNKNOWN, /* not probed yet, or the probing itself has stopped */
    VERDICT_UP,
    VERDICT_DRAINING, /* alive, but asks for no new calls (SIP 503) */
    VERDICT_DOWN,
};

/* Every probe ends with exactly one of these; each back end maps its own world onto them. */
enum reason {
    REASON_NONE,        /* nothing has been probed */
    REASON_ANSWERED,    /* an answer that counts as alive */
    REASON_BUSY,        /* 503: draining */
    REASON_BAD_STATUS,  /* a well-formed answer whose status does not count as alive */
    REASON_BAD_ANSWER,  /* an answer that is malformed */
    REASON_TIMEOUT,     /* nothing in time */
    REASON_REFUSED,     /* the host says that nobody listens (ICMP port unreachable, TCP reset) */
    REASON_UNREACHABLE, /* no way to the host (network or host unreachable) */
    REASON_CLOSED,      /* the connection ended before the answer */
    REASON_TLS,         /* TLS could not be agreed on, or was broken */
    REASON_CERTIFICATE, /* the peer's certificate is not sound, or not for the domain */
    REASON_LOCAL,       /* we could not send: our own sockets, memory or routes */
    REASON_NOT_PROBED,  /* there is no probe: always up */
    REASON_SAVED,       /* the verdict is the saved one from before the restart */
    REASON_STOPPED,     /* the probe engine has stopped */
    REASON_REPORTED,    /* the endpoint itself, or a command about it, says so */
    REASON_EXPIRED,     /* no report in time */
    REASON_NO_MATCH,    /* an answer without what was to be found in it */
    REASON_BEHIND,      /* the probe engine is behind: the last result is too old */
    REASON_COUNT
};

/* The ways a caller can reach an endpoint; a probe speaks for one of them. */
enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_WS, TRANSPORT_WSS, TRANSPORT_COUNT };

/* "up", "down" ...; "answered", "timeout" ...; "udp" ... Never NULL for values of the enum. */
const char *verdict_text(enum verdict verdict);
const char *reason_text(enum reason reason);
const char *transport_text(enum transport transport);

/* The value whose text this is; false when there is none. */
bool verdict_from_text(const char *text, enum verdict *ret_verdict);
