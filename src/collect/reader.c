#include "collect/reader.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { JOIN_WAIT_MS = 200 };

struct queue {
    struct chore *first, **end;
};

struct reader {
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct queue waiting, ended; /* under the lock, as stop */
    bool stop;
};

static void queue_put(struct queue *queue, struct chore *chore)
{
    chore->next = NULL;
    *queue->end = chore;
    queue->end = &chore->next;
}

static struct chore *queue_take(struct queue *queue)
{
    struct chore *chore = queue->first;
    if (chore && !(queue->first = chore->next))
        queue->end = &queue->first;
    return chore;
}

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
}

void chore_free(struct chore *chore)
{
    if (chore->text)
        explicit_bzero(chore->text, chore->len);
    free(chore->text);
    if (chore->done && chore->command)
        child_release(&chore->child);
    free(chore);
}

static bool read_whole(struct chore *chore, int fd, size_t size)
{
    chore->text = mem_new(size + 2, 1);
    for (ssize_t got = 1; got != 0 && chore->len <= size;) {
        got = read(fd, chore->text + chore->len, size + 1 - chore->len);
        if (got < 0 && errno != EINTR)
            return error_set(&chore->err, "cannot read it: %s", strerror(errno));
        chore->len += got > 0 ? (size_t)got : 0;
    }
    if (chore->len > chore->most)
        return error_set(&chore->err, "the file is longer than %zu octets", chore->most);
    return true;
}

/* Not a pipe or a device, which would be waited for. */
static bool read_file(struct chore *chore)
{
    struct stat file;
    const int fd = open(chore->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) < 0) {
        error_set(&chore->err, "cannot open the file: %s", strerror(errno));
    } else if (!S_ISREG(file.st_mode)) {
        error_set(&chore->err, "it is no plain file");
    } else {
        const int64_t age_ms = clock_wall_ms() - ((int64_t)file.st_mtim.tv_sec * 1000 + file.st_mtim.tv_nsec / 1000000);
        chore->age_ms = age_ms > 0 ? (uint64_t)age_ms : 0;
        chore->done = read_whole(chore, fd, chore->most);
    }
    if (fd >= 0)
        close(fd);
    return chore->done;
}

static void run(struct chore *chore)
{
    if (chore->path)
        read_file(chore);
    else
        chore->done = child_start(chore->command, &chore->child, &chore->err);
}

static void *work(void *context)
{
    struct reader *reader = context;
    pthread_mutex_lock(&reader->lock);
    while (!reader->stop) {
        struct chore *chore = queue_take(&reader->waiting);
        if (!chore) {
            pthread_cond_wait(&reader->more, &reader->lock);
            continue;
        }
        pthread_mutex_unlock(&reader->lock);
        run(chore);
        pthread_mutex_lock(&reader->lock);
        queue_put(&reader->ended, chore);
        eventfd_write(reader->wake_fd, 1);
    }
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

struct reader *reader_new(int wake_fd, struct error *err)
{
    struct reader *reader = mem_new(1, sizeof *reader);
    reader->wake_fd = wake_fd;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->more, NULL);
    queue_init(&reader->waiting);
    queue_init(&reader->ended);
    const int wrong = pthread_create(&reader->thread, NULL, work, reader);
    if (!wrong)
        return reader;
    error_set(err, "cannot start the reader of load files: %s", strerror(wrong));
    free(reader);
    return NULL;
}

bool reader_stop(struct reader *reader)
{
    struct timespec until;
    pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    pthread_cond_signal(&reader->more);
    pthread_mutex_unlock(&reader->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += JOIN_WAIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_timedjoin_np(reader->thread, NULL, &until) != 0)
        return false;
    for (struct chore *chore; (chore = queue_take(&reader->waiting));)
        queue_put(&reader->ended, chore);
    return true;
}

void reader_free(struct reader *reader)
{
    pthread_cond_destroy(&reader->more);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

void reader_push(struct reader *reader, struct chore *chore)
{
    pthread_mutex_lock(&reader->lock);
    queue_put(&reader->waiting, chore);
    pthread_cond_signal(&reader->more);
    pthread_mutex_unlock(&reader->lock);
}

struct chore *reader_take(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    struct chore *chore = queue_take(&reader->ended);
    pthread_mutex_unlock(&reader->lock);
    return chore;
}
