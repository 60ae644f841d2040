#include "tap/rotated.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FILE.2 to FILE.3 before FILE.1 to FILE.2; what is not there is no fault. */
static bool move_aside(const struct rotated *file, struct error *err)
{
    bool moved = true;
    for (unsigned i = file->limits.keep; i > 0 && moved; i--) {
        char *from = i > 1 ? mem_format("%s.%u", file->path, i - 1) : mem_text(file->path), *to = mem_format("%s.%u", file->path, i);
        moved = rename(from, to) == 0 || errno == ENOENT || error_set(err, "cannot rename %s: %s", from, strerror(errno));
        free(from);
        free(to);
    }
    return moved;
}

/* Not one that waits for a reader, nor a device. */
static bool open_plain(struct rotated *file, struct error *err)
{
    struct stat about;
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (file->fd < 0)
        return error_set(err, "cannot open %s: %s", file->path, strerror(errno));
    if (fstat(file->fd, &about) == 0 && S_ISREG(about.st_mode)) {
        file->size = (uint64_t)about.st_size;
        return true;
    }
    rotated_close(file);
    return error_set(err, "%s is no ordinary file", file->path);
}

bool rotated_open(struct rotated *file, const char *path, const struct rotation *limits, bool anew, struct error *err)
{
    *file = (struct rotated){.path = path, .limits = *limits, .fd = -1};
    if (!open_plain(file, err))
        return false;
    return !anew || file->size == 0 || rotated_turn(file, err);
}

bool rotated_write(struct rotated *file, const void *octets, size_t len, struct error *err)
{
    const uint8_t *from = octets;
    for (size_t done = 0; done < len;) {
        const ssize_t now = write(file->fd, from + done, len - done);
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            error_set(err, "cannot write %s: %s", file->path, strerror(now < 0 ? errno : ENOSPC));
            if (ftruncate(file->fd, (off_t)file->size) != 0)
                rotated_close(file); /* then a piece of a line stays */
            return false;
        }
        done += (size_t)now;
    }
    file->size += len;
    return true;
}

bool rotated_is_full(const struct rotated *file)
{
    return file->size >= (uint64_t)file->limits.max_mib << 20;
}

bool rotated_turn(struct rotated *file, struct error *err)
{
    rotated_close(file);
    return move_aside(file, err) && open_plain(file, err);
}

bool rotated_is_gone(const struct rotated *file)
{
    struct stat at_path, open_one;
    return stat(file->path, &at_path) != 0 || fstat(file->fd, &open_one) != 0 || at_path.st_ino != open_one.st_ino ||
           at_path.st_dev != open_one.st_dev;
}

void rotated_close(struct rotated *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
