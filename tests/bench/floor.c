/* The floor of the benchmark: what the kernel alone asks for a query and an answer. A responder that reads and sends in batches, marks the query as
 * an answer and makes it longer by a given number of octets: no server that uses these system calls can be cheaper.
 *
 * usage: bench-floor ADDRESS:PORT OCTETS
 * Thread: one; runs until it is ended. */
#include "base/addr.h"
#include "base/cursor.h"
#include "dns/message.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 2048, LONGER_MAX = 1024 };

static uint8_t buffers[BATCH][ROOM];
static struct sockaddr_storage peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr batch[BATCH];

static int open_socket(const struct hostport *listen)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(listen->port)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0), space = 4 << 20;
    memcpy(&at.sin_addr, listen->addr.bytes, 4);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("bench-floor: bind");
        exit(1);
    }
    return fd;
}

static void turn(int fd, size_t longer)
{
    for (unsigned i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = buffers[i], .iov_len = ROOM - LONGER_MAX};
        batch[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    const int got = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
        if (batch[i].msg_len >= HEADER_LEN)
            put_u16(buffers[i] + 2, FLAG_QR | FLAG_AA);
        parts[i].iov_len = batch[i].msg_len + longer;
    }
    for (int sent = 0; sent < got;) {
        const int went = sendmmsg(fd, batch + sent, (unsigned)(got - sent), 0);
        sent += went > 0 ? went : 1; /* one that cannot be sent is left out */
    }
}

int main(int argc, char **argv)
{
    struct hostport listen;
    char *end = NULL;
    const unsigned long longer = argc == 3 ? strtoul(argv[2], &end, 10) : LONGER_MAX + 1;
    if (argc != 3 || !hostport_parse(argv[1], &listen) || listen.addr.family != FAMILY_V4 || *end || longer > LONGER_MAX) {
        fprintf(stderr, "usage: bench-floor ADDRESS:PORT OCTETS\n");
        return 2;
    }
    const int fd = open_socket(&listen);
    for (;;)
        turn(fd, longer);
}
