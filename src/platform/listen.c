#include "platform/listen.h"

#include "platform/sockaddr.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { UDP_BUFFER = 4 << 20, STOP_CHECK_MS = 200, TCP_BACKLOG = 1024, TCP_UNSENT = 16 << 10 };

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool is_wildcard(const struct addr *addr)
{
    static const uint8_t zero[16];
    return memcmp(addr->bytes, zero, sizeof zero) == 0;
}

static bool prepare_udp(int fd, const struct addr *addr)
{
    const bool v6 = addr->family == FAMILY_V6;
    const struct timeval timeout = {.tv_usec = STOP_CHECK_MS * 1000};
    if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER)) /* which takes CAP_NET_ADMIN */
        (void)set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER); /* as far as net.core.rmem_max lets us */
    (void)set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER);
    if (!set(fd, SOL_SOCKET, SO_REUSEPORT, 1) || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0)
        return false;
    if (v6 ? !set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT) : !set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT))
        return false;
    if (!is_wildcard(addr))
        return true;
    return v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* Accepted sockets have what is set here. An answer does not wait for the acknowledgement of the one before; what a client does not fetch waits in our
 * own buffers, which are bounded, rather than in the kernel's, which are not. */
static bool prepare_tcp(int fd)
{
    return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, TCP_UNSENT);
}

static bool open_bound(const struct hostport *at, int type, int *ret_fd, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t len;
    char text[HOSTPORT_TEXT];
    const bool tcp = type == SOCK_STREAM;
    sockaddr_from(at, &address, &len);
    const int fd = socket(address.ss_family, type | SOCK_CLOEXEC | (tcp ? SOCK_NONBLOCK : 0), 0);
    const bool v6_only = at->addr.family != FAMILY_V6 || (fd >= 0 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    const bool ready = fd >= 0 && v6_only && (tcp ? prepare_tcp(fd) : prepare_udp(fd, &at->addr));
    if (ready && bind(fd, (const struct sockaddr *)&address, len) == 0 && (!tcp || listen(fd, TCP_BACKLOG) == 0)) {
        *ret_fd = fd;
        return true;
    }
    error_set(err, "%s: cannot listen on %s: %s", tcp ? "TCP" : "UDP", hostport_format(at, text), strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

bool listen_udp(const struct hostport *at, int *ret_fd, struct error *err)
{
    return open_bound(at, SOCK_DGRAM, ret_fd, err);
}

bool listen_tcp(const struct hostport *at, int *ret_fd, struct error *err)
{
    return open_bound(at, SOCK_STREAM, ret_fd, err);
}

size_t socket_unacknowledged(int fd)
{
    int octets = 0;
    return ioctl(fd, SIOCOUTQ, &octets) == 0 && octets > 0 ? (size_t)octets : 0;
}

bool listen_address(int fd, struct hostport *ret_at, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 && sockaddr_to(&address, ret_at))
        return true;
    return error_set(err, "getsockname: %s", strerror(errno));
}

bool listen_queue(int fd, struct queue *ret_queue)
{
    uint32_t figures[SK_MEMINFO_VARS];
    socklen_t len = sizeof figures;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &len) != 0 || len <= SK_MEMINFO_DROPS * sizeof *figures)
        return false;
    *ret_queue =
        (struct queue){.used = figures[SK_MEMINFO_RMEM_ALLOC], .room = figures[SK_MEMINFO_RCVBUF], .drops = figures[SK_MEMINFO_DROPS]};
    return true;
}
