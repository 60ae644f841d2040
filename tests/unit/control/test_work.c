#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/inbox.h"
#include "control/work.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct note {
    struct job job;
    int number;
    unsigned takes_ms;
};

static atomic_int ran;
static int done[16], done_count;

static void run(struct job *job)
{
    usleep(((struct note *)job)->takes_ms * 1000);
    ran++;
}

static void finish(struct job *job)
{
    done[done_count++] = ((struct note *)job)->number;
}

static struct note note(int number, unsigned takes_ms)
{
    return (struct note){.job = {.run = run, .done = finish}, .number = number, .takes_ms = takes_ms};
}

static int fd;
static struct work *left_behind; /* still reachable for the leak checker */

static int begin(void **state)
{
    (void)state;
    fd = eventfd(0, EFD_NONBLOCK);
    ran = done_count = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    return close(fd);
}

static bool raised(int wait_ms)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};
    eventfd_t value;
    return poll(&at, 1, wait_ms) == 1 && eventfd_read(fd, &value) == 0;
}

static void jobs_are_done_in_their_order_and_told_of(void **state)
{
    (void)state;
    struct error err;
    struct work *work = work_new(fd, 0, &err);
    struct note notes[] = {note(1, 5), note(2, 0), note(3, 1)};
    for (size_t i = 0; i < 3; i++)
        work_push(work, &notes[i].job);
    for (const uint64_t until = clock_ms() + 5000; done_count < 3 && clock_ms() < until; work_collect(work))
        raised(100);
    assert_int_equal(done_count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(done[i], i + 1);
    assert_true(work_free(work, 1000));
}

static void done_is_never_called_before_it_is_collected(void **state)
{
    (void)state;
    struct error err;
    struct work *work = work_new(fd, 0, &err);
    struct note only = note(1, 0);
    work_push(work, &only.job);
    assert_true(raised(5000));
    assert_int_equal(ran, 1);
    assert_int_equal(done_count, 0);
    work_collect(work);
    assert_int_equal(done_count, 1);
    assert_true(work_free(work, 1000));
}

static void what_is_left_at_the_end_is_still_done(void **state)
{
    (void)state;
    struct error err;
    struct work *work = work_new(fd, 0, &err);
    struct note notes[] = {note(1, 20), note(2, 0)};
    work_push(work, &notes[0].job);
    work_push(work, &notes[1].job);
    assert_true(work_free(work, 5000));
    assert_int_equal(done_count, 2);
}

static void a_busy_thread_is_not_waited_for_without_end(void **state)
{
    (void)state;
    struct error err;
    struct work *work = left_behind = work_new(fd, 0, &err);
    struct note slow = note(1, 400);
    work_push(work, &slow.job);
    const uint64_t before_ms = clock_ms();
    assert_false(work_free(work, 50));
    assert_true(clock_ms() - before_ms < 350);
    while (ran == 0) /* the stack frame is the job's */
        usleep(1000);
    usleep(20000);
    assert_int_equal(done_count, 0);
}

static void put(struct inbox *inbox, uint32_t number)
{
    const struct check_result result = {.check = number};
    inbox_put(&result, inbox);
}

static void all_results_come_out_once_in_their_order(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(fd, sizeof(struct check_result));
    size_t count;
    for (unsigned round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < 100 * (round + 1); i++)
            put(inbox, i);
        const struct check_result *results = inbox_take(inbox, &count);
        assert_int_equal(count, 100 * (round + 1));
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(results[i].check, i);
        inbox_take(inbox, &count);
        assert_int_equal(count, 0);
    }
    inbox_free(inbox);
}

static void the_reader_is_woken_once_for_many_results(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(fd, sizeof(struct check_result));
    size_t count;
    eventfd_t value;
    for (uint32_t i = 0; i < 10; i++)
        put(inbox, i);
    assert_int_equal(eventfd_read(fd, &value), 0);
    assert_int_equal(value, 1);
    inbox_take(inbox, &count);
    assert_false(raised(0));
    put(inbox, 0);
    assert_true(raised(0));
    inbox_free(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(jobs_are_done_in_their_order_and_told_of, begin, end),
        cmocka_unit_test_setup_teardown(done_is_never_called_before_it_is_collected, begin, end),
        cmocka_unit_test_setup_teardown(what_is_left_at_the_end_is_still_done, begin, end),
        cmocka_unit_test_setup_teardown(a_busy_thread_is_not_waited_for_without_end, begin, end),
        cmocka_unit_test_setup_teardown(all_results_come_out_once_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(the_reader_is_woken_once_for_many_results, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
