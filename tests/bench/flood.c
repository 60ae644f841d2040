/* A flood for the benchmark: so many queries a second to a server, from sources that are not ours to answer for (any address of 127.0.0.0/8 may be one: each
 * packet says where it comes from, IP_PKTINFO), and among them those of a few real resolvers, whose answers are waited for.
 *
 * usage: bench-flood ADDRESS:PORT ZONE NAMES SECONDS CALM RATE RESOLVERS REAL-RATE
 * For CALM seconds only the resolvers ask; then for SECONDS also the flood, RATE queries a second: half for random names below ZONE from 300 sources,
 * half for real names from forged sources that come once each. The resolvers ask REAL-RATE queries a second together, for the names of the file NAMES
 * ("NAME TYPE-NUMBER"); every second of them sends the cookie it has learnt. Prints one line of key=value.
 * Thread: one. */
#include "base/clock.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/memory.h"
#include "dns/message.h"
#include "dns/name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    QUERY_ROOM = 320,
    BATCH = 64,
    RESOLVERS_MAX = 64,
    JUNK_SOURCES = 300,
    JUNK_NET = 127 << 24 | 100 << 16, /* one source in each /24 */
    FORGED_NET = 127 << 24 | 128 << 16,
    FORGED_COUNT = 1 << 22,
    REAL_NET = 127 << 24 | 90 << 16,
    PATIENCE_MS = 800, /* what resolvers wait for an answer */
    COOKIE_OPTION = OPTION_HEADER + 24,
};

struct packet {
    uint16_t len;
    uint8_t octets[QUERY_ROOM];
};

struct resolver {
    int fd;
    bool has_cookie, learnt;
    uint8_t cookie[24];
    uint16_t next;
    uint64_t sent_ms[1 << 16]; /* by id; 0: nothing waited for */
};

struct flood {
    struct sockaddr_in to;
    struct packet *names;
    size_t name_count, name_room;
    uint8_t zone[NAME_OCTETS];
    size_t zone_len;
    int fd;
    uint64_t random, sent, real_sent[2], real_answered[2]; /* without, with a cookie */
    uint64_t waited_ms, longest_ms;
    struct resolver *resolvers;
    unsigned resolver_count;
};

static void die(const char *what)
{
    fprintf(stderr, "bench-flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t draw(struct flood *flood)
{
    return hash_mix(flood->random += 0x9e3779b97f4a7c15u);
}

static void write_header(struct writer *w, unsigned additional)
{
    write_u32(w, 0);
    write_u16(w, 1);
    write_u32(w, 0);
    write_u16(w, (uint16_t)additional);
}

static void write_opt(struct writer *w, const uint8_t *cookie, size_t cookie_len)
{
    write_bytes(w, "\0\0\51\4\320\0\0\0\0", 9);
    write_u16(w, (uint16_t)(cookie_len ? OPTION_HEADER + cookie_len : 0));
    if (!cookie_len)
        return;
    write_u16(w, OPTION_COOKIE);
    write_u16(w, (uint16_t)cookie_len);
    write_bytes(w, cookie, cookie_len);
}

static void read_names(struct flood *flood, const char *path)
{
    char name[256];
    unsigned type;
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    while (fscanf(file, "%255s %u%*[^\n]", name, &type) == 2) {
        uint8_t wire[NAME_OCTETS];
        flood->names = mem_grow(flood->names, &flood->name_room, flood->name_count + 1, sizeof *flood->names);
        struct packet *packet = &flood->names[flood->name_count++];
        struct writer w = writer_over(packet->octets, sizeof packet->octets);
        write_header(&w, 1);
        write_bytes(&w, wire, name_from_text(name, wire));
        write_u16(&w, (uint16_t)type);
        write_u16(&w, CLASS_IN);
        packet->len = (uint16_t)writer_len(&w);
    }
    fclose(file);
    if (!flood->name_count)
        die("no names");
}

static int open_at(uint32_t source, size_t space)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), octets = (int)space;
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
    return fd;
}

/* One packet of the flood: its octets and its source. */
static size_t make_junk(struct flood *flood, uint8_t *out, uint32_t *ret_source)
{
    const uint64_t random = draw(flood);
    struct writer w = writer_over(out, QUERY_ROOM);
    if (random % 2) {
        char label[17];
        snprintf(label, sizeof label, "%016" PRIx64, draw(flood));
        write_header(&w, 1);
        write_u8(&w, 16);
        write_bytes(&w, label, 16);
        write_bytes(&w, flood->zone, flood->zone_len);
        write_u16(&w, TYPE_A);
        write_u16(&w, CLASS_IN);
        *ret_source = JUNK_NET + (uint32_t)((random >> 8) % JUNK_SOURCES << 8) + 1;
    } else {
        const struct packet *name = &flood->names[(random >> 32) % flood->name_count];
        write_bytes(&w, name->octets, name->len);
        *ret_source = FORGED_NET + (uint32_t)((random >> 8) % FORGED_COUNT);
    }
    write_opt(&w, NULL, 0);
    put_u16(out, (uint16_t)random);
    return writer_len(&w);
}

static void send_junk(struct flood *flood)
{
    static uint8_t octets[BATCH][QUERY_ROOM];
    static _Alignas(struct cmsghdr) uint8_t control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct mmsghdr batch[BATCH];
    struct iovec parts[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        uint32_t source;
        parts[i] = (struct iovec){octets[i], make_junk(flood, octets[i], &source)};
        batch[i].msg_hdr = (struct msghdr){.msg_name = &flood->to,
                                           .msg_namelen = sizeof flood->to,
                                           .msg_iov = &parts[i],
                                           .msg_iovlen = 1,
                                           .msg_control = control[i],
                                           .msg_controllen = sizeof control[i]};
        struct cmsghdr *c = CMSG_FIRSTHDR(&batch[i].msg_hdr);
        *c = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo))};
        const struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(source)};
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
    const int went = sendmmsg(flood->fd, batch, BATCH, 0);
    flood->sent += went > 0 ? (uint64_t)went : 0;
}

static void ask(struct flood *flood, struct resolver *resolver, uint64_t now_ms)
{
    uint8_t octets[QUERY_ROOM];
    const struct packet *name = &flood->names[draw(flood) % flood->name_count];
    struct writer w = writer_over(octets, sizeof octets);
    write_bytes(&w, name->octets, name->len);
    write_opt(&w, resolver->cookie, resolver->has_cookie ? resolver->learnt ? 24 : 8 : 0);
    put_u16(octets, resolver->next);
    resolver->sent_ms[resolver->next++] = now_ms;
    sendto(resolver->fd, octets, writer_len(&w), 0, (struct sockaddr *)&flood->to, sizeof flood->to);
    flood->real_sent[resolver->has_cookie]++;
}

static void learn(struct resolver *resolver, const uint8_t *answer, size_t len)
{
    if (!resolver->has_cookie || len < HEADER_LEN + OPT_LEN + COOKIE_OPTION)
        return;
    const uint8_t *last = answer + len - COOKIE_OPTION;
    if (get_u16(last) != OPTION_COOKIE)
        return;
    memcpy(resolver->cookie, last + OPTION_HEADER, sizeof resolver->cookie);
    resolver->learnt = true;
}

static void hear(struct flood *flood, struct resolver *resolver)
{
    uint8_t answer[1500];
    ssize_t len;
    while ((len = recv(resolver->fd, answer, sizeof answer, 0)) >= HEADER_LEN) {
        uint64_t *sent_ms = &resolver->sent_ms[get_u16(answer)];
        const uint64_t waited_ms = clock_ms() - *sent_ms;
        const bool whole = !(answer[2] & 2) && (answer[3] & 15) == RCODE_NOERROR;
        if (*sent_ms && waited_ms <= PATIENCE_MS && whole) {
            flood->real_answered[resolver->has_cookie]++;
            flood->waited_ms += waited_ms;
            flood->longest_ms = waited_ms > flood->longest_ms ? waited_ms : flood->longest_ms;
        }
        *sent_ms = 0;
        learn(resolver, answer, (size_t)len);
    }
}

/* For so long, the flood at `rate` and the resolvers together at `real_rate`, each in even steps. */
static void run(struct flood *flood, double seconds, double rate, double real_rate)
{
    const uint64_t start_ns = clock_ns(), end_ns = start_ns + (uint64_t)(seconds * 1e9);
    const uint64_t sent_before = flood->sent;
    uint64_t asked = 0;
    for (uint64_t now_ns = start_ns; now_ns < end_ns; now_ns = clock_ns()) {
        const double passed_s = (double)(now_ns - start_ns) / 1e9;
        for (unsigned i = 0; i < 8 && (double)(flood->sent - sent_before) < rate * passed_s; i++)
            send_junk(flood);
        for (; (double)asked < real_rate * passed_s; asked++)
            ask(flood, &flood->resolvers[asked % flood->resolver_count], now_ns / 1000000);
        for (unsigned i = 0; i < flood->resolver_count; i++)
            hear(flood, &flood->resolvers[i]);
    }
}

/* What is still on its way. */
static void wait_for_rest(struct flood *flood)
{
    const uint64_t until_ms = clock_ms() + PATIENCE_MS;
    while (clock_ms() < until_ms)
        for (unsigned i = 0; i < flood->resolver_count; i++)
            hear(flood, &flood->resolvers[i]);
}

static double number(const char *text, double least, double most)
{
    char *end;
    const double value = strtod(text, &end);
    if (*end || end == text || !(value >= least && value <= most)) {
        fprintf(stderr, "bench-flood: %s is not a number from %g to %g\n", text, least, most);
        exit(2);
    }
    return value;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

int main(int argc, char **argv)
{
    static struct flood flood;
    struct hostport to;
    if (argc != 9 || !hostport_parse(argv[1], &to) || to.addr.family != FAMILY_V4) {
        fprintf(stderr, "usage: bench-flood ADDRESS:PORT ZONE NAMES SECONDS CALM RATE RESOLVERS REAL-RATE\n");
        return 2;
    }
    flood.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to.port)};
    memcpy(&flood.to.sin_addr, to.addr.bytes, 4);
    flood.zone_len = name_from_text(argv[2], flood.zone);
    read_names(&flood, argv[3]);
    const double seconds = number(argv[4], 0.1, 600), calm = number(argv[5], 0, 600), rate = number(argv[6], 0, 1e7);
    const double real_rate = number(argv[8], 1, 1e6);
    flood.resolver_count = (unsigned)number(argv[7], 1, RESOLVERS_MAX);
    flood.fd = open_at(INADDR_ANY, 1 << 14); /* its answers are nobody's: a small room, soon full */
    flood.resolvers = mem_new(flood.resolver_count, sizeof *flood.resolvers);
    for (unsigned i = 0; i < flood.resolver_count; i++) {
        flood.resolvers[i].fd = open_at(REAL_NET + (i << 8) + 1, 1 << 20);
        flood.resolvers[i].has_cookie = i % 2;
        memcpy(flood.resolvers[i].cookie, "resolver", 8);
    }
    run(&flood, calm, 0, real_rate);
    wait_for_rest(&flood);
    memset(flood.real_sent, 0, sizeof flood.real_sent);
    memset(flood.real_answered, 0, sizeof flood.real_answered);
    flood.waited_ms = flood.longest_ms = 0;
    const uint64_t start_ns = clock_ns();
    run(&flood, seconds, rate, real_rate);
    const double took_s = (double)(clock_ns() - start_ns) / 1e9;
    wait_for_rest(&flood);
    const uint64_t answered = flood.real_answered[0] + flood.real_answered[1], asked = flood.real_sent[0] + flood.real_sent[1];
    printf("flood_qps=%.0f real_asked=%" PRIu64 " real_answered=%.2f without_cookie=%.2f with_cookie=%.2f mean_ms=%.1f longest_ms=%" PRIu64
           "\n",
           (double)flood.sent / took_s, asked, percent(answered, asked), percent(flood.real_answered[0], flood.real_sent[0]),
           percent(flood.real_answered[1], flood.real_sent[1]), answered ? (double)flood.waited_ms / (double)answered : 0.0,
           flood.longest_ms);
    return 0;
}
