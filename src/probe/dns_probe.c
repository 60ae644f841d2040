/* A DNS query over UDP. Each check keeps one connected socket, as SIP over UDP does and for the same reasons (README.md). */
#include "base/memory.h"
#include "platform/sockaddr.h"
#include "probe/dns_question.h"
#include "probe/engine.h"
#include "probe/outcome.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { FIRST_GAP_US = 1000000, READS_MAX = 64 };

struct dns {
    struct event readable;
    int fd; /* -1 when closed */
    bool nonsense;
    uint64_t sent_us, gap_us;
    struct dns_question question;
};

static void dns_close(struct dns *dns)
{
    if (dns->fd < 0)
        return;
    event_del(&dns->readable);
    close(dns->fd);
    dns->fd = -1;
}

/* After anything but an answer or a refusal the next probe has a new socket: a new port, which is as good as more bits of id. */
static void dns_fail(struct task *task, enum reason reason)
{
    if (reason != REASON_REFUSED)
        dns_close(task->link);
    probe_end(task, observation_failed(reason));
}

static bool rcode_will_do(const struct dns_probe *how, unsigned rcode)
{
    for (size_t i = 0; i < how->rcode_count; i++)
        if (how->rcodes[i] == rcode)
            return true;
    return how->rcode_count == 0 && rcode == RCODE_NOERROR;
}

static struct observation observation_of(const struct dns_probe *how, const struct dns_reply *reply)
{
    if (!rcode_will_do(how, reply->rcode)) {
        struct observation seen = observation_failed_as(REASON_BAD_STATUS, "rcode %u", reply->rcode);
        seen.status = (uint16_t)reply->rcode;
        return seen;
    }
    if (reply->answers < how->answers)
        return observation_failed_as(REASON_NO_MATCH, "%u records%s", reply->answers, reply->truncated ? ", truncated" : "");
    return (struct observation){.outcome = OUTCOME_ALIVE, .reason = REASON_ANSWERED, .status = (uint16_t)reply->rcode};
}

static void dns_datagram(struct task *task, size_t len)
{
    struct dns *dns = task->link;
    struct dns_reply reply;
    switch (dns_reply_read((const uint8_t *)task->engine->buffer, len, &dns->question, &reply)) {
    case DNS_HEARD_NOTHING: return;
    case DNS_HEARD_NONSENSE: dns->nonsense = true; return;
    case DNS_HEARD_REPLY: break;
    }
    struct observation seen = observation_of(&task->check.probe.dns, &reply);
    const uint64_t took_us = engine_now_us(task->engine) - dns->sent_us;
    seen.rtt_us = took_us ? (uint32_t)took_us : 1;
    probe_end(task, seen);
}

/* Reads until the probe has ended; false when there is nothing more to read. */
static bool dns_read(struct task *task)
{
    struct dns *dns = task->link;
    const ssize_t got = recv(dns->fd, task->engine->buffer, sizeof task->engine->buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got >= 0 && task->running)
        dns_datagram(task, (size_t)got);
    else if (got < 0 && task->running && reason_of_errno(errno) != REASON_LOCAL)
        dns_fail(task, reason_of_errno(errno));
    return task->running;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    dns_read(context);
}

static bool dns_open(struct task *task)
{
    struct dns *dns = task->link;
    if ((dns->fd = socket_connect(SOCK_DGRAM, &task->check.target)) < 0)
        return false;
    event_assign(&dns->readable, task->engine->base, dns->fd, EV_READ | EV_PERSIST, on_readable, task);
    if (event_add(&dns->readable, NULL) == 0)
        return true;
    dns_close(dns);
    return false;
}

static bool dns_send(const struct dns *dns)
{
    uint8_t query[DNS_QUERY_MAX];
    const size_t len = dns_query_write(&dns->question, query);
    /* A full buffer is a lost datagram: the retransmission makes up for it. */
    return send(dns->fd, query, len, MSG_NOSIGNAL) >= 0 || errno == EAGAIN || errno == ENOBUFS;
}

static bool dns_ask(struct task *task)
{
    struct dns *dns = task->link;
    const struct dns_probe *how = &task->check.probe.dns;
    dns->question = (struct dns_question){.type = how->record, .recursion = how->recursion};
    dns->question.name_len = name_from_text(how->query, dns->question.name);
    dns->nonsense = false;
    return getrandom(&dns->question.id, sizeof dns->question.id, 0) == sizeof dns->question.id;
}

static void dns_start(struct task *task)
{
    struct dns *dns = task->link;
    if (!dns_ask(task) || (dns->fd < 0 && !dns_open(task))) {
        dns_fail(task, reason_of_errno(errno));
        return;
    }
    dns->sent_us = engine_now_us(task->engine);
    dns->gap_us = FIRST_GAP_US;
    /* An ICMP error for the last probe may be waiting in the socket; send() then reports that, sends nothing and has cleared it. */
    if (!dns_send(dns) && (errno != ECONNREFUSED || !dns_send(dns)))
        dns_fail(task, reason_of_errno(errno));
    else
        task_wake_at(task, dns->sent_us + dns->gap_us);
}

/* The same query again: an answer to either counts. */
static void dns_wake(struct task *task)
{
    struct dns *dns = task->link;
    if (!dns_send(dns)) {
        dns_fail(task, reason_of_errno(errno));
        return;
    }
    dns->gap_us *= 2;
    task_wake_at(task, engine_now_us(task->engine) + dns->gap_us);
}

static void dns_expire(struct task *task)
{
    struct dns *dns = task->link;
    for (int i = 0; i < READS_MAX && dns_read(task); i++)
        ;
    if (task->running)
        dns_fail(task, dns->nonsense ? REASON_BAD_ANSWER : REASON_TIMEOUT);
}

static void dns_cancel(struct task *task)
{
    dns_close(task->link);
}

static void dns_attach(struct task *task)
{
    struct dns *dns = mem_new(1, sizeof *dns);
    dns->fd = -1;
    task->link = dns;
}

static void dns_detach(struct task *task)
{
    dns_close(task->link);
    free(task->link);
    task->link = NULL;
}

const struct probe_backend dns_backend = {dns_attach, dns_start, dns_wake, dns_expire, dns_cancel, dns_detach};
