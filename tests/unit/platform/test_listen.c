/* What listening sockets are told, as far as it can be asked back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct hostport loopback[] = {{.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}},
                                           {.addr = {.family = FAMILY_V6, .bytes = {[15] = 1}}}};
static const struct hostport wildcard[] = {{.addr = {.family = FAMILY_V4}}, {.addr = {.family = FAMILY_V6}}};

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* RFC 9715: what routers say about path MTUs, or others in their name, makes no fragments. */
static void udp_answers_are_not_fragmented(void **state)
{
    struct error err;
    int fd;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(listen_udp(&loopback[i], &fd, &err));
        if (i == 0)
            assert_int_equal(option(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
        else
            assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_OMIT);
        close(fd);
    }
}

static void a_wildcard_is_told_the_address_asked_and_stays_in_its_family(void **state)
{
    struct error err;
    int fd;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(listen_udp(&wildcard[i], &fd, &err));
        assert_int_equal(i == 0 ? option(fd, IPPROTO_IP, IP_PKTINFO) : option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
        if (i == 1)
            assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
        close(fd);
    }
}

/* On the listening socket, from which accepted ones have them. */
static void tcp_sends_at_once_and_holds_little_back(void **state)
{
    struct error err;
    struct hostport at;
    int fd;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(listen_tcp(&loopback[i], &fd, &err));
        assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
        assert_int_equal(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16 << 10);
        assert_true(listen_address(fd, &at, &err));
        assert_true(at.port > 0 && addr_equal(&at.addr, &loopback[i].addr));
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_answers_are_not_fragmented),
        cmocka_unit_test(a_wildcard_is_told_the_address_asked_and_stays_in_its_family),
        cmocka_unit_test(tcp_sends_at_once_and_holds_little_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
