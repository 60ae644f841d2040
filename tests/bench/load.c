/* Load for the benchmark: keeps a window of queries in flight on several sockets and tells what each answer cost the server,
 * from the processor time of its threads (/proc/PID/task/N/schedstat), which other work on the machine does not blur as it does the clock.
 *
 * usage: bench-load ADDRESS:PORT QUERIES SECONDS SOCKETS WINDOW PID
 * QUERIES has one query a line, "NAME TYPE-NUMBER [ECS-ADDRESS/LENGTH [do]]". Prints one line of key=value.
 * Thread: one. */
#include "base/addr.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/memory.h"
#include "dns/message.h"
#include "dns/name.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUERY_ROOM = 320, ANSWER_ROOM = 1500, BATCH = 32, SOCKETS_MAX = 64, STALL_MS = 100 };

struct packet {
    uint16_t len;
    uint8_t octets[QUERY_ROOM];
};

struct flow {
    int fd;
    unsigned in_flight;
    uint64_t heard_ms; /* when the last answer came */
};

struct load {
    struct packet *queries;
    size_t query_count, query_room, next;
    struct flow flows[SOCKETS_MAX];
    unsigned flow_count, window;
    uint64_t sent, answered, lost, empty, truncated, refused;
};

static struct mmsghdr batch[BATCH];
static struct iovec parts[BATCH];
static uint8_t answers[BATCH][ANSWER_ROOM];

static void die(const char *what)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* OPT with a client subnet (RFC 7871 6), or a plain one. */
static void write_opt(struct writer *w, const struct prefix *ecs, bool dnssec_ok)
{
    const unsigned octets = ecs ? (ecs->len + 7u) / 8 : 0;
    write_u8(w, 0);
    write_u16(w, TYPE_OPT);
    write_u16(w, UDP_CAP);
    write_u32(w, dnssec_ok ? 0x8000 : 0);
    write_u16(w, (uint16_t)(ecs ? 8 + octets : 0));
    if (!ecs)
        return;
    write_u16(w, OPTION_ECS);
    write_u16(w, (uint16_t)(4 + octets));
    write_u16(w, ecs->addr.family == FAMILY_V4 ? 1 : 2);
    write_u8(w, ecs->len);
    write_u8(w, 0);
    write_bytes(w, ecs->addr.bytes, octets);
}

static bool build(struct packet *packet, const char *text)
{
    char name_field[256], ecs_field[64], last[3];
    unsigned type;
    uint8_t name[256];
    struct prefix ecs;
    const int fields = sscanf(text, "%255s %u %63s %2s", name_field, &type, ecs_field, last);
    if (fields < 2 || (fields >= 3 && !prefix_parse(ecs_field, &ecs)))
        return false;
    const size_t len = name_from_text(name_field, name);
    struct writer w = writer_over(packet->octets, sizeof packet->octets);
    write_u32(&w, 0); /* id, set when sent; no flags */
    write_u16(&w, 1);
    write_u32(&w, 0);
    write_u16(&w, 1);
    write_bytes(&w, name, len);
    write_u16(&w, (uint16_t)type);
    write_u16(&w, CLASS_IN);
    write_opt(&w, fields >= 3 ? &ecs : NULL, fields == 4 && strcmp(last, "do") == 0);
    packet->len = (uint16_t)writer_len(&w);
    return len > 0 && !w.bad;
}

static void read_queries(struct load *load, const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    while (fgets(line, sizeof line, file)) {
        load->queries = mem_grow(load->queries, &load->query_room, load->query_count + 1, sizeof *load->queries);
        if (!build(&load->queries[load->query_count++], line)) {
            fprintf(stderr, "bench-load: not a query: %s", line);
            exit(2);
        }
    }
    fclose(file);
    if (!load->query_count) {
        fprintf(stderr, "bench-load: no query in %s\n", path);
        exit(2);
    }
}

static void open_flows(struct load *load, const struct hostport *to)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    const int space = 4 << 20;
    memcpy(&at.sin_addr, to->addr.bytes, 4);
    for (unsigned i = 0; i < load->flow_count; i++) {
        const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
            die("socket");
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
        load->flows[i] = (struct flow){.fd = fd};
    }
}

/* Fills the window again, a batch at a time. */
static void send_some(struct load *load, struct flow *flow)
{
    while (flow->in_flight < load->window) {
        unsigned count = load->window - flow->in_flight;
        count = count < BATCH ? count : BATCH;
        for (unsigned i = 0; i < count; i++) {
            struct packet *packet = &load->queries[(load->next + i) % load->query_count];
            put_u16(packet->octets, (uint16_t)(load->sent + i));
            parts[i] = (struct iovec){.iov_base = packet->octets, .iov_len = packet->len};
            batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
        }
        const int went = sendmmsg(flow->fd, batch, count, 0);
        if (went <= 0)
            return; /* no room, or the server is not there: what is missing shows as lost */
        load->sent += (uint64_t)went;
        load->next = (load->next + (size_t)went) % load->query_count;
        flow->in_flight += (unsigned)went;
    }
}

static void judge(struct load *load, const uint8_t *answer, size_t len)
{
    if (len < HEADER_LEN)
        return;
    load->answered++;
    load->refused += (answer[3] & 0x0f) != RCODE_NOERROR;
    load->truncated += (answer[2] & 0x02) != 0;
    load->empty += get_u16(answer + 6) == 0;
}

static void receive_all(struct load *load, struct flow *flow, uint64_t now_ms)
{
    for (;;) {
        for (unsigned i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){.iov_base = answers[i], .iov_len = ANSWER_ROOM};
            batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
        }
        const int got = recvmmsg(flow->fd, batch, BATCH, MSG_DONTWAIT, NULL);
        if (got <= 0)
            return;
        for (int i = 0; i < got; i++)
            judge(load, answers[i], batch[i].msg_len);
        flow->heard_ms = now_ms;
        flow->in_flight -= flow->in_flight < (unsigned)got ? flow->in_flight : (unsigned)got;
    }
}

/* Nanoseconds on a processor, of all threads of a process so far. */
static uint64_t cpu_ns(int pid)
{
    char path[300];
    uint64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        die(path);
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        uint64_t ran = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.32s/schedstat", pid, task->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%" SCNu64, &ran) == 1)
            sum += ran;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return sum;
}

static void drive(struct load *load, uint64_t until_ms)
{
    struct pollfd polls[SOCKETS_MAX];
    for (unsigned i = 0; i < load->flow_count; i++)
        polls[i] = (struct pollfd){.fd = load->flows[i].fd, .events = POLLIN};
    for (uint64_t now = clock_ms(); now < until_ms; now = clock_ms()) {
        for (unsigned i = 0; i < load->flow_count; i++) {
            struct flow *flow = &load->flows[i];
            receive_all(load, flow, now);
            if (flow->in_flight && now - flow->heard_ms > STALL_MS) {
                load->lost += flow->in_flight;
                flow->in_flight = 0;
                flow->heard_ms = now;
            }
            send_some(load, flow);
        }
        poll(polls, load->flow_count, 1);
    }
    for (unsigned i = 0; i < load->flow_count; i++) /* what is still on its way */
        receive_all(load, &load->flows[i], until_ms);
}

static double number(const char *text, double least, double most)
{
    char *end;
    const double value = strtod(text, &end);
    if (*end || end == text || !(value >= least && value <= most)) {
        fprintf(stderr, "bench-load: %s is not a number from %g to %g\n", text, least, most);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static struct load load;
    struct hostport to;
    if (argc != 7 || !hostport_parse(argv[1], &to) || to.addr.family != FAMILY_V4) {
        fprintf(stderr, "usage: bench-load ADDRESS:PORT QUERIES SECONDS SOCKETS WINDOW PID\n");
        return 2;
    }
    const double seconds = number(argv[3], 0.1, 600);
    load.flow_count = (unsigned)number(argv[4], 1, SOCKETS_MAX);
    load.window = (unsigned)number(argv[5], 1, 4096);
    const int pid = (int)number(argv[6], 1, 1 << 30);
    read_queries(&load, argv[2]);
    open_flows(&load, &to);
    for (unsigned i = 0; i < load.flow_count; i++)
        load.flows[i].heard_ms = clock_ms();

    const uint64_t cpu_before = cpu_ns(pid), start_ns = clock_ns();
    drive(&load, clock_ms() + (uint64_t)(seconds * 1000));
    const double cpu_us = (double)(cpu_ns(pid) - cpu_before) / 1e3, took_s = (double)(clock_ns() - start_ns) / 1e9;

    printf("sent=%" PRIu64 " answered=%" PRIu64 " lost=%" PRIu64 " refused=%" PRIu64 " empty=%" PRIu64 " truncated=%" PRIu64, load.sent,
           load.answered, load.lost, load.refused, load.empty, load.truncated);
    printf(" qps=%.0f cpu_us=%.4f\n", (double)load.answered / took_s, load.answered ? cpu_us / (double)load.answered : 0.0);
    for (unsigned i = 0; i < load.flow_count; i++)
        close(load.flows[i].fd);
    free(load.queries);
    return 0;
}
