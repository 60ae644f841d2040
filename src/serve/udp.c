#include "serve/udp.h"

#include "base/clock.h"
#include "base/memory.h"
#include "dns/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, PACKET_ROOM = 2048 /* no sound query is longer */, CONTROL_ROOM = CMSG_SPACE(sizeof(struct in6_pktinfo)) };

/* One batch, reused for ever; in and out share the address and the control data, so that the answer goes back from where it was asked. */
struct batch {
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_octets[BATCH], out_octets[BATCH];
    struct sockaddr_storage peers[BATCH];
    _Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_ROOM];
    uint8_t queries[BATCH][PACKET_ROOM];
    uint8_t answers[BATCH][UDP_CAP];
};

static void prepare(struct batch *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct msghdr *header = &batch->in[i].msg_hdr;
        header->msg_name = &batch->peers[i];
        header->msg_namelen = sizeof batch->peers[i];
        header->msg_control = batch->control[i];
        header->msg_controllen = CONTROL_ROOM;
        header->msg_flags = 0;
    }
}

static struct batch *batch_new(void)
{
    struct batch *batch = mem_new(1, sizeof *batch);
    for (unsigned i = 0; i < BATCH; i++) {
        batch->in_octets[i] = (struct iovec){batch->queries[i], PACKET_ROOM};
        batch->in[i].msg_hdr.msg_iov = &batch->in_octets[i];
        batch->in[i].msg_hdr.msg_iovlen = 1;
        batch->out[i].msg_hdr.msg_iov = &batch->out_octets[i];
        batch->out[i].msg_hdr.msg_iovlen = 1;
    }
    prepare(batch, BATCH);
    return batch;
}

static struct addr peer_of(const struct sockaddr_storage *peer)
{
    struct addr addr = {0};
    if (peer->ss_family == AF_INET) {
        addr.family = FAMILY_V4;
        memcpy(addr.bytes, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    } else {
        addr.family = FAMILY_V6;
        memcpy(addr.bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
    }
    return addr;
}

/* The asked address is the answer's source; the interface is the route's choice, but for link-local addresses. */
static void loosen_interface(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
            ((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
        else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo *info = (struct in6_pktinfo *)(void *)CMSG_DATA(c);
            if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
                info->ipi6_ifindex = 0;
        }
    }
}

/* Where the answer goes: back to where the query came from, by the address it came to. */
static void address_answer(struct msghdr *in, struct msghdr *out)
{
    if (in->msg_controllen)
        loosen_interface(in);
    out->msg_name = in->msg_name;
    out->msg_namelen = in->msg_namelen;
    out->msg_control = in->msg_controllen ? in->msg_control : NULL;
    out->msg_controllen = in->msg_controllen;
}

/* Answers what came in; returns how many answers stand in out. */
static unsigned answer_batch(struct udp_worker *worker, struct batch *batch, unsigned received, uint32_t *draw)
{
    const struct snapshot *snapshot = snapshot_current();
    const uint32_t now_s = (uint32_t)clock_wall_s();
    struct answered answered;
    unsigned made = 0;
    for (unsigned i = 0; i < received; i++) {
        struct msghdr *in = &batch->in[i].msg_hdr;
        const struct addr peer = peer_of(&batch->peers[i]);
        const bool cut = in->msg_flags & MSG_TRUNC;
        const struct asker asker = {.peer = &peer, .channel = CHANNEL_UDP, .draw = (*draw)++, .now_s = now_s};
        const size_t len =
            cut ? 0 : answer_query(snapshot, batch->queries[i], batch->in[i].msg_len, &asker, batch->answers[made], UDP_CAP, &answered);
        if (len == 0)
            continue;
        count_answer(&worker->counters, &answered);
        address_answer(in, &batch->out[made].msg_hdr);
        batch->out_octets[made] = (struct iovec){batch->answers[made], len};
        made++;
    }
    counter_add(&worker->counters.queries, received);
    counter_add(&worker->counters.dropped, received - made);
    return made;
}

/* An answer that cannot be sent (no route back, source port 0) is counted and passed over; the others go. */
static void send_batch(struct udp_worker *worker, struct batch *batch, unsigned made)
{
    for (unsigned sent = 0; sent < made;) {
        const int now = sendmmsg(worker->fd, batch->out + sent, made - sent, 0);
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            counter_add(&worker->counters.send_errors, 1);
        sent += now > 0 ? (unsigned)now : 1;
    }
}

static void *run(void *argument)
{
    struct udp_worker *worker = argument;
    struct batch *batch = batch_new();
    uint32_t draw = 0;
    snapshot_reader_begin();
    while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
        const int received = recvmmsg(worker->fd, batch->in, BATCH, MSG_WAITFORONE, NULL);
        if (received <= 0)
            continue; /* the timeout, or an ICMP error of an earlier answer */
        snapshot_enter();
        const unsigned made = answer_batch(worker, batch, (unsigned)received, &draw);
        snapshot_leave();
        send_batch(worker, batch, made);
        prepare(batch, (unsigned)received);
    }
    snapshot_reader_end();
    free(batch);
    return NULL;
}

bool udp_worker_start(struct udp_worker *worker, struct error *err)
{
    const int failed = pthread_create(&worker->thread, NULL, run, worker);
    worker->running = failed == 0;
    return worker->running || error_set(err, "cannot start a UDP worker: %s", strerror(failed));
}

void udp_worker_tell(struct udp_worker *worker)
{
    atomic_store(&worker->stop, true);
}

void udp_worker_stop(struct udp_worker *worker)
{
    udp_worker_tell(worker);
    if (worker->running)
        pthread_join(worker->thread, NULL);
    close(worker->fd);
}
