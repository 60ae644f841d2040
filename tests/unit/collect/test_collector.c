/* The collector with files, commands and a server on loopback: on time, evenly, once for all, and through changes of its set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "collect/collect.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOON_MS = 20000, RESULTS_MOST = 20000, EVERY_MS = 200 };

struct heard {
    pthread_mutex_t lock;
    struct load_result results[RESULTS_MOST];
    size_t count;
};

static struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void hear(const struct load_result *result, void *context)
{
    (void)context;
    pthread_mutex_lock(&heard.lock);
    if (heard.count < RESULTS_MOST)
        heard.results[heard.count++] = *result;
    pthread_mutex_unlock(&heard.lock);
}

static size_t count_of(uint32_t errand, uint32_t generation, struct load_result *ret_last)
{
    size_t count = 0;
    pthread_mutex_lock(&heard.lock);
    for (size_t i = 0; i < heard.count; i++)
        if (heard.results[i].errand == errand && heard.results[i].generation == generation) {
            count++;
            *ret_last = heard.results[i];
        }
    pthread_mutex_unlock(&heard.lock);
    return count;
}

/* The latest of at least so many results of an errand. */
static struct load_result wait_for(uint32_t errand, uint32_t generation, size_t wanted)
{
    struct load_result last = {.why = "nothing came"};
    for (int i = 0; i < SOON_MS / 10; i++) {
        if (count_of(errand, generation, &last) >= wanted)
            return last;
        usleep(10000);
    }
    fail_msg("errand %u: less than %zu results (%s)", errand, wanted, last.why);
    return last;
}

static struct collector *collector;
static char folder[] = "/tmp/sipsteer-collect-XXXXXX";

static int begin(void **state)
{
    (void)state;
    struct error err;
    heard.count = 0;
    collector = collector_new(hear, NULL, &err);
    return collector ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return collector_free(collector) ? 0 : -1;
}

/* Keeps a connection open, answers every request with its number; one request a packet is what libcurl sends. */
struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    _Atomic unsigned asked, open, open_most;
};

static void *serve_one(void *context)
{
    struct server *server = ((void **)context)[0];
    const int fd = (int)(intptr_t)((void **)context)[1];
    char text[2048], reply[256];
    const unsigned open = ++server->open;
    if (open > server->open_most)
        server->open_most = open;
    while (recv(fd, text, sizeof text, 0) > 0) {
        char body[64];
        snprintf(body, sizeof body, "calls %u\nother 7\n", ++server->asked);
        const int len = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
        send(fd, reply, (size_t)len, MSG_NOSIGNAL);
    }
    server->open--;
    close(fd);
    free(context);
    return NULL;
}

static void *serve(void *context)
{
    struct server *server = context;
    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        void **both = mem_new(2, sizeof *both);
        pthread_t thread;
        both[0] = server;
        both[1] = (void *)(intptr_t)fd;
        pthread_create(&thread, NULL, serve_one, both);
        pthread_detach(thread);
    }
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    *server = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server->fd, 128), 0);
    getsockname(server->fd, (struct sockaddr *)&at, &len);
    server->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
    for (int i = 0; i < SOON_MS / 10 && server->open; i++)
        usleep(10000);
    assert_int_equal(server->open, 0);
}

static void a_file_is_read_with_its_time(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/calls", folder);
    FILE *file = fopen(path, "w");
    fputs("42\n", file);
    fclose(file);
    struct load_source source = {.type = LOAD_FILE, .interval_ms = EVERY_MS, .timeout_ms = 100, .file = path, .scale = 1};
    struct load_source folder_itself = source, missing = source;
    folder_itself.file = folder;
    missing.file = "/nowhere/%h";
    const struct load_errand errands[] = {{.source = &source}, {.source = &folder_itself}, {.source = &missing, .words = {.host = "lb1"}}};
    const uint64_t before_ms = clock_ms();
    collector_set(collector, errands, 3, 1);
    const struct load_result result = wait_for(0, 1, 2);
    assert_true(result.done && result.sample.value == 42);
    assert_int_equal(result.sample.interval_ms, EVERY_MS);
    assert_true(result.sample.at_ms <= clock_ms() && result.sample.at_ms + SOON_MS > before_ms);
    assert_string_equal(wait_for(1, 1, 1).why, "it is no plain file");
    assert_non_null(strstr(wait_for(2, 1, 1).why, "cannot open the file"));
}

/* Stands before the library's own, which it calls. */
static _Atomic unsigned parsed;
json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *ret_why)
{
    json_t *(*own)(const char *, size_t, size_t, json_error_t *);
    *(void **)&own = dlsym(RTLD_NEXT, "json_loadb");
    parsed++;
    return own(text, len, flags, ret_why);
}

static void a_document_is_parsed_once_for_all_that_is_picked_from_it(void **state)
{
    (void)state;
    enum { PICKS = 20 };
    char path[128], picks[PICKS][16];
    struct load_source sources[PICKS];
    struct load_errand errands[PICKS];
    snprintf(path, sizeof path, "%s/document", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"v\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}", file);
    fclose(file);
    for (unsigned i = 0; i < PICKS; i++) {
        snprintf(picks[i], sizeof picks[i], "v.%u", i);
        sources[i] = (struct load_source){.type = LOAD_FILE, .file = path, .path = picks[i], .interval_ms = SOON_MS, .timeout_ms = SOON_MS};
        errands[i] = (struct load_errand){.source = &sources[i]};
    }
    parsed = 0;
    collector_set(collector, errands, PICKS, 1);
    assert_true(wait_for(7, 1, 1).sample.value == 7);
    assert_string_equal(wait_for(PICKS - 1, 1, 1).why, "there is no \"19\" at v.19");
    assert_int_equal(parsed, 1);
    unlink(path);
}

static void a_command_is_run_and_killed_when_it_takes_too_long(void **state)
{
    (void)state;
    char *echo[] = {"/bin/echo", "%h"}, *sleeping[] = {"/bin/sleep", "1000"}, *endless[] = {"/usr/bin/yes"}, *missing[] = {"/nowhere/x"};
    struct load_source sources[] = {
        {.type = LOAD_EXEC, .command = echo, .command_count = 2},
        {.type = LOAD_EXEC, .command = sleeping, .command_count = 2},
        {.type = LOAD_EXEC, .command = endless, .command_count = 1},
        {.type = LOAD_EXEC, .command = missing, .command_count = 1},
    };
    struct load_errand errands[4];
    for (size_t i = 0; i < 4; i++) {
        sources[i].interval_ms = EVERY_MS;
        sources[i].timeout_ms = i == 2 ? SOON_MS : 150;
        errands[i] = (struct load_errand){.source = &sources[i], .words = {.host = "17"}};
    }
    sources[0].timeout_ms = SOON_MS;
    collector_set(collector, errands, 4, 1);
    const struct load_result result = wait_for(0, 1, 2);
    assert_true(result.done && result.sample.value == 17);
    assert_string_equal(wait_for(1, 1, 2).why, "it does not end within 150 ms");
    assert_string_equal(wait_for(2, 1, 1).why, "it prints more than 65536 octets");
    assert_non_null(strstr(wait_for(3, 1, 1).why, "cannot run /nowhere/x"));
}

/* Stands before the library's own: a child that waits for a disk does not hear it. */
static atomic_bool deaf;
int kill(pid_t pid, int number)
{
    return deaf ? 0 : (int)syscall(SYS_kill, pid, number);
}

static size_t lines_of(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t lines = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static void a_command_that_cannot_be_killed_is_not_run_again_before_it_has_ended(void **state)
{
    (void)state;
    char script[256], path[128];
    snprintf(path, sizeof path, "%s/starts", folder);
    snprintf(script, sizeof script, "echo >> %s; exec sleep 3", path);
    char *stuck[] = {"/bin/sh", "-c", script}, *echo[] = {"/bin/echo", "1"};
    const struct load_source sources[] = {
        {.type = LOAD_EXEC, .command = stuck, .command_count = 3, .interval_ms = EVERY_MS, .timeout_ms = 100},
        {.type = LOAD_EXEC, .command = echo, .command_count = 2, .interval_ms = EVERY_MS, .timeout_ms = SOON_MS},
    };
    const struct load_errand errands[] = {{.source = &sources[0]}, {.source = &sources[1]}};
    deaf = true;
    collector_set(collector, errands, 2, 1);
    assert_string_equal(wait_for(0, 1, 1).why, "it does not end within 100 ms");
    wait_for(1, 1, 4);                       /* so many turns have gone by */
    collector_set(collector, errands, 2, 2); /* nor does a reload change that */
    wait_for(1, 2, 3);
    assert_int_equal(lines_of(path), 1);
    wait_for(0, 2, 1); /* it has ended, and is asked again */
    assert_true(lines_of(path) > 1);
    deaf = false;
    unlink(path);
}

static void pages_are_asked_once_for_all_their_sources_and_over_kept_connections(void **state)
{
    (void)state;
    struct server server;
    server_start(&server);
    char *url = mem_format("http://127.0.0.1:%u/", server.port);
    struct load_source source = {
        .type = LOAD_PROMETHEUS, .interval_ms = EVERY_MS, .timeout_ms = 5000, .url = url, .metric = "calls", .verify = true};
    struct load_source other = source, slower = source;
    other.metric = "other";
    slower.interval_ms = 10 * EVERY_MS;
    const struct load_errand errands[] = {{.source = &source}, {.source = &other}, {.source = &slower}};
    collector_set(collector, errands, 3, 1);
    const struct load_result last = wait_for(0, 1, 5);
    assert_true(last.done);
    assert_true(wait_for(1, 1, 5).sample.value == 7);
    const struct load_result slow = wait_for(2, 1, 5);
    assert_int_equal(slow.sample.interval_ms, 10 * EVERY_MS);
    assert_true(last.sample.value >= 5 && last.sample.value <= server.asked);
    assert_int_equal(server.open_most, 1);
    end(NULL);
    begin(NULL); /* its connections are closed */
    server_end(&server);
    free(url);
}

static void a_reload_keeps_the_schedule_and_numbers_results_anew(void **state)
{
    (void)state;
    struct server server;
    server_start(&server);
    char *url = mem_format("http://127.0.0.1:%u/", server.port);
    struct load_source source = {
        .type = LOAD_PROMETHEUS, .interval_ms = 300, .timeout_ms = 5000, .url = url, .metric = "calls", .verify = true};
    struct load_source pushed = {.type = LOAD_PUSH};
    const struct load_errand one[] = {{.source = &source}}, two[] = {{.source = &pushed}, {.source = &source}};
    collector_set(collector, one, 1, 1);
    wait_for(0, 1, 1);
    for (uint32_t generation = 2; generation < 12; generation++) { /* one that began anew each time would be asked at once each time */
        collector_set(collector, two, 2, generation);
        usleep(10000);
    }
    assert_true(server.asked <= 3);
    assert_true(wait_for(1, 11, 2).done);
    struct load_result last;
    assert_int_equal(count_of(0, 11, &last), 0);
    collector_set(collector, NULL, 0, 12);
    end(NULL);
    begin(NULL);
    server_end(&server);
    free(url);
}

static void many_pages_are_spread_evenly(void **state)
{
    enum { PAGES = 1000, INTERVAL_MS = 1000, SLOTS = 20 };
    (void)state;
    char path[128];
    struct load_source source = {.type = LOAD_FILE, .interval_ms = INTERVAL_MS, .timeout_ms = 100, .scale = 1};
    struct load_errand errands[PAGES];
    char hosts[PAGES][16];
    snprintf(path, sizeof path, "%s/%%h", folder);
    source.file = path;
    for (size_t i = 0; i < PAGES; i++) {
        snprintf(hosts[i], sizeof hosts[i], "h%zu", i);
        errands[i] = (struct load_errand){.source = &source, .words = {.host = hosts[i]}};
    }
    collector_set(collector, errands, PAGES, 1);
    uint64_t before = 0, most = 0;
    const uint64_t start_ms = clock_ms();
    for (int slot = 0; slot < SLOTS; slot++) {
        usleep(INTERVAL_MS * 1000 / SLOTS);
        const uint64_t asked = collector_state(collector).asked;
        most = asked - before > most ? asked - before : most;
        before = asked;
    }
    const uint64_t took_ms = clock_ms() - start_ms;
    assert_in_range(before, PAGES / 2, PAGES + PAGES * took_ms / INTERVAL_MS);
    assert_true(most < PAGES / 2); /* the mean is a twentieth; a busy machine may bundle some */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_with_its_time, begin, end),
        cmocka_unit_test_setup_teardown(a_document_is_parsed_once_for_all_that_is_picked_from_it, begin, end),
        cmocka_unit_test_setup_teardown(a_command_that_cannot_be_killed_is_not_run_again_before_it_has_ended, begin, end),
        cmocka_unit_test_setup_teardown(a_command_is_run_and_killed_when_it_takes_too_long, begin, end),
        cmocka_unit_test_setup_teardown(pages_are_asked_once_for_all_their_sources_and_over_kept_connections, begin, end),
        cmocka_unit_test_setup_teardown(a_reload_keeps_the_schedule_and_numbers_results_anew, begin, end),
        cmocka_unit_test_setup_teardown(many_pages_are_spread_evenly, begin, end),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(folder))
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/calls", folder);
    unlink(path);
    rmdir(folder);
    return failed;
}
