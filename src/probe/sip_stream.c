/* SIP over connections. One stays open over probes. When a kept one turns out to be dead before the answer has begun, the probe goes on over
 * a new one: the peer may close an idle connection whenever it likes (RFC 3261 18). */
#include "base/memory.h"
#include "probe/outcome.h"
#include "probe/sip_exchange.h"
#include "probe/sip_framer.h"
#include "probe/stream.h"

#include <stdlib.h>

enum { READS_MAX = 64 };

struct sip_stream {
    struct stream stream;
    bool kept;  /* the running probe found it open */
    bool heard; /* some of an answer has come */
    struct sip_exchange exchange;
    struct sip_framer framer;
};

static void link_close(struct sip_stream *link)
{
    stream_close(&link->stream);
    sip_framer_clear(&link->framer);
}

static void link_open(struct task *task)
{
    struct sip_stream *link = task->link;
    link->kept = false;
    sip_framer_clear(&link->framer);
    if (!stream_open(&link->stream))
        probe_end(task, link->stream.failure);
}

/* The connection is of no more use. */
static void link_broken(struct task *task, struct observation failure)
{
    struct sip_stream *link = task->link;
    link_close(link);
    if (!task->running)
        return;
    if (link->kept && !link->heard && failure.reason != REASON_BAD_ANSWER && failure.reason != REASON_TIMEOUT)
        link_open(task);
    else
        probe_end(task, failure);
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

/* One read; false when there is nothing more to read. */
static bool link_read(struct task *task)
{
    struct sip_stream *link = task->link;
    size_t room;
    char *to = sip_framer_room(&link->framer, &room);
    const ssize_t got = stream_read(&link->stream, to, room);
    if (got < 0)
        link_broken(task, link->stream.failure);
    if (got <= 0)
        return false;
    sip_framer_add(&link->framer, (size_t)got);
    link_messages(task);
    return link->stream.ready;
}

static void link_readable(struct task *task)
{
    link_read(task);
}

static void link_ready(struct task *task)
{
    struct sip_stream *link = task->link;
    char request[SIP_REQUEST_MAX];
    link->exchange.local = link->stream.local;
    link->exchange.certificate_end_s = link->stream.tls.certificate_end_s;
    link->exchange.sent_us = engine_now_us(task->engine);
    const size_t len = sip_exchange_write(&link->exchange, task, request);
    if (len == 0)
        link_broken(task, observation_failed(REASON_LOCAL));
    else if (!stream_write(&link->stream, request, len))
        link_broken(task, link->stream.failure);
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
        link_ready(task);
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
    const bool partial = sip_framer_partial(&link->framer);
    const struct observation late = stream_timeout(&link->stream);
    link_close(link);
    probe_end(task, partial ? observation_failed_as(REASON_BAD_ANSWER, "not whole in time") : late);
}

static void link_cancel(struct task *task)
{
    link_close(task->link);
}

static void link_attach(struct task *task)
{
    struct sip_stream *link = mem_new(1, sizeof *link);
    stream_init(&link->stream, task, &link_user);
    task->link = link;
}

static void link_detach(struct task *task)
{
    struct sip_stream *link = task->link;
    link_close(link);
    sip_framer_release(&link->framer);
    free(link);
    task->link = NULL;
}

const struct probe_backend sip_stream_backend = {link_attach, link_start, link_wake, link_expire, link_cancel, link_detach};
