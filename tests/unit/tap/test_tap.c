/* The two ways out as a whole: switched on and off, with somebody who reads and somebody who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tap/tap.h"

#include "base/clock.h"
#include "base/memory.h"
#include "tap/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static char folder[64];
static struct tap *tap;
static struct tap_point *point;
static uint32_t places;

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tap.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    tap = tap_new(NULL);
    point = tap_point(tap);
    return tap ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[80];
    tap_free(tap);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static char *in_folder(const char *name)
{
    return mem_format("%s/%s", folder, name);
}

static void nothing(void *owner)
{
    (void)owner;
}

static const struct rotation large = {.max_mib = 100, .keep = 1};

/* log, socket: names in the folder, or NULL. */
static void set(const char *log, const char *socket, uint32_t sample)
{
    static const struct classes none;
    struct config *config = mem_new(1, sizeof *config);
    config->server.id = mem_text("");
    config->server.version = mem_text("");
    config->dnstap = (struct dnstap_config){.socket = socket ? in_folder(socket) : NULL,
                                            .sample = sample,
                                            .queries = true,
                                            .responses = true,
                                            .identity = mem_text(""),
                                            .version = mem_text(""),
                                            .rotation = large};
    config->query_log = (struct query_log_config){.file = log ? in_folder(log) : NULL, .sample = sample, .rotation = large};
    tap_set(tap, meaning_new(++places, config, &none, NULL, nothing));
}

/* What a worker does with one query. */
static unsigned show(uint32_t draw)
{
    const struct whole_record whole = some_record(CHANNEL_UDP);
    struct tap_view view;
    tap_look(point, &view);
    const unsigned kinds = view.on ? tap_choose(&view, draw) : 0;
    if (kinds)
        tap_put(&view, kinds, &whole.record, some_query, some_answer);
    if (view.on)
        tap_end(&view);
    return kinds;
}

static struct tap_told told(enum tap_kind kind)
{
    struct tap_told now;
    tap_tell(tap, kind, &now);
    return now;
}

/* Waits until so many queries are written, or lost because they could not be. */
static void wait_for(enum tap_kind kind, uint64_t written, uint64_t failed)
{
    for (const uint64_t from_ms = clock_ms(); told(kind).written < written || told(kind).failed < failed;) {
        if (clock_ms() - from_ms > PATIENCE_MS)
            fail_msg("written %ju, failed %ju: %s", (uintmax_t)told(kind).written, (uintmax_t)told(kind).failed, told(kind).err.text);
        usleep(1000);
    }
}

static void wait_works(enum tap_kind kind)
{
    for (const uint64_t from_ms = clock_ms(); !told(kind).works; usleep(1000))
        if (clock_ms() - from_ms > PATIENCE_MS)
            fail_msg("does not work: %s", told(kind).err.text);
}

static size_t lines(const char *name)
{
    char *path = in_folder(name);
    size_t count = 0;
    FILE *file = fopen(path, "r");
    for (int c; file && (c = fgetc(file)) != EOF;)
        count += c == '\n';
    if (file)
        fclose(file);
    free(path);
    return count;
}

static void while_it_is_off_nothing_is_taken(void **state)
{
    (void)state;
    struct tap_view view;
    tap_look(NULL, &view);
    assert_false(view.on);
    assert_int_equal(show(0), 0);
    set(NULL, NULL, 1);
    assert_int_equal(show(0), 0);
    assert_false(tap_logs(tap));
    assert_false(told(TAP_LOG).on);
}

static void the_log_is_switched_on_changed_and_off(void **state)
{
    (void)state;
    set("one", NULL, 1);
    assert_true(tap_logs(tap));
    wait_works(TAP_LOG);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(show(i), 1 << TAP_LOG);
    set("two", NULL, 1);
    wait_works(TAP_LOG);
    assert_int_equal(lines("one"), 100);
    for (uint32_t i = 0; i < 50; i++)
        show(i);
    set(NULL, NULL, 1);
    assert_int_equal(show(0), 0);
    wait_for(TAP_LOG, 150, 0);
    assert_int_equal(lines("two"), 50);
    assert_int_equal(told(TAP_LOG).crowded + told(TAP_LOG).failed, 0);
}

static void one_of_so_many_is_taken_evenly(void **state)
{
    (void)state;
    set("log", NULL, 100);
    unsigned taken = 0;
    for (uint32_t i = 0; i < 100000; i++)
        taken += show(i) != 0;
    assert_in_range(taken, 990, 1010);
    unsigned in_turn = 0; /* who asks in turn with others is not overlooked */
    for (uint32_t i = 0; i < 100000; i += 10)
        in_turn += show(i) != 0;
    assert_in_range(in_turn, 80, 120);
}

static void what_is_in_the_rings_at_the_end_is_written(void **state)
{
    (void)state;
    set("log", NULL, 1);
    for (uint32_t i = 0; i < 500; i++)
        show(i);
    tap_free(tap);
    tap = NULL;
    assert_int_equal(lines("log"), 500);
}

static void what_cannot_be_written_is_counted_and_told(void **state)
{
    (void)state;
    set("no/such/folder", NULL, 1);
    wait_for(TAP_LOG, 0, 0);
    for (uint32_t i = 0; i < 10; i++)
        show(i);
    wait_for(TAP_LOG, 0, 10);
    assert_false(told(TAP_LOG).works);
    assert_non_null(strstr(told(TAP_LOG).err.text, "No such file or directory"));
    assert_int_equal(told(TAP_LOG).written, 0);
}

static int listening(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* READY comes, ACCEPT with the content type goes. False: the other side has lost its patience. */
static bool shakes_hands(int fd)
{
    enum { READY = 42 };
    static const uint8_t accept[] = "\0\0\0\0\0\0\0\x22\0\0\0\1\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap";
    uint8_t ready[READY];
    for (size_t got = 0; got < READY;) {
        const ssize_t now = read(fd, ready + got, READY - got);
        if (now <= 0)
            return false;
        got += (size_t)now;
    }
    assert_memory_equal(ready, "\0\0\0\0\0\0\0\x22\0\0\0\4", 12);
    return send(fd, accept, sizeof accept - 1, MSG_NOSIGNAL) == sizeof accept - 1;
}

/* Somebody who reads. */
static int reader_of(int listener)
{
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        assert_true(fd >= 0);
        if (shakes_hands(fd))
            return fd;
        close(fd);
    }
}

static void who_does_not_read_loses_and_holds_up_nobody(void **state)
{
    (void)state;
    const int listener = listening("tap");
    set("log", "tap", 1);
    const int reader = reader_of(listener);
    uint32_t shown = 0;
    const uint64_t from_ms = clock_ms();
    for (; told(TAP_DNSTAP).crowded < 10 && clock_ms() - from_ms < PATIENCE_MS; shown++) {
        show(shown);
        if (shown % 500 == 0)
            usleep(5000); /* so that the log keeps up */
    }
    assert_true(told(TAP_DNSTAP).crowded >= 10);
    set("log", NULL, 1); /* takes at once, though the other side is stuck */
    assert_int_equal(told(TAP_LOG).crowded, 0);
    wait_for(TAP_LOG, shown, 0);
    assert_int_equal(lines("log"), shown);
    close(reader);
    close(listener);
}

static void a_reader_that_comes_back_gets_what_comes_then(void **state)
{
    (void)state;
    const int listener = listening("tap");
    set(NULL, "tap", 1);
    int reader = reader_of(listener);
    while (told(TAP_DNSTAP).written == 0) {
        show(0);
        usleep(1000);
    }
    close(reader);
    while (told(TAP_DNSTAP).works) {
        show(1);
        usleep(1000);
    }
    assert_non_null(strstr(told(TAP_DNSTAP).err.text, "/tap: "));
    const uint64_t before = told(TAP_DNSTAP).written;
    reader = reader_of(listener);
    while (told(TAP_DNSTAP).written == before) {
        show(2);
        usleep(1000);
    }
    assert_true(told(TAP_DNSTAP).works);
    assert_string_equal(told(TAP_DNSTAP).err.text, "");
    close(reader);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(while_it_is_off_nothing_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(the_log_is_switched_on_changed_and_off, begin, end),
        cmocka_unit_test_setup_teardown(one_of_so_many_is_taken_evenly, begin, end),
        cmocka_unit_test_setup_teardown(what_is_in_the_rings_at_the_end_is_written, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_counted_and_told, begin, end),
        cmocka_unit_test_setup_teardown(who_does_not_read_loses_and_holds_up_nobody, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_that_comes_back_gets_what_comes_then, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
