#include "control/work.h"

#include "base/memory.h"
#include "base/progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct queue {
    struct job *first, **last;
};

struct work {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t pushed, ended; /* ended: waited for by the monotonic clock */
    struct queue todo, finished;
    bool ending, over;
    int wake_fd, nice;
    struct progress progress;
};

static void queue_put(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct job *queue_take(struct queue *queue)
{
    struct job *job = queue->first;
    if (job && !(queue->first = job->next))
        queue->last = &queue->first;
    return job;
}

static void *run(void *context)
{
    struct work *work = context;
    setpriority(PRIO_PROCESS, (id_t)gettid(), work->nice);
    progress_use(&work->progress);
    pthread_mutex_lock(&work->lock);
    for (;;) {
        struct job *job = queue_take(&work->todo);
        if (!job && work->ending)
            break;
        if (!job) {
            pthread_cond_wait(&work->pushed, &work->lock);
            continue;
        }
        pthread_mutex_unlock(&work->lock);
        job->run(job);
        progress_end();
        pthread_mutex_lock(&work->lock);
        queue_put(&work->finished, job);
        eventfd_write(work->wake_fd, 1);
    }
    work->over = true;
    pthread_cond_signal(&work->ended);
    pthread_mutex_unlock(&work->lock);
    return NULL;
}

static void init_locks(struct work *work)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->pushed, NULL);
    pthread_cond_init(&work->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct work *work_new(int wake_fd, int nice, struct error *err)
{
    struct work *work = mem_new(1, sizeof *work);
    work->wake_fd = wake_fd;
    work->nice = nice;
    work->todo.last = &work->todo.first;
    work->finished.last = &work->finished.first;
    init_locks(work);
    const int failed = pthread_create(&work->thread, NULL, run, work);
    if (failed) {
        error_set(err, "cannot start a thread: %s", strerror(failed));
        free(work);
        return NULL;
    }
    return work;
}

void work_push(struct work *work, struct job *job)
{
    pthread_mutex_lock(&work->lock);
    queue_put(&work->todo, job);
    pthread_cond_signal(&work->pushed);
    pthread_mutex_unlock(&work->lock);
}

const struct progress *work_progress(const struct work *work)
{
    return &work->progress;
}

void work_collect(struct work *work)
{
    for (;;) {
        pthread_mutex_lock(&work->lock);
        struct job *job = queue_take(&work->finished);
        pthread_mutex_unlock(&work->lock);
        if (!job)
            return;
        job->done(job);
    }
}

static struct timespec after(unsigned wait_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

bool work_free(struct work *work, unsigned wait_ms)
{
    if (!work)
        return true;
    const struct timespec until = after(wait_ms);
    pthread_mutex_lock(&work->lock);
    work->ending = true;
    pthread_cond_signal(&work->pushed);
    int late = 0;
    while (!work->over && !late)
        late = pthread_cond_timedwait(&work->ended, &work->lock, &until);
    const bool over = work->over;
    pthread_mutex_unlock(&work->lock);
    if (!over)
        return false;
    pthread_join(work->thread, NULL);
    work_collect(work);
    pthread_cond_destroy(&work->pushed);
    pthread_cond_destroy(&work->ended);
    pthread_mutex_destroy(&work->lock);
    free(work);
    return true;
}
