#include "probe/file_reader.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { END_WAIT_S = 1 };

struct file_reader {
    struct probe_engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool stop; /* under the lock, as the list is */
    struct reading *first, **end;
};

void reading_free(struct reading *reading)
{
    free(reading->path);
    free(reading);
}

/* 0, or an errno. Something that is no file could keep us waiting, or never end. */
static int read_open(struct reading *reading, int fd)
{
    struct stat about;
    if (fstat(fd, &about) < 0)
        return errno;
    if (!S_ISREG(about.st_mode))
        return EINVAL;
    reading->age_ms = clock_wall_ms() - (int64_t)about.st_mtim.tv_sec * 1000 - about.st_mtim.tv_nsec / 1000000;
    const ssize_t got = read(fd, reading->text, sizeof reading->text);
    reading->len = got > 0 ? (size_t)got : 0;
    return got < 0 ? errno : 0;
}

static void read_file(struct reading *reading)
{
    const int fd = open(reading->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    reading->failed = fd < 0 ? errno : read_open(reading, fd);
    if (fd >= 0)
        close(fd);
}

/* NULL: it is time to stop, and nothing is left. */
static struct reading *next(struct file_reader *reader, bool *ret_stop)
{
    pthread_mutex_lock(&reader->lock);
    while (!reader->first && !reader->stop)
        pthread_cond_wait(&reader->more, &reader->lock);
    struct reading *reading = reader->first;
    if (reading && (reader->first = reading->next) == NULL)
        reader->end = &reader->first;
    *ret_stop = reader->stop;
    pthread_mutex_unlock(&reader->lock);
    return reading;
}

static void *run(void *context)
{
    struct file_reader *reader = context;
    struct reading *reading;
    bool stop;
    while ((reading = next(reader, &stop))) {
        if (!stop)
            read_file(reading);
        engine_post(reader->engine, &reading->mail);
    }
    return NULL;
}

struct file_reader *file_reader_new(struct probe_engine *engine, struct error *err)
{
    struct file_reader *reader = mem_new(1, sizeof *reader);
    reader->engine = engine;
    reader->end = &reader->first;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->more, NULL);
    const int failed = pthread_create(&reader->thread, NULL, run, reader);
    if (failed == 0) {
        pthread_setname_np(reader->thread, "report files");
        return reader;
    }
    error_set(err, "cannot start the thread for files of reports: %s", strerror(failed));
    pthread_cond_destroy(&reader->more);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
    return NULL;
}

void file_reader_free(struct file_reader *reader)
{
    struct timespec until;
    if (reader == NULL)
        return;
    pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    pthread_cond_signal(&reader->more);
    pthread_mutex_unlock(&reader->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_WAIT_S;
    if (pthread_timedjoin_np(reader->thread, NULL, &until) != 0)
        return; /* it sits in the kernel, and what it holds must stay */
    pthread_cond_destroy(&reader->more);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

void file_reader_post(struct file_reader *reader, struct reading *reading)
{
    reading->next = NULL;
    pthread_mutex_lock(&reader->lock);
    *reader->end = reading;
    reader->end = &reading->next;
    pthread_cond_signal(&reader->more);
    pthread_mutex_unlock(&reader->lock);
}
