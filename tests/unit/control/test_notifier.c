/* NOTIFY to secondaries that never answer: they must not keep the others waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/notifier.h"
#include "fixture.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECONDARIES = 90 };

static struct fixture fixture;
static struct event_base *base;
static struct notifier *notifier;
static int silent[SECONDARIES];

/* A UDP socket of loopback that nobody reads; its port. */
static unsigned listen_silently(int *ret_fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *ret_fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(*ret_fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static const char *files[] = {"test.conf", NULL, "sip.zone",
                              "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n", NULL};

static int setup(void **state)
{
    static char conf[SECONDARIES * 24 + 300];
    (void)state;
    int len = sprintf(conf, "server = { listen = [ \"127.0.0.1:0\" ]; control = \"c\"; state = \"s\"; };\n"
                            "zones = ( { name = \"sip.test.\"; file = \"sip.zone\"; transfer = { notify = [ ");
    for (unsigned i = 0; i < SECONDARIES; i++)
        len += sprintf(conf + len, "%s\"127.0.0.1:%u\"", i ? ", " : "", listen_silently(&silent[i]));
    sprintf(conf + len, " ]; }; } );\n");
    files[1] = conf;
    report_init(&fixture.report);
    test_load(&fixture.world, files, &fixture.report);
    test_print(&fixture.report);
    base = event_base_new();
    notifier = notifier_new(base);
    return fixture.world.place == NULL;
}

static int teardown(void **state)
{
    (void)state;
    notifier_free(notifier);
    event_base_free(base);
    for (unsigned i = 0; i < SECONDARIES; i++)
        close(silent[i]);
    test_release(&fixture.world, files);
    report_release(&fixture.report);
    return 0;
}

/* Secondaries that have been sent at least so many. */
static unsigned tried(int least)
{
    json_t *list = notifier_json(notifier, 0), *entry;
    size_t i;
    unsigned count = 0;
    json_array_foreach(list, i, entry) count += json_integer_value(json_object_get(entry, "tries")) >= least;
    json_decref(list);
    return count;
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void who_has_waited_longest_is_told_first(void **state)
{
    (void)state;
    notifier_set(notifier, fixture.world.world);
    assert_int_equal(tried(1), NOTIFY_SOCKETS);
    notifier_pass(notifier, clock_ms() + NOTIFY_FIRST_MS);
    assert_int_equal(tried(1), SECONDARIES);
    assert_int_equal(tried(2), 2 * NOTIFY_SOCKETS - SECONDARIES);
}

static void the_socket_of_a_silent_one_is_closed_long_before_its_next_try(void **state)
{
    (void)state;
    uint64_t now_ms = clock_ms();
    const unsigned before = open_descriptors();
    notifier_set(notifier, fixture.world.world);
    assert_int_equal(open_descriptors(), before + NOTIFY_SOCKETS);
    for (unsigned i = 0; i < 8; i++) /* until the pauses are long */
        notifier_pass(notifier, now_ms += NOTIFY_LAST_MS);
    assert_true(tried(5) > 0);
    const unsigned tries = tried(6);
    notifier_pass(notifier, now_ms += NOTIFY_WAIT_MS - 1);
    assert_int_equal(open_descriptors(), before + NOTIFY_SOCKETS);
    notifier_pass(notifier, now_ms += 1); /* the rest, which is due, takes their place */
    assert_true(tried(6) >= tries);
    notifier_pass(notifier, now_ms += NOTIFY_WAIT_MS);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_waited_longest_is_told_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_socket_of_a_silent_one_is_closed_long_before_its_next_try, setup, teardown),
    };
    return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
