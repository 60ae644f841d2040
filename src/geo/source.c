#include "geo/source.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX_MB = 64, FILE_MAX_MB = 2047 }; /* node numbers and data offsets stay below 2^31 */

static struct stamp stamp_from(const struct stat *st)
{
    return (struct stamp){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .modified_s = st->st_mtim.tv_sec,
        .modified_ns = st->st_mtim.tv_nsec,
    };
}

struct stamp stamp_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? stamp_from(&st) : (struct stamp){0};
}

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified_s == b->modified_s &&
           a->modified_ns == b->modified_ns;
}

/* Opens without waiting for the writer of a pipe, which then is refused. */
static bool open_file(const char *path, int *ret_fd, struct stat *ret_st, struct error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, "cannot be opened: %s", strerror(errno));
    if (fstat(fd, ret_st) < 0)
        error_set(err, "cannot be read: %s", strerror(errno));
    else if (!S_ISREG(ret_st->st_mode))
        error_set(err, "is not a regular file");
    else if (ret_st->st_size > (off_t)FILE_MAX_MB << 20)
        error_set(err, "is larger than %d MB", FILE_MAX_MB);
    else {
        *ret_fd = fd;
        return true;
    }
    close(fd);
    return false;
}

static bool copy_all(int from, int to, const struct stamp *stamp, struct error *err)
{
    for (uint64_t left = stamp->size; left > 0;) {
        const ssize_t sent = sendfile(to, from, NULL, left);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return error_set(err, "cannot be read: %s", strerror(errno));
        if (sent == 0)
            break;
        left -= (uint64_t)sent;
    }
    struct stat st;
    if (fstat(from, &st) < 0)
        return error_set(err, "cannot be read: %s", strerror(errno));
    const struct stamp now = stamp_from(&st);
    return stamp_equal(&now, stamp) || error_set(err, "changed while it was read");
}

bool source_copy(const char *path, int *ret_fd, struct stamp *ret_stamp, struct error *err)
{
    struct stat st;
    int from = -1;
    if (!open_file(path, &from, &st, err))
        return false;
    *ret_stamp = stamp_from(&st);
    const int to = memfd_create("geo", MFD_CLOEXEC);
    bool done = to >= 0 || error_set(err, "cannot be copied: %s", strerror(errno));
    done = done && copy_all(from, to, ret_stamp, err);
    close(from);
    if (!done && to >= 0)
        close(to);
    *ret_fd = to;
    return done;
}

static bool read_all(int fd, char *text, uint64_t size, struct error *err)
{
    for (uint64_t done = 0; done < size;) {
        const ssize_t got = pread(fd, text + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err, "cannot be read: %s", got < 0 ? strerror(errno) : "it ends too early");
        done += (uint64_t)got;
    }
    return true;
}

bool source_text(const char *path, char **ret_text, struct stamp *ret_stamp, struct error *err)
{
    int fd;
    if (!source_copy(path, &fd, ret_stamp, err))
        return false;
    char *text = NULL;
    bool done = ret_stamp->size <= (uint64_t)TEXT_MAX_MB << 20 || error_set(err, "is larger than %d MB", TEXT_MAX_MB);
    if (done) {
        text = mem_new(ret_stamp->size + 1, 1);
        done = read_all(fd, text, ret_stamp->size, err);
    }
    close(fd);
    if (!done) {
        free(text);
        text = NULL;
    }
    *ret_text = text;
    return done;
}
