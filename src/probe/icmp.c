/* ICMP echo: whether the host is there at all, whatever runs on it. */
#include "base/memory.h"
#include "probe/pinger.h"
#include "probe/outcome.h"

#include <stdlib.h>

enum { AGAIN_US = 1000000 };

static struct pinger *pinger_of(struct task *task)
{
    struct shared *shared = &task->engine->shared;
    if (shared->pinger == NULL)
        shared->pinger = pinger_new(task->engine);
    return shared->pinger;
}

static void icmp_start(struct task *task)
{
    struct ping *ping = task->link;
    struct observation seen;
    if (pinger_send(pinger_of(task), task, ping, &seen))
        task_wake_at(task, ping->sent_us + AGAIN_US);
    else
        probe_end(task, seen);
}

static void icmp_wake(struct task *task)
{
    pinger_repeat(pinger_of(task), task, task->link);
    task_wake_at(task, engine_now_us(task->engine) + AGAIN_US);
}

static void icmp_cancel(struct task *task)
{
    pinger_forget(pinger_of(task), task->link);
}

static void icmp_expire(struct task *task)
{
    pinger_read(pinger_of(task), task->check.target.addr.family);
    if (!task->running)
        return;
    icmp_cancel(task);
    probe_end(task, observation_failed(REASON_TIMEOUT));
}

static void icmp_attach(struct task *task)
{
    task->link = mem_new(1, sizeof(struct ping));
}

static void icmp_detach(struct task *task)
{
    icmp_cancel(task);
    free(task->link);
    task->link = NULL;
}

const struct probe_backend icmp_backend = {icmp_attach, icmp_start, icmp_wake, icmp_expire, icmp_cancel, icmp_detach};
