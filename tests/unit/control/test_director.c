/* The daemon as a whole, in a child process on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/control.h"
#include "control/state.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct run {
    char folder[64];
    pid_t pid;
    int log_fd;
    char log[65536];
    size_t log_len;
};

static struct run run;
static int silent_fd; /* takes probes and never answers */
static unsigned silent_port;

static int open_silent(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    silent_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(silent_fd, (struct sockaddr *)&at, len) < 0 || getsockname(silent_fd, (struct sockaddr *)&at, &len) < 0)
        return -1;
    silent_port = ntohs(at.sin_port);
    return 0;
}

static int close_silent(void **state)
{
    (void)state;
    return close(silent_fd);
}

static unsigned workers = 1;
static bool limited; /* to few threads */

static void put_files(const char *listen, const char *timeout)
{
    char text[1024];
    snprintf(text, sizeof text,
             "server = { listen = [ \"%s\" ]; workers = %u; control = \"run/socket\"; state = \"run/state\"; };\n"
             "zones = ( { name = \"sip.test.\"; file = \"zone\"; } );\n"
             "probes = { udp = { type = \"sip\"; transport = \"udp\"; port = %u; interval = \"%s\"; timeout = \"%s\"; }; };\n"
             "sites = ( { name = \"here\"; location = ( 0.0, 0.0 ); endpoints = (\n"
             "   { host = \"lb1.sip.test.\"; probes = [ \"udp\" ]; }, { host = \"lb2.sip.test.\"; } ); } );\n"
             "services = ( { name = \"sip.test.\"; ttl = \"30s\"; } );\n",
             listen, workers, silent_port, timeout, timeout);
    test_write(run.folder, "conf", text);
    test_write(run.folder, "zone",
               "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"
               "_sip._udp SRV 1 1 5060 lb1\n_sip._udp SRV 1 1 5060 lb2\nlb1 A 127.0.0.1\nlb2 A 127.0.0.2\n");
}

static int begin(void **state)
{
    (void)state;
    run = (struct run){.folder = "/tmp/sipsteer-unit-XXXXXX", .log_fd = -1};
    workers = 1;
    limited = false;
    return mkdtemp(run.folder) ? 0 : -1;
}

static void clear(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char inner[512];
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) < 0)
            clear(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static int end(void **state)
{
    (void)state;
    if (run.pid) {
        kill(run.pid, SIGKILL);
        waitpid(run.pid, NULL, 0);
    }
    close(run.log_fd);
    clear(run.folder);
    return 0;
}

enum { NOBODYS_UID = 54321, THREADS = 24 };

static int give_away(const char *path, const struct stat *of, int kind, struct FTW *where)
{
    (void)of, (void)kind, (void)where;
    return lchown(path, NOBODYS_UID, (gid_t)-1);
}

/* A user of few threads; root is not bound by this limit. */
static void become_limited(void)
{
    const struct rlimit limit = {THREADS, THREADS};
    if (setrlimit(RLIMIT_NPROC, &limit) < 0 || setuid(NOBODYS_UID) < 0)
        _exit(99);
}

static void start(void)
{
    int ends[2];
    char path[128];
    snprintf(path, sizeof path, "%s/conf", run.folder);
    assert_int_equal(pipe(ends), 0);
    run.pid = fork();
    if (run.pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        if (limited)
            become_limited();
        _exit(control_run(path));
    }
    close(ends[1]);
    run.log_fd = ends[0];
}

/* Reads the log until text is in it; false when it ends, or the time is over, before. */
static bool logged(const char *text, unsigned wait_ms)
{
    const uint64_t end_ms = clock_ms() + wait_ms;
    while (!strstr(run.log, text)) {
        const uint64_t now_ms = clock_ms();
        struct pollfd at = {.fd = run.log_fd, .events = POLLIN};
        if (now_ms >= end_ms || poll(&at, 1, (int)(end_ms - now_ms)) <= 0)
            return false;
        const ssize_t got = read(run.log_fd, run.log + run.log_len, sizeof run.log - 1 - run.log_len);
        if (got <= 0)
            return false;
        run.log_len += (size_t)got;
    }
    return true;
}

/* The exit code. */
static int ended(void)
{
    int status;
    assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
    run.pid = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void without_verdicts_the_first_answers_wait_five_seconds_at_most(void **state)
{
    (void)state;
    put_files("127.0.0.1:0", "60s");
    const uint64_t before_ms = clock_ms();
    start();
    assert_true(logged("ready:", 20000));
    const uint64_t took_ms = clock_ms() - before_ms;
    if (took_ms < 4900 || took_ms > 9000)
        fail_msg("ready after %llu ms", (unsigned long long)took_ms);
}

static void as_soon_as_each_check_has_a_verdict_answers_are_given(void **state)
{
    (void)state;
    put_files("127.0.0.1:0", "200ms");
    const uint64_t before_ms = clock_ms();
    start();
    assert_true(logged("ready:", 20000));
    assert_true(clock_ms() - before_ms < 4000);
    assert_non_null(strstr(run.log, "endpoint here/lb1.sip.test.: unknown -> down (timeout)"));
}

static void save_a_verdict(void)
{
    char folder[128], text[512];
    struct error err;
    snprintf(folder, sizeof folder, "%s/run/state", run.folder);
    assert_true(state_open(folder, &err));
    snprintf(
        text, sizeof text,
        "{\"version\":1,\"saved_s\":%lld,\"checks\":[{\"host\":\"lb1.sip.test.\",\"probe\":\"udp\",\"address\":\"127.0.0.1\",\"port\":%u,"
        "\"verdict\":\"up\"}]}",
        (long long)clock_wall_s() - 60, silent_port);
    assert_true(state_write(folder, STATE_VERDICTS, text, &err));
}

static void with_saved_verdicts_answers_are_given_at_once(void **state)
{
    (void)state;
    put_files("127.0.0.1:0", "60s");
    save_a_verdict();
    const uint64_t before_ms = clock_ms();
    start();
    assert_true(logged("ready:", 20000));
    assert_true(clock_ms() - before_ms < 4000);
}

static void sigterm_ends_it_in_order_and_saves_the_state(void **state)
{
    (void)state;
    char path[160];
    put_files("127.0.0.1:0", "200ms");
    start();
    assert_true(logged("ready:", 20000));
    const uint64_t before_ms = clock_ms();
    kill(run.pid, SIGTERM);
    assert_int_equal(ended(), 0);
    assert_true(clock_ms() - before_ms < 3000);
    snprintf(path, sizeof path, "%s/run/state/verdicts.json", run.folder);
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/run/socket", run.folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void it_can_be_stopped_before_it_is_ready(void **state)
{
    (void)state;
    put_files("127.0.0.1:0", "60s");
    start();
    assert_true(logged("before the first answers", 20000));
    kill(run.pid, SIGINT);
    assert_int_equal(ended(), 0);
    assert_true(logged("stopped", 1000));
    assert_null(strstr(run.log, "ready:"));
}

static void a_used_port_ends_the_start(void **state)
{
    (void)state;
    char listen[64], path[160];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", silent_port);
    put_files(listen, "60s");
    start();
    assert_int_equal(ended(), 1);
    assert_true(logged(listen, 1000));
    snprintf(path, sizeof path, "%s/run/state", run.folder);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing was touched */
}

static void workers_that_cannot_be_started_end_the_start(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    workers = 2 * THREADS;
    put_files("127.0.0.1:0", "60s");
    save_a_verdict();
    limited = true;
    assert_int_equal(nftw(run.folder, give_away, 8, FTW_PHYS), 0);
    start();
    assert_true(logged("cannot serve: cannot start a UDP worker", 20000));
    alarm(20);
    assert_int_equal(ended(), 1);
    alarm(0);
    assert_false(logged("ready:", 1000));
}

static void an_unsound_configuration_ends_the_start_with_all_that_is_wrong(void **state)
{
    (void)state;
    test_write(run.folder, "conf", "server = { wrokers = 1; };\nzones = 5;\n");
    start();
    assert_int_equal(ended(), 1);
    assert_true(logged("wrokers", 1000));
    assert_true(logged("zones", 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_verdicts_the_first_answers_wait_five_seconds_at_most, begin, end),
        cmocka_unit_test_setup_teardown(as_soon_as_each_check_has_a_verdict_answers_are_given, begin, end),
        cmocka_unit_test_setup_teardown(with_saved_verdicts_answers_are_given_at_once, begin, end),
        cmocka_unit_test_setup_teardown(sigterm_ends_it_in_order_and_saves_the_state, begin, end),
        cmocka_unit_test_setup_teardown(it_can_be_stopped_before_it_is_ready, begin, end),
        cmocka_unit_test_setup_teardown(a_used_port_ends_the_start, begin, end),
        cmocka_unit_test_setup_teardown(workers_that_cannot_be_started_end_the_start, begin, end),
        cmocka_unit_test_setup_teardown(an_unsound_configuration_ends_the_start_with_all_that_is_wrong, begin, end),
    };
    return cmocka_run_group_tests(tests, open_silent, close_silent);
}
