/* Whether a connection can be made, TLS included where that is asked for. It is closed as soon as it stands: nothing is kept between probes. */
#include "base/memory.h"
#include "probe/outcome.h"
#include "probe/stream.h"

#include <stdlib.h>

struct connect {
    struct stream stream;
    uint64_t begun_us;
};

static void connect_ready(struct task *task)
{
    struct connect *connect = task->link;
    const uint64_t took_us = connect->stream.ready_us - connect->begun_us;
    stream_close(&connect->stream);
    probe_end(task, (struct observation){.outcome = OUTCOME_ALIVE,
                                         .reason = REASON_ANSWERED,
                                         .rtt_us = (uint32_t)took_us + !took_us, /* 0 says that there was no answer */
                                         .certificate_end_s = connect->stream.tls.certificate_end_s});
}

static void connect_readable(struct task *task)
{
    (void)task; /* it is closed before anything is read */
}

static void connect_broken(struct task *task)
{
    struct connect *connect = task->link;
    probe_end(task, connect->stream.failure);
}

static const struct stream_user connect_user = {connect_ready, connect_readable, connect_broken};

static void connect_start(struct task *task)
{
    struct connect *connect = task->link;
    connect->begun_us = engine_now_us(task->engine);
    if (!stream_open(&connect->stream))
        connect_broken(task);
}

static void connect_wake(struct task *task)
{
    (void)task; /* no wake was asked for */
}

static void connect_expire(struct task *task)
{
    struct connect *connect = task->link;
    probe_end(task, stream_timeout(&connect->stream));
}

static void connect_cancel(struct task *task)
{
    struct connect *connect = task->link;
    stream_close(&connect->stream);
}

static void connect_attach(struct task *task)
{
    struct connect *connect = mem_new(1, sizeof *connect);
    stream_init(&connect->stream, task, &connect_user);
    task->link = connect;
}

static void connect_detach(struct task *task)
{
    connect_cancel(task);
    free(task->link);
    task->link = NULL;
}

const struct probe_backend connect_backend = {connect_attach, connect_start, connect_wake, connect_expire, connect_cancel, connect_detach};
