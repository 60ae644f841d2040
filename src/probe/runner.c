#include "probe/runner.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { READS_MAX = 16, END_WAIT_S = 1 };

struct runner {
    struct probe_engine *engine;
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;
    pthread_mutex_t lock;
    struct errand *posted, **posted_end; /* under the lock */
    struct errand *waiting, **waiting_end;
    struct errand *running[RUN_AT_ONCE_MAX];
    size_t running_count;
};

void errand_free(struct errand *errand)
{
    for (char **word = errand->argv; *word; word++)
        free(*word);
    free(errand->argv);
    free(errand);
}

static void wake(struct runner *runner)
{
    eventfd_write(runner->wake_fd, 1);
}

static void collect(struct runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    if (runner->posted) {
        *runner->waiting_end = runner->posted;
        runner->waiting_end = runner->posted_end;
        runner->posted = NULL;
        runner->posted_end = &runner->posted;
    }
    pthread_mutex_unlock(&runner->lock);
}

static struct errand *next_waiting(struct runner *runner)
{
    struct errand *errand = runner->waiting;
    runner->waiting = errand->next;
    if (!runner->waiting)
        runner->waiting_end = &runner->waiting;
    return errand;
}

static void start(struct runner *runner, struct errand *errand)
{
    const bool wanted = !atomic_load(&errand->given_up) && !atomic_load(&runner->stop);
    const bool timely = clock_ms() <= errand->latest_ms;
    if (!timely)
        error_set(&errand->err, "no turn in time: %d commands run at once", RUN_AT_ONCE_MAX);
    if (wanted && timely && child_start(errand->argv, &errand->child, &errand->err)) {
        errand->ran = true;
        atomic_store(&errand->started, true);
        runner->running[runner->running_count++] = errand;
        return;
    }
    engine_post(runner->engine, &errand->mail);
}

/* Everything that is there, so that whoever prints much does not wait for us; the beginning is kept. A stream without end gets its share of a turn. */
static void read_output(struct errand *errand)
{
    char rest[4096];
    for (int i = 0; i < READS_MAX; i++) {
        const size_t room = OUTPUT_MAX - errand->output_len;
        const ssize_t got = read(errand->child.out_fd, room ? errand->output + errand->output_len : rest, room ? room : sizeof rest);
        if (got <= 0)
            return;
        errand->output_len += room ? (size_t)got : 0;
    }
}

/* The number of those running is one less afterwards. */
static void finish(struct runner *runner, size_t at)
{
    struct errand *errand = runner->running[at];
    runner->running[at] = runner->running[--runner->running_count];
    child_release(&errand->child);
    engine_post(runner->engine, &errand->mail);
}

static void press(struct errand *errand, uint64_t now_ms)
{
    if (!atomic_load(&errand->given_up) || errand->killed)
        return;
    if (errand->kill_at_ms == 0) {
        errand->kill_at_ms = now_ms + TERMINATE_GRACE_MS;
        child_terminate(&errand->child);
    } else if (now_ms >= errand->kill_at_ms) {
        errand->killed = true;
        child_kill(&errand->child);
    }
}

static void attend(struct runner *runner)
{
    const uint64_t now_ms = clock_ms();
    for (size_t i = runner->running_count; i-- > 0;) {
        struct errand *errand = runner->running[i];
        read_output(errand);
        if (child_ended(&errand->child, &errand->code)) {
            read_output(errand);
            finish(runner, i);
        } else
            press(errand, now_ms);
    }
}

/* Whether a child has been asked to end and may need to be killed soon. */
static int patience_ms(const struct runner *runner)
{
    for (size_t i = 0; i < runner->running_count; i++)
        if (runner->running[i]->kill_at_ms && !runner->running[i]->killed)
            return TERMINATE_GRACE_MS / 5;
    return -1;
}

static void await(struct runner *runner)
{
    struct pollfd polls[1 + 2 * RUN_AT_ONCE_MAX] = {{.fd = runner->wake_fd, .events = POLLIN}};
    eventfd_t count;
    for (size_t i = 0; i < runner->running_count; i++) {
        struct child *child = &runner->running[i]->child;
        polls[1 + 2 * i] = (struct pollfd){.fd = child->end_fd, .events = POLLIN};
        polls[2 + 2 * i] = (struct pollfd){.fd = child->out_fd, .events = POLLIN};
    }
    if (poll(polls, 1 + 2 * runner->running_count, patience_ms(runner)) <= 0)
        return;
    if (polls[0].revents)
        eventfd_read(runner->wake_fd, &count);
    /* Its output is closed but it runs on: the end is what is left to wait for. */
    for (size_t i = 0; i < runner->running_count; i++)
        if ((polls[2 + 2 * i].revents & (POLLHUP | POLLIN)) == POLLHUP)
            child_close_output(&runner->running[i]->child);
}

static void end_all(struct runner *runner)
{
    collect(runner);
    while (runner->waiting)
        engine_post(runner->engine, &next_waiting(runner)->mail);
    for (size_t i = 0; i < runner->running_count; i++)
        child_kill(&runner->running[i]->child);
    while (runner->running_count)
        finish(runner, runner->running_count - 1);
}

static void *run(void *context)
{
    struct runner *runner = context;
    while (!atomic_load(&runner->stop)) {
        collect(runner);
        while (runner->waiting && runner->running_count < RUN_AT_ONCE_MAX)
            start(runner, next_waiting(runner));
        await(runner);
        attend(runner);
    }
    end_all(runner);
    return NULL;
}

struct runner *runner_new(struct probe_engine *engine, struct error *err)
{
    struct runner *runner = mem_new(1, sizeof *runner);
    runner->engine = engine;
    runner->posted_end = &runner->posted;
    runner->waiting_end = &runner->waiting;
    pthread_mutex_init(&runner->lock, NULL);
    runner->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int failed = runner->wake_fd < 0 ? errno : pthread_create(&runner->thread, NULL, run, runner);
    if (failed == 0) {
        pthread_setname_np(runner->thread, "commands");
        return runner;
    }
    error_set(err, "cannot start the thread for commands: %s", strerror(failed));
    if (runner->wake_fd >= 0)
        close(runner->wake_fd);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
    return NULL;
}

void runner_free(struct runner *runner)
{
    struct timespec until;
    if (runner == NULL)
        return;
    atomic_store(&runner->stop, true);
    wake(runner);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_WAIT_S;
    if (pthread_timedjoin_np(runner->thread, NULL, &until) != 0)
        return; /* it sits in the kernel, and what it holds must stay */
    close(runner->wake_fd);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
}

void runner_post(struct runner *runner, struct errand *errand)
{
    errand->next = NULL;
    pthread_mutex_lock(&runner->lock);
    *runner->posted_end = errand;
    runner->posted_end = &errand->next;
    pthread_mutex_unlock(&runner->lock);
    wake(runner);
}

void runner_give_up(struct runner *runner, struct errand *errand)
{
    atomic_store(&errand->given_up, true);
    wake(runner);
}
