/* SIP over connections: TCP, TLS, and WebSocket over either (RFC 7118). One stays open over probes. When a kept one turns out to be dead before
 * the answer has begun, the probe goes on over a new one: the peer may close an idle connection whenever it likes (RFC 3261 18). */
#include "base/memory.h"
#include "probe/outcome.h"
#include "probe/sip_exchange.h"
#include "probe/sip_framer.h"
#include "probe/stream.h"
#include "probe/websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { READS_MAX = 64, CLOSE_PROTOCOL_ERROR = 1002, HTTP_PORT = 80, HTTPS_PORT = 443, STATUS_BUSY = 503 };

struct sip_stream {
    struct stream stream;
    bool kept;  /* the running probe found it open */
    bool heard; /* some of an answer has come */
    struct sip_exchange exchange;
    struct sip_framer framer;
    struct websocket *ws; /* between the stream and SIP; NULL: SIP is cut out of the stream by the framer */
};

static void link_close(struct sip_stream *link)
{
    stream_close(&link->stream);
    sip_framer_clear(&link->framer);
    if (link->ws)
        link->ws->upgraded = false;
}

static void link_open(struct task *task)
{
    struct sip_stream *link = task->link;
    link->kept = false;
    link_close(link);
    if (!stream_open(&link->stream))
        probe_end(task, link->stream.failure);
}

/* The connection is of no more use. */
static void link_broken(struct task *task, struct observation failure)
{
    struct sip_stream *link = task->link;
    failure.certificate_end_s = link->stream.tls.certificate_end_s;
    link_close(link);
    if (!task->running)
        return;
    if (link->kept && !link->heard && failure.reason != REASON_BAD_ANSWER && failure.reason != REASON_TIMEOUT)
        link_open(task);
    else
        probe_end(task, failure);
}

/* One frame; false: it cannot be sent, link->stream.failure says why. */
static bool send_frame(struct sip_stream *link, enum ws_opcode opcode, const void *payload, size_t len)
{
    uint8_t frame[WS_HEAD_MAX + SIP_REQUEST_MAX], mask[4];
    const bool random = getrandom(mask, sizeof mask, 0) == sizeof mask;
    const size_t size = random ? websocket_frame(opcode, payload, len, mask, frame, sizeof frame) : 0;
    link->stream.failure = observation_failed(REASON_LOCAL);
    return size && stream_write(&link->stream, frame, size);
}

static void send_request(struct task *task)
{
    struct sip_stream *link = task->link;
    char request[SIP_REQUEST_MAX];
    link->exchange.local = link->stream.local;
    link->exchange.certificate_end_s = link->stream.tls.certificate_end_s;
    link->exchange.sent_us = engine_now_us(task->engine);
    const size_t len = sip_exchange_write(&link->exchange, task, request);
    if (len == 0)
        link_broken(task, observation_failed(REASON_LOCAL));
    else if (link->ws ? !send_frame(link, WS_OP_TEXT, request, len) : !stream_write(&link->stream, request, len))
        link_broken(task, link->stream.failure);
}

/* "sip.example.com", with the port unless it is the scheme's own (RFC 6455 4.1). */
static void host_text(const struct check *check, char *out, size_t room)
{
    const size_t len = strlen(check->domain);
    const int name = (int)(len && check->domain[len - 1] == '.' ? len - 1 : len);
    const unsigned port = check->target.port, own = check->tls ? HTTPS_PORT : HTTP_PORT;
    if (port == own)
        snprintf(out, room, "%.*s", name, check->domain);
    else
        snprintf(out, room, "%.*s:%u", name, check->domain, port);
}

static void send_upgrade(struct task *task)
{
    struct sip_stream *link = task->link;
    const struct probe *probe = &task->check.probe;
    char host[300], request[WS_UPGRADE_MAX];
    uint8_t random[16];
    size_t len = 0;
    host_text(&task->check, host, sizeof host);
    if (getrandom(random, sizeof random, 0) == sizeof random) {
        websocket_begin(link->ws, random);
        len = websocket_upgrade(link->ws, host, probe->path, probe->origin, request, sizeof request);
    }
    if (len == 0)
        link_broken(task, observation_failed(REASON_LOCAL));
    else if (!stream_write(&link->stream, request, len))
        link_broken(task, link->stream.failure);
}

static void link_messages(struct task *task)
{
    struct sip_stream *link = task->link;
    struct sip_message message;
    enum sip_kind kind;
    while ((kind = sip_framer_next(&link->framer, &message)) != SIP_INCOMPLETE) {
        if (kind == SIP_BAD) {
            link_broken(task, observation_failed(REASON_BAD_ANSWER));
            return;
        }
        link->heard = true;
        if (kind == SIP_RESPONSE && task->running)
            sip_exchange_hear(&link->exchange, task, &message);
    }
    link->heard = link->heard || sip_framer_partial(&link->framer);
}

/* An upgrade refused with 503 is the same as an OPTIONS refused with it. */
static struct observation upgrade_refused(const struct websocket *ws)
{
    struct observation seen = observation_failed_as(REASON_BAD_STATUS, "%s", ws->detail);
    seen.status = (uint16_t)ws->status;
    if (ws->status == STATUS_BUSY) {
        seen.outcome = OUTCOME_BUSY;
        seen.reason = REASON_BUSY;
        seen.retry_after_s = ws->retry_after_s;
    }
    return seen;
}

/* RFC 6455 5.5.1: a close is answered with a close; the code says why. */
static void closed_by_peer(struct task *task, const uint8_t *octets, size_t len)
{
    struct sip_stream *link = task->link;
    const unsigned code = len >= 2 ? (unsigned)(octets[0] << 8 | octets[1]) : 0;
    send_frame(link, WS_OP_CLOSE, octets, len < 2 ? 0 : 2);
    if (code)
        link_broken(task, observation_failed_as(REASON_CLOSED, "WebSocket closed with %u", code));
    else
        link_broken(task, observation_failed_as(REASON_CLOSED, "WebSocket closed"));
}

static void speaks_badly(struct task *task)
{
    struct sip_stream *link = task->link;
    static const uint8_t code[] = {CLOSE_PROTOCOL_ERROR >> 8, CLOSE_PROTOCOL_ERROR & 0xff};
    if (link->ws->upgraded)
        send_frame(link, WS_OP_CLOSE, code, sizeof code);
    link_broken(task, observation_failed_as(REASON_BAD_ANSWER, "%s", link->ws->detail));
}

/* One WebSocket message is one SIP message (RFC 7118 5.2), or line ends that keep the connection alive. False: the connection is broken. */
static bool take_message(struct task *task, const char *text, size_t len)
{
    struct sip_stream *link = task->link;
    struct sip_message message;
    size_t ends = 0;
    while (ends < len && (text[ends] == '\r' || text[ends] == '\n'))
        ends++;
    if (ends == len)
        return true;
    link->heard = true;
    const enum sip_kind kind = sip_datagram_read(text, len, &message);
    if (kind == SIP_RESPONSE && task->running)
        sip_exchange_hear(&link->exchange, task, &message);
    if (kind == SIP_BAD)
        link_broken(task, observation_failed_as(REASON_BAD_ANSWER, "a message that is no SIP"));
    return kind != SIP_BAD;
}

/* False: the connection is broken, or there is nothing more. */
static bool take_frame(struct task *task)
{
    struct sip_stream *link = task->link;
    const uint8_t *octets = NULL;
    size_t len = 0;
    switch (websocket_next(link->ws, &octets, &len)) {
    case WS_INCOMPLETE: return false;
    case WS_UPGRADED: send_request(task); break;
    case WS_REFUSED: link_broken(task, upgrade_refused(link->ws)); return false;
    case WS_MESSAGE: return take_message(task, (const char *)octets, len);
    case WS_PING:
        if (!send_frame(link, WS_OP_PONG, octets, len))
            link_broken(task, link->stream.failure);
        break;
    case WS_PONG: break;
    case WS_CLOSE: closed_by_peer(task, octets, len); return false;
    case WS_BAD: speaks_badly(task); return false;
    }
    return link->stream.ready;
}

static void link_frames(struct task *task)
{
    struct sip_stream *link = task->link;
    while (take_frame(task))
        ;
    link->heard = link->heard || (link->ws->upgraded && websocket_partial(link->ws));
}

/* One read; false when there is nothing more to read. */
static bool link_read(struct task *task)
{
    struct sip_stream *link = task->link;
    size_t room;
    void *to = link->ws ? (void *)websocket_room(link->ws, &room) : (void *)sip_framer_room(&link->framer, &room);
    const ssize_t got = stream_read(&link->stream, to, room);
    if (got < 0)
        link_broken(task, link->stream.failure);
    if (got <= 0)
        return false;
    if (link->ws) {
        websocket_add(link->ws, (size_t)got);
        link_frames(task);
    } else {
        sip_framer_add(&link->framer, (size_t)got);
        link_messages(task);
    }
    return link->stream.ready;
}

static void link_readable(struct task *task)
{
    link_read(task);
}

static void link_ready(struct task *task)
{
    struct sip_stream *link = task->link;
    if (link->ws)
        send_upgrade(task);
    else
        send_request(task);
}

static void link_not_opened(struct task *task)
{
    struct sip_stream *link = task->link;
    link_broken(task, link->stream.failure);
}

static const struct stream_user link_user = {link_ready, link_readable, link_not_opened};

static void link_start(struct task *task)
{
    struct sip_stream *link = task->link;
    link->heard = false;
    if (!sip_exchange_begin(&link->exchange)) {
        sip_exchange_fail(task, REASON_LOCAL);
        return;
    }
    link->kept = stream_fresh(&link->stream);
    if (link->kept)
        send_request(task);
    else
        link_open(task);
}

static void link_wake(struct task *task)
{
    (void)task; /* TCP retransmits by itself: no wake was asked for */
}

static void link_expire(struct task *task)
{
    struct sip_stream *link = task->link;
    for (int i = 0; i < READS_MAX && task->running && link->stream.ready && link_read(task); i++)
        ;
    if (!task->running)
        return;
    const bool partial = link->ws ? websocket_partial(link->ws) : sip_framer_partial(&link->framer);
    const bool upgrading = link->ws && link->stream.ready && !link->ws->upgraded;
    struct observation late = stream_timeout(&link->stream);
    if (partial)
        late = observation_failed_as(REASON_BAD_ANSWER, "not whole in time");
    else if (upgrading)
        late = observation_failed_as(REASON_TIMEOUT, "during the WebSocket upgrade");
    late.certificate_end_s = link->stream.tls.certificate_end_s;
    link_close(link);
    probe_end(task, late);
}

static void link_cancel(struct task *task)
{
    link_close(task->link);
}

static void link_attach(struct task *task)
{
    struct sip_stream *link = mem_new(1, sizeof *link);
    const enum transport transport = task->check.probe.transport;
    stream_init(&link->stream, task, &link_user);
    if (transport == TRANSPORT_WS || transport == TRANSPORT_WSS)
        link->ws = mem_new(1, sizeof *link->ws);
    task->link = link;
}

static void link_detach(struct task *task)
{
    struct sip_stream *link = task->link;
    link_close(link);
    sip_framer_release(&link->framer);
    if (link->ws)
        websocket_release(link->ws);
    free(link->ws);
    free(link);
    task->link = NULL;
}

const struct probe_backend sip_stream_backend = {link_attach, link_start, link_wake, link_expire, link_cancel, link_detach};
