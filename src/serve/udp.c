#include "serve/udp.h"

#include "base/clock.h"
#include "base/memory.h"
#include "dns/message.h"
#include "platform/listen.h"
#include "serve/demand.h"
#include "serve/pressure.h"
#include "serve/rate_limit.h"
#include "serve/resolvers.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, PACKET_ROOM = 2048 /* no sound query is longer */, CONTROL_ROOM = CMSG_SPACE(sizeof(struct in6_pktinfo)) };

/* An answer that is made but not yet let go. */
struct draft {
    unsigned packet; /* of the batch */
    uint32_t draw;
    size_t len;
    uint64_t account; /* of serve/rate_limit.h */
    struct answered answered;
    struct sample sample; /* where demand_wants(draw) or the log does, and answered.steered */
    unsigned tapped;      /* as of tap_choose() */
    size_t query_len;     /* as it was understood: a signature is off */
};

/* One batch, reused for ever; in and out share the address and the control data, so that the answer goes back from where it was asked. */
struct batch {
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_octets[BATCH], out_octets[BATCH];
    struct sockaddr_storage peers[BATCH];
    _Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_ROOM];
    uint8_t queries[BATCH][PACKET_ROOM];
    uint8_t answers[BATCH][UDP_CAP];
    struct draft drafts[BATCH];
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

/* What a worker knows of who asks; made at its start. */
struct guard {
    struct rate_limit *limit;
    struct resolvers *resolvers;
    struct pressure pressure;
    uint32_t drops; /* of the socket, by the kernel's count */
};

/* What stays the same for a batch. */
struct turn {
    struct udp_worker *worker;
    struct batch *batch;
    struct guard *guard;
    const struct snapshot *snapshot;
    const struct rate_limit_config *limits;
    uint64_t now_ns;
    uint32_t wall_s, now_s;
    unsigned strangers; /* who may still be answered */
    uint32_t weight;    /* how many answers one that is counted for demand stands for */
    bool calm, learning;
    struct tap_view tap;
    uint64_t answered_ns; /* when all answers were made; only where tap is on */
};

static struct turn turn_begin(struct udp_worker *worker, struct batch *batch, struct guard *guard)
{
    struct turn turn = {.worker = worker, .batch = batch, .guard = guard, .snapshot = snapshot_current(), .now_ns = clock_ns()};
    turn.limits = &snapshot_config(turn.snapshot)->server.rate_limit;
    turn.wall_s = (uint32_t)clock_wall_s();
    turn.now_s = (uint32_t)(turn.now_ns / 1000000000);
    turn.strangers = pressure_share(&guard->pressure, BATCH);
    turn.calm = guard->pressure.level == 0;
    turn.learning = pressure_learns(&guard->pressure, turn.now_ns / 1000000);
    tap_look(worker->tap, &turn.tap);
    return turn;
}

/* In overload: who was known before it goes first, then who proves by a cookie who it is, then a few strangers. What is left is not even read. */
static bool is_admitted(struct turn *turn, const uint8_t *packet, size_t len, const struct addr *peer, uint64_t number)
{
    struct guard *guard = turn->guard;
    const struct pressure *pressure = &guard->pressure;
    if (resolvers_take(guard->resolvers, number, turn->now_s, pressure->began_s, pressure_allowance(pressure)) ||
        answer_knows(turn->snapshot, packet, len, peer, turn->wall_s))
        return true;
    if (turn->strangers == 0)
        return false;
    turn->strangers--;
    return true;
}

static void drop(struct turn *turn, enum udp_drop why)
{
    counter_add(&turn->worker->counters.drops[why], 1);
}

static enum udp_drop why_unanswered(const struct mmsghdr *in)
{
    return in->msg_hdr.msg_flags & MSG_TRUNC ? UDP_DROP_LONG : in->msg_len < HEADER_LEN ? UDP_DROP_SHORT : UDP_DROP_RESPONSE;
}

static bool wants_sample(const struct turn *turn, const struct draft *draft)
{
    return demand_wants(draft->draw, turn->weight) || draft->tapped & 1 << TAP_LOG;
}

static size_t make_answer(struct turn *turn, struct draft *draft, const struct addr *peer, uint8_t *out, bool brief)
{
    const struct mmsghdr *in = &turn->batch->in[draft->packet];
    const struct asker asker = {.peer = peer,
                                .channel = CHANNEL_UDP,
                                .draw = draft->draw,
                                .now_s = turn->wall_s,
                                .brief = brief,
                                .sample = wants_sample(turn, draft) ? &draft->sample : NULL};
    const bool cut = in->msg_hdr.msg_flags & MSG_TRUNC;
    uint8_t *query = turn->batch->queries[draft->packet];
    const size_t made = cut ? 0 : answer_query(turn->snapshot, query, in->msg_len, &asker, out, UDP_CAP, &draft->answered);
    if (made == 0 || !draft->answered.special || !turn->worker->special) /* one compare: what is special pays for itself */
        return made;
    struct special special = {turn->snapshot, query, in->msg_len, &asker, out, UDP_CAP, made, &draft->answered, NULL};
    const size_t instead = turn->worker->special(turn->worker->special_context, &special);
    draft->query_len = special.len;
    return instead;
}

/* Answers the draft's packet to out. False: there is no answer, which has been counted. */
static bool draft_answer(struct turn *turn, struct draft *draft, uint8_t *out)
{
    struct batch *batch = turn->batch;
    struct guard *guard = turn->guard;
    const struct mmsghdr *in = &batch->in[draft->packet];
    const struct addr peer = peer_of(&batch->peers[draft->packet]);
    const uint64_t number = resolvers_number(guard->resolvers, &peer);
    if (!turn->calm && !is_admitted(turn, batch->queries[draft->packet], in->msg_len, &peer, number)) {
        drop(turn, UDP_DROP_OVERLOAD);
        return false;
    }
    draft->tapped = turn->tap.on ? tap_choose(&turn->tap, draft->draw) : 0;
    draft->query_len = in->msg_len;
    draft->len = make_answer(turn, draft, &peer, out, false);
    if (draft->len == 0) {
        drop(turn, why_unanswered(in));
        return false;
    }
    if (turn->learning)
        resolvers_see(guard->resolvers, number, turn->now_s);
    draft->account = 0;
    if (draft->answered.cookie < COOKIE_OLD && !draft->answered.verified) /* who has a valid cookie, or a key, has asked for it */
        draft->account = rate_limit_account(guard->limit, turn->limits, &peer, &draft->answered, turn->now_ns);
    return true;
}

/* Whether the answer in out goes out, perhaps made brief. */
static bool pass_limit(struct turn *turn, struct draft *draft, uint8_t *out)
{
    if (draft->account == 0)
        return true;
    const struct addr peer = peer_of(&turn->batch->peers[draft->packet]);
    switch (rate_limit_take(turn->guard->limit, turn->limits, draft->account, &peer, &draft->answered, turn->now_ns)) {
    case RATE_PASS: return true;
    case RATE_DROP: drop(turn, UDP_DROP_LIMITED); return false;
    case RATE_SLIP: break;
    }
    if (draft->answered.special) { /* its packet has been changed, and its answer is short already */
        drop(turn, UDP_DROP_LIMITED);
        return false;
    }
    counter_add(&turn->worker->counters.slipped, 1);
    draft->len = make_answer(turn, draft, &peer, out, true);
    return true;
}

/* The address that was asked: with a wildcard listener it has come with the packet. */
static struct hostport asked_at(const struct udp_worker *worker, struct msghdr *in)
{
    struct hostport at = worker->address;
    for (struct cmsghdr *c = in->msg_controllen ? CMSG_FIRSTHDR(in) : NULL; c; c = CMSG_NXTHDR(in, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
            memcpy(at.addr.bytes, &((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr, 4);
        else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
            memcpy(at.addr.bytes, &((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, 16);
    }
    return at;
}

/* A copy for who looks; outcome TAP_LIMITED: there is no answer. */
static void show(const struct turn *turn, const struct draft *draft, const uint8_t *out, enum tap_outcome outcome)
{
    struct batch *batch = turn->batch;
    const struct sockaddr_storage *peer = &batch->peers[draft->packet];
    const struct answered *answered = &draft->answered;
    const in_port_t port =
        peer->ss_family == AF_INET ? ((const struct sockaddr_in *)peer)->sin_port : ((const struct sockaddr_in6 *)peer)->sin6_port;
    const bool sampled = answered->steered && wants_sample(turn, draft);
    const struct tap_record record = {.asked_ns = turn->now_ns,
                                      .answered_ns = turn->answered_ns,
                                      .generation = snapshot_generation(turn->snapshot),
                                      .client = {peer_of(peer), ntohs(port)},
                                      .server = asked_at(turn->worker, &batch->in[draft->packet].msg_hdr),
                                      .query_len = (uint32_t)draft->query_len,
                                      .answer_len = outcome == TAP_ANSWERED ? (uint32_t)draft->len : 0,
                                      .channel = CHANNEL_UDP,
                                      .outcome = (uint8_t)outcome,
                                      .rcode = answered->rcode,
                                      .badcookie = answered->badcookie,
                                      .truncated = answered->truncated,
                                      .steered = sampled,
                                      .sample = sampled ? draft->sample : (struct sample){0}};
    tap_put(&turn->tap, draft->tapped, &record, batch->queries[draft->packet], out);
}

/* Answers what came in; returns how many answers stand in out. First all answers are drafted, then judged: meanwhile their accounts come into the
 * cache. */
static unsigned answer_batch(struct udp_worker *worker, struct batch *batch, struct guard *guard, unsigned received, uint32_t *draw)
{
    struct turn turn = turn_begin(worker, batch, guard);
    turn.weight = demand_weight(received);
    struct draft *drafts = batch->drafts;
    unsigned drafted = 0, made = 0;
    for (unsigned i = 0; i < received; i++) {
        drafts[drafted].packet = i;
        drafts[drafted].draw = (*draw)++;
        drafted += draft_answer(&turn, &drafts[drafted], batch->answers[drafted]);
    }
    if (turn.tap.on)
        turn.answered_ns = clock_ns();
    for (unsigned i = 0; i < drafted; i++) {
        const bool passed = pass_limit(&turn, &drafts[i], batch->answers[i]);
        if (drafts[i].tapped)
            show(&turn, &drafts[i], batch->answers[i], passed ? TAP_ANSWERED : TAP_LIMITED);
        if (!passed)
            continue;
        count_answer(&worker->counters.shared, &drafts[i].answered);
        if (drafts[i].answered.steered && demand_wants(drafts[i].draw, turn.weight))
            demand_count(worker->demand, &drafts[i].sample, turn.weight);
        address_answer(&batch->in[drafts[i].packet].msg_hdr, &batch->out[made].msg_hdr);
        batch->out_octets[made++] = (struct iovec){batch->answers[i], drafts[i].len};
    }
    if (turn.tap.on)
        tap_end(&turn.tap);
    counter_add(&worker->counters.shared.queries, received);
    return made;
}

/* Only a full batch can have a queue behind it. */
static void look_at_queue(struct udp_worker *worker, struct guard *guard, unsigned received)
{
    struct queue queue;
    if ((received < BATCH && guard->pressure.level == 0) || !listen_queue(worker->fd, &queue))
        return;
    /* The kernel counts packets with wrong checksums, too: only from a queue that is filled something was lost for want of room. */
    const bool lost = queue.drops != guard->drops && queue.used >= queue.room / 4;
    pressure_look(&guard->pressure, queue.used, queue.room, lost, clock_ms());
    guard->drops = queue.drops;
    atomic_store_explicit(&worker->counters.pressure, guard->pressure.level, memory_order_relaxed);
}

/* An answer that cannot be sent (no route back, source port 0) is counted and passed over; the others go. */
static void send_batch(struct udp_worker *worker, struct batch *batch, unsigned made)
{
    for (unsigned sent = 0; sent < made;) {
        const int now = sendmmsg(worker->fd, batch->out + sent, made - sent, 0);
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            counter_add(&worker->counters.shared.send_errors, 1);
        sent += now > 0 ? (unsigned)now : 1;
    }
}

static void *run(void *argument)
{
    struct udp_worker *worker = argument;
    struct batch *batch = batch_new();
    struct guard guard = {.limit = rate_limit_new(worker->siblings), .resolvers = resolvers_new()};
    uint32_t draw = 0;
    snapshot_reader_begin();
    while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
        demand_pass(worker->demand);
        const int received = recvmmsg(worker->fd, batch->in, BATCH, MSG_WAITFORONE, NULL);
        if (received <= 0) { /* the timeout, or an ICMP error of an earlier answer */
            look_at_queue(worker, &guard, 0);
            continue;
        }
        snapshot_enter();
        const unsigned made = answer_batch(worker, batch, &guard, (unsigned)received, &draw);
        snapshot_leave();
        send_batch(worker, batch, made);
        look_at_queue(worker, &guard, (unsigned)received);
        prepare(batch, (unsigned)received);
    }
    snapshot_reader_end();
    rate_limit_free(guard.limit);
    resolvers_free(guard.resolvers);
    free(batch);
    return NULL;
}

bool udp_worker_start(struct udp_worker *worker, struct error *err)
{
    worker->demand = demand_counts_new();
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
    demand_counts_free(worker->demand);
    close(worker->fd);
}
