#include "platform/sockaddr.h"

#include "base/invariant.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

void sockaddr_from(const struct hostport *hostport, struct sockaddr_storage *ret_address, socklen_t *ret_len)
{
    invariant(hostport->addr.family != FAMILY_NONE);
    *ret_address = (struct sockaddr_storage){0};
    if (hostport->addr.family == FAMILY_V4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(hostport->port)};
        memcpy(&v4.sin_addr, hostport->addr.bytes, sizeof v4.sin_addr);
        memcpy(ret_address, &v4, sizeof v4);
        *ret_len = sizeof v4;
    } else {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(hostport->port)};
        memcpy(&v6.sin6_addr, hostport->addr.bytes, sizeof v6.sin6_addr);
        memcpy(ret_address, &v6, sizeof v6);
        *ret_len = sizeof v6;
    }
}

bool sockaddr_to(const struct sockaddr_storage *address, struct hostport *ret_hostport)
{
    struct hostport made = {0};
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        made.addr.family = FAMILY_V4;
        memcpy(made.addr.bytes, &v4.sin_addr, sizeof v4.sin_addr);
        made.port = ntohs(v4.sin_port);
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        made.addr.family = FAMILY_V6;
        memcpy(made.addr.bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
        made.port = ntohs(v6.sin6_port);
    } else {
        return false;
    }
    *ret_hostport = made;
    return true;
}

static bool bind_to(int fd, const struct addr *source)
{
    struct sockaddr_storage address;
    socklen_t len;
    sockaddr_from(&(struct hostport){.addr = *source}, &address, &len);
    return bind(fd, (const struct sockaddr *)&address, len) == 0;
}

int socket_connect(int type, const struct hostport *target)
{
    return socket_connect_from(type, NULL, target);
}

int socket_connect_from(int type, const struct addr *source, const struct hostport *target)
{
    struct sockaddr_storage address;
    socklen_t len;
    sockaddr_from(target, &address, &len);
    const int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if ((source && !bind_to(fd, source)) || (connect(fd, (const struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

bool socket_local(int fd, struct hostport *ret_local)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return false;
    if (sockaddr_to(&address, ret_local))
        return true;
    errno = EAFNOSUPPORT;
    return false;
}
