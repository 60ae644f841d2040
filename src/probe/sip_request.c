#include "probe/sip_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How each transport is called in a Via (RFC 3261 20.42, RFC 7118 5.1) and in a URI (RFC 3261 19.1.1). */
static const struct {
    const char *via, *uri;
} transports[TRANSPORT_COUNT] = {
    [TRANSPORT_UDP] = {"UDP", "udp"}, [TRANSPORT_TCP] = {"TCP", "tcp"}, [TRANSPORT_TLS] = {"TLS", "tls"},
    [TRANSPORT_WS] = {"WS", "ws"},    [TRANSPORT_WSS] = {"WSS", "ws"},
};

enum { HOST_TEXT = ADDR_TEXT + 2 };

/* An address as a URI's host: IPv6 in brackets (RFC 3261 25.1, IPv6reference). */
static const char *host_text(const struct addr *addr, char out[HOST_TEXT])
{
    char text[ADDR_TEXT];
    snprintf(out, HOST_TEXT, addr->family == FAMILY_V6 ? "[%s]" : "%s", addr_format(addr, text));
    return out;
}

static void branch_text(const struct sip_ids *ids, char out[SIP_BRANCH_TEXT])
{
    /* The magic cookie marks a branch that is unique by itself (RFC 3261 8.1.1.7). */
    snprintf(out, SIP_BRANCH_TEXT, "z9hG4bK%016llx", (unsigned long long)ids->branch);
}

static size_t print(char *out, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static size_t print(char *out, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(out, room, format, args);
    va_end(args);
    return len < 0 || (size_t)len >= room ? 0 : (size_t)len;
}

size_t sip_request_write(const struct sip_request *request, char *out, size_t room)
{
    char target[HOST_TEXT], local[HOST_TEXT], branch[SIP_BRANCH_TEXT];
    host_text(&request->target.addr, target);
    host_text(&request->local.addr, local);
    branch_text(&request->ids, branch);
    return print(out, room,
                 "OPTIONS sip:ping@%s:%u;transport=%s SIP/2.0\r\n"
                 "Via: SIP/2.0/%s %s:%u;branch=%s;rport\r\n"
                 "Max-Forwards: %u\r\n"
                 "From: <sip:prober@%s>;tag=%016llx\r\n"
                 "To: <sip:ping@%s:%u>\r\n"
                 "Call-ID: %016llx@%s\r\n"
                 "CSeq: %u OPTIONS\r\n"
                 "Contact: <sip:prober@%s:%u>\r\n"
                 "Accept: application/sdp\r\n"
                 "User-Agent: sipsteer/" SIPSTEER_VERSION "\r\n"
                 "Content-Length: 0\r\n"
                 "\r\n",
                 target, request->target.port, transports[request->transport].uri, transports[request->transport].via, local,
                 request->local.port, branch, request->max_forwards, request->from ? request->from : local,
                 (unsigned long long)request->ids.tag, target, request->target.port, (unsigned long long)request->ids.call, local,
                 (unsigned)SIP_CSEQ, local, request->local.port);
}

static bool span_is(struct sip_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

bool sip_message_answers(const struct sip_message *message, const struct sip_request *request)
{
    char branch[SIP_BRANCH_TEXT], tag[16 + 1], call[16 + 1 + HOST_TEXT], local[HOST_TEXT];
    if (message->vias != 1 || message->cseq != SIP_CSEQ || !span_is(message->method, "OPTIONS"))
        return false;
    branch_text(&request->ids, branch);
    snprintf(tag, sizeof tag, "%016llx", (unsigned long long)request->ids.tag);
    snprintf(call, sizeof call, "%016llx@%s", (unsigned long long)request->ids.call, host_text(&request->local.addr, local));
    return span_is(message->branch, branch) && span_is(message->from_tag, tag) && span_is(message->call_id, call);
}
