#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/admin.h"
#include "control/protocol.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A server that echoes each request's length, or keeps the client waiting for "later". */
struct bench {
    char folder[64], path[96];
    struct event_base *base;
    struct admin *admin;
    struct client *waiting;
    unsigned requests;
};

static struct bench bench;

static void on_request(struct client *client, const char *line, size_t len, void *context)
{
    struct bench *at = context;
    at->requests++;
    if (len == 5 && memcmp(line, "later", 5) == 0)
        at->waiting = client;
    else
        client_reply(client, json_pack("{s:i}", "length", (int)len));
}

static int begin(void **state)
{
    (void)state;
    struct error err;
    bench = (struct bench){.folder = "/tmp/sipsteer-unit-XXXXXX"};
    assert_non_null(mkdtemp(bench.folder));
    snprintf(bench.path, sizeof bench.path, "%s/run/socket", bench.folder);
    bench.base = event_base_new();
    event_base_priority_init(bench.base, 2);
    bench.admin = admin_new(bench.base, 1, bench.path, on_request, &bench, &err);
    assert_non_null(bench.admin);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char run[96];
    admin_free(bench.admin);
    event_base_free(bench.base);
    assert_int_not_equal(access(bench.path, F_OK), 0);
    snprintf(run, sizeof run, "%s/run", bench.folder);
    return rmdir(run) | rmdir(bench.folder);
}

static void pump(void)
{
    for (int i = 0; i < 20; i++) {
        event_base_loop(bench.base, EVLOOP_NONBLOCK);
        usleep(500);
    }
}

static int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", bench.path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has come in; "" for nothing yet, "(end)" when the server has hung up. */
static const char *heard(int fd)
{
    static char text[4096];
    pump();
    const ssize_t got = recv(fd, text, sizeof text - 1, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        return "(end)";
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void each_line_is_a_request_with_one_reply(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "abc\nde");
    assert_string_equal(heard(fd), "{\"length\":3}\n");
    say(fd, "f\n\n");
    assert_string_equal(heard(fd), "{\"length\":3}\n{\"length\":0}\n");
    close(fd);
}

static void only_owner_and_group_may_open_the_socket(void **state)
{
    (void)state;
    struct stat of;
    assert_int_equal(stat(bench.path, &of), 0);
    assert_int_equal(of.st_mode & 0777, 0660);
}

static void the_next_request_waits_for_the_reply_to_the_last(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "later\nnext\n");
    assert_string_equal(heard(fd), "");
    assert_int_equal(bench.requests, 1);
    client_reply(bench.waiting, json_pack("{s:i}", "at", 1));
    assert_string_equal(heard(fd), "{\"at\":1}\n{\"length\":4}\n");
    close(fd);
}

static void a_client_that_closes_its_side_still_gets_its_replies(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "one\nfour\n");
    shutdown(fd, SHUT_WR);
    assert_string_equal(heard(fd), "{\"length\":3}\n{\"length\":4}\n");
    assert_string_equal(heard(fd), "(end)");
    close(fd);
}

static void a_client_that_has_gone_does_not_trouble_its_late_reply(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "later\n");
    pump();
    close(fd);
    pump();
    client_reply(bench.waiting, json_pack("{s:i}", "at", 1));
    pump();
    const int next = dial();
    say(next, "x\n");
    assert_string_equal(heard(next), "{\"length\":1}\n");
    close(next);
}

static void a_request_without_end_is_refused_and_hung_up_on(void **state)
{
    (void)state;
    const int fd = dial();
    char block[4096];
    memset(block, 'x', sizeof block);
    for (size_t left = REQUEST_MAX + 1; left;) {
        const ssize_t sent = send(fd, block, left < sizeof block ? left : sizeof block, MSG_NOSIGNAL);
        assert_true(sent > 0);
        left -= (size_t)sent;
        event_base_loop(bench.base, EVLOOP_NONBLOCK);
    }
    assert_non_null(strstr(heard(fd), "longer than 64 KiB"));
    assert_string_equal(heard(fd), "(end)");
    assert_int_equal(bench.requests, 0);
    close(fd);
}

static void a_request_of_the_largest_size_is_taken(void **state)
{
    (void)state;
    const int fd = dial();
    char *line = malloc(REQUEST_MAX + 2);
    memset(line, 'x', REQUEST_MAX);
    line[REQUEST_MAX] = '\n';
    for (size_t at = 0; at <= REQUEST_MAX;) {
        const ssize_t sent = send(fd, line + at, REQUEST_MAX + 1 - at, MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        event_base_loop(bench.base, EVLOOP_NONBLOCK);
    }
    assert_string_equal(heard(fd), "{\"length\":65536}\n");
    free(line);
    close(fd);
}

static void among_too_many_clients_the_longest_idle_makes_room(void **state)
{
    (void)state;
    int fds[CLIENTS_MAX + 1];
    fds[0] = dial();
    pump();
    usleep(2000);
    for (int i = 1; i <= CLIENTS_MAX; i++) {
        fds[i] = dial();
        event_base_loop(bench.base, EVLOOP_NONBLOCK);
    }
    assert_string_equal(heard(fds[0]), "(end)");
    say(fds[CLIENTS_MAX], "x\n");
    assert_string_equal(heard(fds[CLIENTS_MAX]), "{\"length\":1}\n");
    for (int i = 0; i <= CLIENTS_MAX; i++)
        close(fds[i]);
    pump();
}

static void clients_that_have_gone_before_their_reply_lock_nobody_out(void **state)
{
    (void)state;
    struct client *waiting[CLIENTS_MAX];
    for (int i = 0; i < CLIENTS_MAX; i++) {
        const int fd = dial();
        say(fd, "later\n");
        for (unsigned before = bench.requests; bench.requests == before;)
            event_base_loop(bench.base, EVLOOP_NONBLOCK);
        waiting[i] = bench.waiting;
        shutdown(fd, SHUT_WR); /* no sign of going yet: the reply may still be read */
        pump();
        close(fd);
    }
    pump();
    const int fd = dial();
    say(fd, "x\n");
    assert_string_equal(heard(fd), "{\"length\":1}\n");
    for (int i = 0; i < CLIENTS_MAX; i++)
        client_reply(waiting[i], json_object());
    close(fd);
    pump();
}

static void a_living_socket_is_not_taken_and_a_stale_one_is(void **state)
{
    (void)state;
    struct error err = {""};
    assert_null(admin_new(bench.base, 1, bench.path, on_request, &bench, &err));
    assert_non_null(strstr(err.text, "another"));
    const int fd = dial();
    say(fd, "x\n");
    assert_string_equal(heard(fd), "{\"length\":1}\n");
    close(fd);

    char stale[96];
    snprintf(stale, sizeof stale, "%s/stale", bench.folder);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", stale);
    const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&at, sizeof at), 0);
    close(dead);
    struct admin *second = admin_new(bench.base, 1, stale, on_request, &bench, &err);
    assert_non_null(second);
    admin_free(second);
}

static void what_is_no_socket_is_never_removed(void **state)
{
    (void)state;
    struct error err = {""};
    char path[96];
    snprintf(path, sizeof path, "%s/file", bench.folder);
    fclose(fopen(path, "w"));
    assert_null(admin_new(bench.base, 1, path, on_request, &bench, &err));
    assert_non_null(strstr(err.text, "something else"));
    assert_int_equal(unlink(path), 0);
}

static void a_path_too_long_for_a_socket_is_an_error(void **state)
{
    (void)state;
    struct error err = {""};
    char path[256];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_null(admin_new(bench.base, 1, path, on_request, &bench, &err));
    assert_non_null(strstr(err.text, "longer than"));
}

static void who_asks_is_known_by_the_connection(void **state)
{
    (void)state;
    char who[64];
    const int fd = dial();
    say(fd, "later\n");
    pump();
    const struct passwd *me = getpwuid(getuid());
    client_who(bench.waiting, who);
    if (me)
        assert_string_equal(who, me->pw_name);
    else
        assert_int_equal(strncmp(who, "uid ", 4), 0);
    client_reply(bench.waiting, json_object());
    close(fd);
    pump();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_is_a_request_with_one_reply, begin, end),
        cmocka_unit_test_setup_teardown(only_owner_and_group_may_open_the_socket, begin, end),
        cmocka_unit_test_setup_teardown(the_next_request_waits_for_the_reply_to_the_last, begin, end),
        cmocka_unit_test_setup_teardown(a_client_that_closes_its_side_still_gets_its_replies, begin, end),
        cmocka_unit_test_setup_teardown(a_client_that_has_gone_does_not_trouble_its_late_reply, begin, end),
        cmocka_unit_test_setup_teardown(a_request_without_end_is_refused_and_hung_up_on, begin, end),
        cmocka_unit_test_setup_teardown(a_request_of_the_largest_size_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(among_too_many_clients_the_longest_idle_makes_room, begin, end),
        cmocka_unit_test_setup_teardown(clients_that_have_gone_before_their_reply_lock_nobody_out, begin, end),
        cmocka_unit_test_setup_teardown(a_living_socket_is_not_taken_and_a_stale_one_is, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_never_removed, begin, end),
        cmocka_unit_test_setup_teardown(a_path_too_long_for_a_socket_is_an_error, begin, end),
        cmocka_unit_test_setup_teardown(who_asks_is_known_by_the_connection, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
