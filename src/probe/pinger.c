#include "probe/pinger.h"

#include "base/log.h"
#include "base/memory.h"
#include "platform/sockaddr.h"
#include "probe/outcome.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { READS_MAX = 64, FILTER_ICMP = 1 /* ICMP_FILTER of linux/icmp.h, whose names clash with those of netinet/ */ };

struct line {
    struct pinger *pinger;
    enum family family;
    int fd; /* -1: closed */
    bool raw, told;
    uint16_t id;
    struct event readable;
};

struct pinger {
    struct probe_engine *engine;
    struct line v4, v6;
    struct slot {
        struct task *task; /* NULL: free */
        struct ping *ping;
        uint32_t next_free; /* counted from 1 */
    } * slots;
    size_t slot_count, slot_room;
    uint32_t first_free; /* counted from 1; 0: none */
    uint16_t sequence;
};

static struct line *line_of(struct pinger *pinger, enum family family)
{
    return family == FAMILY_V4 ? &pinger->v4 : &pinger->v6;
}

/* Only an answer whose 64 random bits are those of the running probe, from the host that was asked. */
static void hear(struct pinger *pinger, const struct echo *echo, const struct addr *from)
{
    if (echo->slot >= pinger->slot_count)
        return;
    const struct slot *slot = &pinger->slots[echo->slot];
    struct task *task = slot->task;
    if (task == NULL || echo->token != slot->ping->echo.token || echo->sequence != slot->ping->echo.sequence ||
        !addr_equal(from, &task->check.target.addr))
        return;
    const uint64_t took_us = engine_now_us(pinger->engine) - slot->ping->sent_us;
    pinger_forget(pinger, slot->ping);
    probe_end(task, (struct observation){.outcome = OUTCOME_ALIVE, .reason = REASON_ANSWERED, .rtt_us = took_us ? (uint32_t)took_us : 1});
}

static bool read_one(struct line *line)
{
    struct probe_engine *engine = line->pinger->engine;
    struct sockaddr_storage address = {0};
    socklen_t address_len = sizeof address;
    struct hostport from;
    struct echo echo;
    const ssize_t got = recvfrom(line->fd, engine->buffer, sizeof engine->buffer, 0, (struct sockaddr *)&address, &address_len);
    if (got < 0)
        return errno != EAGAIN && errno != EINTR; /* an ICMP error of some earlier request */
    struct reader message = reader_over(engine->buffer, (size_t)got);
    if (line->raw && line->family == FAMILY_V4 && !echo_skip_ip(&message))
        return true;
    message.start = message.at;
    if (echo_read(line->family, message, &echo) && echo.id == line->id && sockaddr_to(&address, &from))
        hear(line->pinger, &echo, &from.addr);
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    const struct line *line = context;
    pinger_read(line->pinger, line->family);
}

/* Raw sockets hear every ICMP message that comes to this machine; the kernel is told which are wanted. */
static void want_replies_only(const struct line *line)
{
    if (line->family == FAMILY_V4) {
        const uint32_t unwanted = ~(1u << ECHO_REPLY_V4);
        setsockopt(line->fd, SOL_RAW, FILTER_ICMP, &unwanted, sizeof unwanted);
    } else {
        struct icmp6_filter wanted;
        ICMP6_FILTER_SETBLOCKALL(&wanted);
        ICMP6_FILTER_SETPASS(ECHO_REPLY_V6, &wanted);
        setsockopt(line->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &wanted, sizeof wanted);
    }
}

/* The identifier: the kernel's own choice on a ping socket, where it is the port. */
static bool take_id(struct line *line)
{
    struct hostport local;
    const struct hostport any = {.addr = {.family = (uint8_t)line->family}};
    struct sockaddr_storage address;
    socklen_t len;
    if (line->raw)
        return getrandom(&line->id, sizeof line->id, 0) == sizeof line->id;
    sockaddr_from(&any, &address, &len);
    if (bind(line->fd, (struct sockaddr *)&address, len) < 0 || !socket_local(line->fd, &local))
        return false;
    line->id = local.port;
    return true;
}

static bool open_as(struct line *line, int type)
{
    const int domain = line->family == FAMILY_V4 ? AF_INET : AF_INET6, protocol = line->family == FAMILY_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    line->fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (line->fd < 0)
        return false;
    line->raw = type == SOCK_RAW;
    if (line->raw)
        want_replies_only(line);
    event_assign(&line->readable, line->pinger->engine->base, line->fd, EV_READ | EV_PERSIST, on_readable, line);
    if (take_id(line) && event_add(&line->readable, NULL) == 0)
        return true;
    close(line->fd);
    line->fd = -1;
    return false;
}

/* Tried at each probe until it works: the setting may be changed while we run. */
static bool need_line(struct line *line)
{
    if (line->fd >= 0 || open_as(line, SOCK_DGRAM) || open_as(line, SOCK_RAW)) {
        line->told = false;
        return true;
    }
    if (!line->told)
        log_error(
            "ICMP probes over IPv%d cannot be sent: net.ipv4.ping_group_range leaves out the daemon's group, and it has no CAP_NET_RAW",
            (int)line->family);
    line->told = true;
    return false;
}

static uint32_t take_slot(struct pinger *pinger)
{
    if (pinger->first_free) {
        const uint32_t slot = pinger->first_free - 1;
        pinger->first_free = pinger->slots[slot].next_free;
        return slot;
    }
    pinger->slots = mem_grow(pinger->slots, &pinger->slot_room, pinger->slot_count + 1, sizeof *pinger->slots);
    return (uint32_t)pinger->slot_count++;
}

void pinger_forget(struct pinger *pinger, struct ping *ping)
{
    if (!ping->under_way)
        return;
    const uint32_t slot = ping->echo.slot;
    pinger->slots[slot] = (struct slot){.next_free = pinger->first_free};
    pinger->first_free = slot + 1;
    ping->under_way = false;
}

static bool transmit(struct pinger *pinger, const struct task *task, const struct ping *ping)
{
    const struct line *line = line_of(pinger, task->check.target.addr.family);
    const struct hostport to = {.addr = task->check.target.addr};
    uint8_t request[ECHO_OCTETS];
    struct sockaddr_storage address;
    socklen_t len;
    sockaddr_from(&to, &address, &len);
    echo_write(line->family, &ping->echo, request);
    for (int i = 0; i < 2;
         i++) /* an error of an earlier request may be waiting in the socket: it is told once, and is not about this one */
        if (sendto(line->fd, request, sizeof request, MSG_NOSIGNAL, (struct sockaddr *)&address, len) >= 0 || errno == EAGAIN ||
            errno == ENOBUFS)
            return true;
    return false;
}

bool pinger_send(struct pinger *pinger, struct task *task, struct ping *ping, struct observation *ret_seen)
{
    struct line *line = line_of(pinger, task->check.target.addr.family);
    *ret_seen = observation_failed(REASON_LOCAL);
    if (!need_line(line)) {
        *ret_seen = observation_failed_as(REASON_LOCAL, "net.ipv4.ping_group_range or CAP_NET_RAW must allow ICMP");
        return false;
    }
    if (getrandom(&ping->echo.token, sizeof ping->echo.token, 0) != sizeof ping->echo.token)
        return false;
    ping->echo.id = line->id;
    ping->echo.sequence = ++pinger->sequence;
    ping->echo.slot = take_slot(pinger);
    ping->sent_us = engine_now_us(pinger->engine);
    ping->under_way = true;
    pinger->slots[ping->echo.slot] = (struct slot){.task = task, .ping = ping};
    if (transmit(pinger, task, ping))
        return true;
    *ret_seen = observation_failed(reason_of_errno(errno));
    pinger_forget(pinger, ping);
    return false;
}

void pinger_repeat(struct pinger *pinger, const struct task *task, const struct ping *ping)
{
    transmit(pinger, task, ping); /* when it fails, the first may still be answered */
}

void pinger_read(struct pinger *pinger, enum family family)
{
    struct line *line = line_of(pinger, family);
    for (int i = 0; i < READS_MAX && line->fd >= 0 && read_one(line); i++)
        ;
}

struct pinger *pinger_new(struct probe_engine *engine)
{
    struct pinger *pinger = mem_new(1, sizeof *pinger);
    *pinger = (struct pinger){
        .engine = engine, .v4 = {.pinger = pinger, .family = FAMILY_V4, .fd = -1}, .v6 = {.pinger = pinger, .family = FAMILY_V6, .fd = -1}};
    return pinger;
}

static void close_line(struct line *line)
{
    if (line->fd < 0)
        return;
    event_del(&line->readable);
    close(line->fd);
}

void pinger_free(struct pinger *pinger)
{
    if (pinger == NULL)
        return;
    close_line(&pinger->v4);
    close_line(&pinger->v6);
    free(pinger->slots);
    free(pinger);
}
